/**
 * Codes of the activation functions in the kernels' ABI (`assembly/math/activations.ts` has the same table; a test
 * compares the two by value). Parameters are `alpha`, `beta`, `gamma` where a function takes any.
 */
export const ACTIVATION_CODES = {
  linear: 0,
  tanh: 1,
  sigmoid: 2,
  /** clip(0.2·x + 0.5, 0, 1): Keras 1, 2, tf.keras, Theano, TF.js. */
  hardSigmoid02: 3,
  /** clip(x/6 + 0.5, 0, 1): Keras 3. */
  hardSigmoid6: 4,
  /** x ≥ beta → beta; gamma ≤ x < beta → x; else alpha·(x − gamma). Plain relu is alpha 0, beta ∞, gamma 0. */
  relu: 5,
  /** x > 0 ? x : alpha·(eˣ − 1). */
  elu: 6,
  selu: 7,
  softplus: 8,
  softsign: 9,
  exponential: 10,
  silu: 11,
  /** x·Φ(x), by erf. */
  gelu: 12,
  geluTanh: 13,
  mish: 14,
  relu6: 15,
  hardSilu: 16,
  /** max(x, 0) + min(0, alpha·(e^(x/alpha) − 1)). */
  celu: 17,
  tanhShrink: 18,
  hardTanh: 19,
  /** |x| > alpha ? x : 0. */
  hardShrink: 20,
  /** x > alpha ? x − alpha : x < −alpha ? x + alpha : 0. */
  softShrink: 21,
  logSigmoid: 22,
  /** (x + √(x² + alpha)) / 2, alpha 4 by default. */
  squareplus: 23,
  sparsePlus: 24,
  sparseSigmoid: 25,
  /** x > alpha ? x : beta. */
  threshold: 26,
  /** alpha·x + beta. */
  affine: 27,
  square: 28,
  sqrt: 29,
  rsqrt: 30,
  abs: 31,
  negative: 32,
  log: 33,
  reciprocal: 34,
  erf: 35,
  floor: 36,
  ceil: 37,
  round: 38,
  sin: 39,
  cos: 40,
  /** Keras 3's `leaky_relu` as an activation name: slope 0.2. */
  leakyRelu02: 41,
} as const;

export type ActivationKernel = keyof typeof ACTIVATION_CODES;
