/** How far a result may be from the float64 reference: |got − want| ≤ absolute + relative · |want|. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** One tolerance a family, with its reason. */
export const TOLERANCE = {
  /** Copies, selections and functions that IEEE 754 rounds correctly. */
  exact: { absolute: 0, relative: 0 },
  /** One activation: the bar of tanh, sigmoid and erf, plus one rounding and the argument's. */
  activation: { absolute: 2e-7, relative: 4e-7 },
  /** A sum of up to 300 products of numbers below 1 in float32. */
  reduction: { absolute: 4e-6, relative: 2e-6 },
  /** A recurrence: reductions and activations fed back for tens of steps. */
  sequence: { absolute: 4e-6, relative: 4e-6 },
  /** A gradient through time against central differences of the float64 reference; absolute: of the greatest gradient. */
  gradient: { absolute: 1e-5, relative: 1e-3 },
  /** Losses, metrics and weights of some training steps against Keras, which sums in other orders. */
  training: { absolute: 1e-5, relative: 1e-5 },
} as const satisfies Record<string, Tolerance>;

/**
 * Throws at the first element that is too far away; NaN and infinities must agree.
 *
 * @param scale - What the absolute tolerance is a share of; 1 by default.
 */
export function expectClose(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  family: keyof typeof TOLERANCE,
  what = "value",
  scale = 1,
): void {
  if (got.length !== want.length) throw new Error(`${what}: ${got.length} elements, expected ${want.length}`);
  const { absolute, relative } = TOLERANCE[family];
  for (let i = 0; i < want.length; i++) {
    const a = got[i]!;
    const b = want[i]!;
    if (Object.is(a, b) || a === b) continue;
    if (!(Math.abs(a - b) <= absolute * scale + relative * Math.abs(b))) {
      throw new Error(`${what} [${i}]: got ${a}, expected ${b}, apart by ${Math.abs(a - b)}`);
    }
  }
}

/** Throws unless both hold the same bits. */
export function expectSameBits(got: Float32Array, want: Float32Array, what = "value"): void {
  if (got.length !== want.length) throw new Error(`${what}: ${got.length} elements, expected ${want.length}`);
  const a = new Uint32Array(got.buffer, got.byteOffset, got.length);
  const b = new Uint32Array(want.buffer, want.byteOffset, want.length);
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) throw new Error(`${what} [${i}]: got ${got[i]}, expected the bits of ${want[i]}`);
  }
}
