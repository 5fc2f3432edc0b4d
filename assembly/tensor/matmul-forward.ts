import { simd } from "../math/simd";

/**
 * y[n] = a[n] · b[n] for n < batch; a [m, k], b [k, columns], y [m, columns]. Each output sums k = 0… in order in one
 * accumulator, whatever tile it falls in.
 *
 * Strides in elements: `…Batch` (0 repeats), `…Row`, and `aColumn` of a's second axis; rows of b and y are contiguous.
 * y overlaps neither operand.
 * Reference: test/kernels/tensor-products.test.ts
 */
export function matmulForward(
  y: usize,
  yBatch: i32,
  yRow: i32,
  a: usize,
  aBatch: i32,
  aRow: i32,
  aColumn: i32,
  b: usize,
  bBatch: i32,
  bRow: i32,
  batch: i32,
  m: i32,
  k: i32,
  columns: i32,
): void {
  const ar: usize = aRow << 2;
  const ak: usize = aColumn << 2;
  const bk: usize = bRow << 2;
  const yr: usize = yRow << 2;
  for (let n = 0; n < batch; n++) {
    let i = 0;
    for (; i + 4 <= m; i += 4) {
      const rows = a + <usize>i * ar;
      const out = y + <usize>i * yr;
      let j = 0;
      for (; j + 8 <= columns; j += 8) tile4x8(out + ((<usize>j) << 2), yr, rows, ar, ak, b + ((<usize>j) << 2), bk, k);
      for (let r: usize = 0; r < 4; r++) rest(out + r * yr, rows + r * ar, ak, b, bk, k, j, columns);
    }
    for (; i < m; i++) rest(y + <usize>i * yr, a + <usize>i * ar, ak, b, bk, k, 0, columns);
    y += yBatch << 2;
    a += aBatch << 2;
    b += bBatch << 2;
  }
}

function tile4x8(y: usize, yr: usize, a: usize, ar: usize, ak: usize, b: usize, bk: usize, k: i32): void {
  let s00 = f32x4.splat(0);
  let s01 = s00;
  let s10 = s00;
  let s11 = s00;
  let s20 = s00;
  let s21 = s00;
  let s30 = s00;
  let s31 = s00;
  const a2 = ar << 1;
  for (; k > 0; k--, a += ak, b += bk) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const x0 = v128.load32_splat(a);
    s00 = simd.madd(x0, b0, s00);
    s01 = simd.madd(x0, b1, s01);
    const x1 = v128.load32_splat(a + ar);
    s10 = simd.madd(x1, b0, s10);
    s11 = simd.madd(x1, b1, s11);
    const x2 = v128.load32_splat(a + a2);
    s20 = simd.madd(x2, b0, s20);
    s21 = simd.madd(x2, b1, s21);
    const x3 = v128.load32_splat(a + a2 + ar);
    s30 = simd.madd(x3, b0, s30);
    s31 = simd.madd(x3, b1, s31);
  }
  v128.store(y, s00);
  v128.store(y, s01, 16);
  v128.store(y + yr, s10);
  v128.store(y + yr, s11, 16);
  y += yr << 1;
  v128.store(y, s20);
  v128.store(y, s21, 16);
  v128.store(y + yr, s30);
  v128.store(y + yr, s31, 16);
}

/** Columns from `j` on of one row, four at a time. */
function rest(y: usize, a: usize, ak: usize, b: usize, bk: usize, k: i32, j: i32, columns: i32): void {
  for (; j < columns; j += 4) {
    const lanes = min(columns - j, 4);
    let at = a;
    let bt = b + ((<usize>j) << 2);
    let sum = f32x4.splat(0);
    for (let n = k; n > 0; n--, at += ak, bt += bk) {
      sum = simd.madd(v128.load32_splat(at), simd.loadTail(bt, lanes), sum);
    }
    simd.storeTail(y + ((<usize>j) << 2), sum, lanes);
  }
}
