/**
 * Copies a tensor of up to six axes from one layout to another: transposing, slicing, flipping, repeating, padding are
 * all this with other strides.
 *
 * y out, x in: elements of `bytes` (1 or 4) · n0…n5 sizes, outermost first (1 where there is no axis) · y0…, x0…
 * strides in elements; those of x may be zero (repeat) or negative (flip).
 * Reference: test/kernels/tensor-ops.test.ts
 */
export function copyStrided(
  y: usize,
  x: usize,
  bytes: i32,
  n0: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  n4: i32,
  n5: i32,
  y0: i32,
  y1: i32,
  y2: i32,
  y3: i32,
  y4: i32,
  y5: i32,
  x0: i32,
  x1: i32,
  x2: i32,
  x3: i32,
  x4: i32,
  x5: i32,
): void {
  for (let i0 = 0; i0 < n0; i0++) {
    let xa = x;
    let ya = y;
    for (let i1 = 0; i1 < n1; i1++) {
      let xb = xa;
      let yb = ya;
      for (let i2 = 0; i2 < n2; i2++) {
        let xc = xb;
        let yc = yb;
        for (let i3 = 0; i3 < n3; i3++) {
          let xd = xc;
          let yd = yc;
          for (let i4 = 0; i4 < n4; i4++) {
            copyRow(yd, xd, bytes, n5, y5, x5);
            xd += x4 * bytes;
            yd += y4 * bytes;
          }
          xc += x3 * bytes;
          yc += y3 * bytes;
        }
        xb += x2 * bytes;
        yb += y2 * bytes;
      }
      xa += x1 * bytes;
      ya += y1 * bytes;
    }
    x += x0 * bytes;
    y += y0 * bytes;
  }
}

function copyRow(y: usize, x: usize, bytes: i32, count: i32, yStride: i32, xStride: i32): void {
  if (xStride === 1 && yStride === 1) {
    let rest = count * bytes;
    // Rows are mostly short: a loop here beats a call of memory.copy.
    for (; rest >= 16; rest -= 16, y += 16, x += 16) v128.store(y, v128.load(x));
    for (; rest >= 4; rest -= 4, y += 4, x += 4) store<u32>(y, load<u32>(x));
    for (; rest > 0; rest--, y++, x++) store<u8>(y, load<u8>(x));
    return;
  }
  const yStep = yStride * bytes;
  const xStep = xStride * bytes;
  if (bytes === 4) {
    for (; count > 0; count--, y += yStep, x += xStep) store<u32>(y, load<u32>(x));
  } else {
    for (; count > 0; count--, y += yStep, x += xStep) store<u8>(y, load<u8>(x));
  }
}
