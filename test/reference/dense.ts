import type { ActivationKernel } from "../../src/engine/activation-codes.ts";
import { activationOf } from "./activations.ts";

/** base + x · kernel for one row: x [rows of kernel], kernel [rows, columns] row-major. */
export function product(x: ArrayLike<number>, kernel: ArrayLike<number>, base: ArrayLike<number>): Float64Array {
  const columns = base.length;
  const y = Float64Array.from(base);
  for (let k = 0; k < x.length; k++) {
    for (let j = 0; j < columns; j++) y[j]! += x[k]! * kernel[k * columns + j]!;
  }
  return y;
}

/** Dense: y [rows, units] = activation(x [rows, features] · kernel [features, units] + bias [units]). */
export function dense(
  x: Float32Array,
  kernel: Float32Array,
  bias: ArrayLike<number>,
  features: number,
  activation: ActivationKernel,
): Float64Array {
  const f = activationOf(activation);
  const units = bias.length;
  const rows = x.length / features;
  const y = new Float64Array(rows * units);
  for (let row = 0; row < rows; row++) {
    y.set(product(x.subarray(row * features, (row + 1) * features), kernel, bias).map(f), row * units);
  }
  return y;
}
