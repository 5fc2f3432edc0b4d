import { ACTIVATION_CODES, type ActivationKernel } from "../engine/activation-codes.ts";

const OF_OUTPUT: readonly ActivationKernel[] = [
  "linear",
  "tanh",
  "sigmoid",
  "hardSigmoid02",
  "hardSigmoid6",
  "elu",
  "selu",
  "softplus",
  "softsign",
  "exponential",
  "relu6",
  "hardTanh",
  "logSigmoid",
  "sparseSigmoid",
];
const OF_INPUT: readonly ActivationKernel[] = [
  "relu",
  "silu",
  "gelu",
  "geluTanh",
  "mish",
  "hardSilu",
  "celu",
  "tanhShrink",
  "hardShrink",
  "softShrink",
  "squareplus",
  "sparsePlus",
  "threshold",
  "affine",
];

const codes = (names: readonly ActivationKernel[]): ReadonlySet<number> =>
  new Set(names.map((name) => ACTIVATION_CODES[name]));

/** Activations whose derivative follows from their output alone. */
export const SLOPE_OF_OUTPUT = codes(OF_OUTPUT);
/** Activations whose derivative needs their input. */
export const SLOPE_OF_INPUT = codes(OF_INPUT);
