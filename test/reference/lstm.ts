import type { ActivationKernel } from "../../src/engine/activation-codes.ts";
import { activationOf } from "./activations.ts";
import { product } from "./dense.ts";
import type { Step } from "./recurrent.ts";

/**
 * LSTM cell: columns i f c o; states h, c.
 *
 *   i, f, o = ra(x·W + h'·U + b)    c = f·c' + i·act(x·W꜀ + h'·U꜀ + b꜀)    h = o·act(c)
 */
export function lstmStep(
  kernel: Float32Array,
  recurrentKernel: Float32Array,
  bias: ArrayLike<number>,
  activation: ActivationKernel = "tanh",
  recurrentActivation: ActivationKernel = "sigmoid",
): Step {
  const act = activationOf(activation);
  const gate = activationOf(recurrentActivation);
  const units = bias.length / 4;
  return (x, [h, c]) => {
    const z = product(h!, recurrentKernel, product(x, kernel, bias));
    const cell = Float64Array.from(c!, (previous, j) => {
      return gate(z[units + j]!) * previous + gate(z[j]!) * act(z[2 * units + j]!);
    });
    return [cell.map((value, j) => gate(z[3 * units + j]!) * act(value)), cell];
  };
}
