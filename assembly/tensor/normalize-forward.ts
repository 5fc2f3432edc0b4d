import { simd } from "../math/simd";

/**
 * Each row scaled: y = (x − center) · factor · scale + offset, [rows, width].
 *
 * mode 0: center 0, factor 1 (a plain affine map per column); 1: the row's mean and 1/√(variance + epsilon), biased;
 * 2: 0 and 1/√(mean of squares + epsilon). `scale` and `offset` [width]. `factor` of the modes 1 and 2 is applied to
 * `scale` first, as Keras does. y may be x.
 * Reference: test/kernels/tensor-products.test.ts
 */
export function normalizeForward(
  y: usize,
  x: usize,
  scale: usize,
  offset: usize,
  rows: i32,
  width: i32,
  epsilon: f32,
  mode: i32,
): void {
  const row = (<usize>width) << 2;
  const count = <f32>width;
  for (let r = 0; r < rows; r++) {
    let mean: f32 = 0;
    let factor: f32 = 1;
    if (mode !== 0) {
      if (mode === 1) mean = sum(x, row, 0, false) / count;
      factor = <f32>1 / sqrt<f32>(sum(x, row, mean, true) / count + epsilon);
    }
    const center = f32x4.splat(mean);
    const factors = f32x4.splat(factor);
    for (let i = 0; i < width; i += 4) {
      const lanes = min(width - i, 4);
      const at = (<usize>i) << 2;
      const scales = f32x4.mul(simd.loadTail(scale + at, lanes), factors);
      const centred = f32x4.sub(simd.loadTail(x + at, lanes), center);
      simd.storeTail(y + at, simd.madd(centred, scales, simd.loadTail(offset + at, lanes)), lanes);
    }
    x += row;
    y += row;
  }
}

/** Σ x, or Σ (x − mean)². */
function sum(x: usize, row: usize, mean: f32, squares: bool): f32 {
  const end = x + row;
  const center = f32x4.splat(mean);
  let sums = f32x4.splat(0);
  for (; x + 16 <= end; x += 16) {
    const v = f32x4.sub(v128.load(x), center);
    sums = f32x4.add(sums, squares ? f32x4.mul(v, v) : v);
  }
  let total =
    f32x4.extract_lane(sums, 0) +
    f32x4.extract_lane(sums, 1) +
    (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3));
  for (; x < end; x += 4) {
    const v = load<f32>(x) - mean;
    total += squares ? v * v : v;
  }
  return total;
}
