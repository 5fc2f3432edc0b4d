import type { ActivationKernel } from "../../src/engine/activation-codes.ts";
import { activationOf } from "./activations.ts";
import { product } from "./dense.ts";
import type { Step } from "./recurrent.ts";

/**
 * GRU cell: columns z r h; state h.
 *
 *   z, r = ra(x·W + b + h'·U + rb)    h = z·h' + (1 − z)·ĥ
 *   reset after: ĥ = act(x·Wₕ + bₕ + r·(h'·Uₕ + rbₕ))    reset before: ĥ = act(x·Wₕ + bₕ + (r·h')·Uₕ)
 *
 * @param recurrentBias - [3·units] where reset comes after, undefined where it comes before.
 */
export function gruStep(
  kernel: Float32Array,
  recurrentKernel: Float32Array,
  bias: ArrayLike<number>,
  recurrentBias: ArrayLike<number> | undefined,
  activation: ActivationKernel = "tanh",
  recurrentActivation: ActivationKernel = "sigmoid",
): Step {
  const act = activationOf(activation);
  const gate = activationOf(recurrentActivation);
  const units = bias.length / 3;
  const none = new Float64Array(3 * units);
  return (x, [h]) => {
    const input = product(x, kernel, bias);
    const recurrent = product(h!, recurrentKernel, recurrentBias ?? none);
    const sum = (j: number) => input[j]! + recurrent[j]!;
    const r = h!.map((_, j) => gate(sum(units + j)));
    const resetFirst = product(
      h!.map((value, j) => value * r[j]!),
      recurrentKernel,
      none,
    );
    const candidate = h!.map((_, j) => {
      const k = 2 * units + j;
      return act(input[k]! + (recurrentBias ? r[j]! * recurrent[k]! : resetFirst[k]!));
    });
    return [
      h!.map((previous, j) => {
        const z = gate(sum(j));
        return z * previous + (1 - z) * candidate[j]!;
      }),
    ];
  };
}
