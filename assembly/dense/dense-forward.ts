import { activationInPlace } from "../math/activation-forward";
import { multiply } from "../matrix/multiply";

/** Rows between two visits of the activation: their outputs are still in the cache. */
const BLOCK = 64;

/**
 * y = activation(x · kernel + bias)
 *
 * y [rows, units], rows `yStride` floats apart · x [rows, features], rows `xStride` apart · kernel, bias packed as one
 * gate, bias 0 for none. Nothing outside y's rows is written. Activations take Keras' default parameters.
 * Reference: test/reference/dense.ts
 */
export function denseForward(
  y: usize,
  yStride: i32,
  x: usize,
  xStride: i32,
  kernel: usize,
  bias: usize,
  rows: i32,
  features: i32,
  units: i32,
  activation: i32,
): void {
  const yBytes = (<usize>yStride) << 2;
  const xBytes = (<usize>xStride) << 2;
  const vectors = (units + 3) >> 2;
  const lastLanes = ((units - 1) & 3) + 1;
  for (let first = 0; first < rows; first += BLOCK) {
    const count = min(BLOCK, rows - first);
    multiply(y, yBytes, bias, 0, x, xBytes, kernel, count, features, vectors, lastLanes);
    if (yStride === units) {
      activationInPlace(y, count * units, activation);
      y += yBytes * count;
    } else {
      for (let row = 0; row < count; row++, y += yBytes) activationInPlace(y, units, activation);
    }
    x += xBytes * count;
  }
}
