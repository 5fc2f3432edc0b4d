/**
 * y[r, :] = mask[r] ? a[r, :] : b[r, :]. What is not chosen is not touched: a NaN there stays there.
 *
 * y [rows, width] out, contiguous, four bytes an element · mask [rows] bytes · aRow, bRow: row strides in elements, 0
 * repeats one row. y may be a or b.
 * Reference: test/kernels/tensor-ops.test.ts
 */
export function selectForward(
  y: usize,
  mask: usize,
  a: usize,
  b: usize,
  rows: i32,
  width: i32,
  aRow: i32,
  bRow: i32,
): void {
  for (let row = 0; row < rows; row++) {
    let from = load<u8>(mask + row) ? a : b;
    let left = width;
    for (; left >= 4; left -= 4, y += 16, from += 16) v128.store(y, v128.load(from));
    for (; left > 0; left--, y += 4, from += 4) store<u32>(y, load<u32>(from));
    a += aRow << 2;
    b += bRow << 2;
  }
}
