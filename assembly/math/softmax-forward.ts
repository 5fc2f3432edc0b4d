import { exp } from "./exp";
import { simd } from "./simd";

/**
 * Softmax of each row: y = exp(x − max) / Σ exp(x − max).
 *
 * y, x [rows, width]; y may be x. The sum runs in one order, four partial sums by column.
 * Reference: test/reference/softmax.ts
 */
export function softmaxForward(y: usize, x: usize, rows: i32, width: i32): void {
  const lanes = width & 3;
  const whole = (<usize>width >> 2) << 4;
  for (let row = 0; row < rows; row++) {
    let top = f32x4.splat(-Infinity);
    for (let at: usize = 0; at < whole; at += 16) top = f32x4.max(top, v128.load(x + at));
    let largest = max(
      max(f32x4.extract_lane(top, 0), f32x4.extract_lane(top, 1)),
      max(f32x4.extract_lane(top, 2), f32x4.extract_lane(top, 3)),
    );
    for (let lane = 0; lane < lanes; lane++) largest = max(largest, load<f32>(x + whole + ((<usize>lane) << 2)));

    const shift = f32x4.splat(largest);
    let sums = f32x4.splat(0);
    for (let at: usize = 0; at < whole; at += 16) {
      const e = exp.of(f32x4.sub(v128.load(x + at), shift));
      sums = f32x4.add(sums, e);
      v128.store(y + at, e);
    }
    let sum =
      f32x4.extract_lane(sums, 0) +
      f32x4.extract_lane(sums, 1) +
      (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3));
    if (lanes) {
      const e = exp.of(f32x4.sub(simd.loadTail(x + whole, lanes), shift));
      simd.storeTail(y + whole, e, lanes);
      for (let lane = 0; lane < lanes; lane++) sum += load<f32>(y + whole + ((<usize>lane) << 2));
    }
    const total = f32x4.splat(sum);
    for (let at: usize = 0; at < whole; at += 16) v128.store(y + at, f32x4.div(v128.load(y + at), total));
    if (lanes) simd.storeTail(y + whole, f32x4.div(simd.loadTail(y + whole, lanes), total), lanes);
    y += whole + ((<usize>lanes) << 2);
    x += whole + ((<usize>lanes) << 2);
  }
}
