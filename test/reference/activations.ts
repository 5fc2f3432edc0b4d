import type { ActivationKernel } from "../../src/engine/activation-codes.ts";

/** erf by its Taylor series near zero and its continued fraction far out: 1e-15. */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (!(z < 3)) {
    if (Number.isNaN(x)) return x;
    let fraction = 0;
    for (let k = 60; k > 0; k--) fraction = k / 2 / (z + fraction);
    return Math.sign(x) * (z > 6 ? 1 : 1 - Math.exp(-z * z) / ((z + fraction) * Math.sqrt(Math.PI)));
  }
  let term = x;
  let sum = x;
  for (let k = 1; k < 90; k++) {
    term *= (-x * x) / k;
    sum += term / (2 * k + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const clip = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
const elu = (x: number, alpha: number) => (x > 0 ? x : alpha * Math.expm1(x));
const times = (x: number, y: number) => (y === 0 ? 0 : x * y);
const nearest = (x: number) => {
  const down = Math.floor(x);
  const half = x - down;
  return half < 0.5 || (half === 0.5 && down % 2 === 0) ? down : down + 1;
};
function relu(x: number, alpha: number, top: number, threshold: number): number {
  if (x >= top) return top;
  if (x >= threshold) return x;
  return alpha === 0 ? (Number.isNaN(x) ? x : 0) : alpha * (x - threshold);
}

/** Every activation of one number x with parameters a (alpha), b (beta), g (gamma), in float64. */
export const ACTIVATIONS: Record<ActivationKernel, (x: number, a: number, b: number, g: number) => number> = {
  linear: (x) => x,
  tanh: Math.tanh,
  sigmoid,
  hardSigmoid02: (x) => clip(0.2 * x + 0.5, 0, 1),
  hardSigmoid6: (x) => clip(x / 6 + 0.5, 0, 1),
  relu,
  elu,
  selu: (x) => 1.0507009873554805 * elu(x, 1.6732632423543772),
  softplus,
  softsign: (x) => (Math.abs(x) === Infinity ? Math.sign(x) : x / (1 + Math.abs(x))),
  exponential: Math.exp,
  silu: (x) => times(x, sigmoid(x)),
  gelu: (x) => times(x, 0.5 * (1 + erf(x / Math.SQRT2))),
  geluTanh: (x) => times(x, 0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))),
  mish: (x) => times(x, Math.tanh(softplus(x))),
  relu6: (x) => clip(x, 0, 6),
  hardSilu: (x) => times(x, clip(x / 6 + 0.5, 0, 1)),
  celu: (x, a) => (x > 0 ? x : a * Math.expm1(x / a)),
  tanhShrink: (x) => x - Math.tanh(x),
  hardTanh: (x) => clip(x, -1, 1),
  hardShrink: (x, a) => (Math.abs(x) <= a ? 0 : x),
  softShrink: (x, a) => (x > a ? x - a : x < -a ? x + a : Number.isNaN(x) ? x : 0),
  logSigmoid: (x) => -softplus(-x),
  squareplus: (x, a) => (x === -Infinity ? 0 : (x + Math.sqrt(x * x + a)) / 2),
  sparsePlus: (x) => (x <= -1 ? 0 : x < 1 ? (x + 1) ** 2 / 4 : x),
  sparseSigmoid: (x) => clip((x + 1) / 2, 0, 1),
  threshold: (x, a, b) => (x > a || Number.isNaN(x) ? x : b),
  affine: (x, a, b) => a * x + b,
  square: (x) => x * x,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  abs: Math.abs,
  negative: (x) => -x,
  log: Math.log,
  reciprocal: (x) => 1 / x,
  erf,
  floor: Math.floor,
  ceil: Math.ceil,
  round: nearest,
  sin: Math.sin,
  cos: Math.cos,
  leakyRelu02: (x) => relu(x, 0.2, Infinity, 0),
};

/** Keras' default parameters, where a function has any. */
export const DEFAULTS: { readonly [name: string]: readonly [number, number, number] } = {
  relu: [0, Infinity, 0],
  elu: [1, 0, 0],
  celu: [1, 0, 0],
  hardShrink: [0.5, 0, 0],
  softShrink: [0.5, 0, 0],
  squareplus: [4, 0, 0],
  affine: [1, 0, 0],
};

/** An activation as a function of one number, with Keras' default parameters. */
export function activationOf(name: ActivationKernel): (x: number) => number {
  const [a, b, g] = DEFAULTS[name] ?? [0, 0, 0];
  return (x) => ACTIVATIONS[name](x, a, b, g);
}
