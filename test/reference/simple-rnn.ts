import type { ActivationKernel } from "../../src/engine/activation-codes.ts";
import { activationOf } from "./activations.ts";
import { product } from "./dense.ts";
import type { Step } from "./recurrent.ts";

/** SimpleRNN cell: h = act(x·W + b + h'·U); state h. */
export function simpleRnnStep(
  kernel: Float32Array,
  recurrentKernel: Float32Array,
  bias: ArrayLike<number>,
  activation: ActivationKernel = "tanh",
): Step {
  const act = activationOf(activation);
  return (x, [h]) => [product(h!, recurrentKernel, product(x, kernel, bias)).map(act)];
}
