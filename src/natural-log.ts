const SQRT_HALF = Math.SQRT1_2;
const LN2 = Math.LN2;

/**
 * The natural logarithm of a finite number > 0, to about 2e-16 relative to max(1, |result|).
 *
 * `Math.log` may differ between engines; this uses only +, −, × and ÷, which may not, so that features (and
 * what a model makes of them) are the same bits everywhere.
 */
export function naturalLog(x: number): number {
  let mantissa = x;
  let exponent = 0;
  for (; mantissa >= 2 * SQRT_HALF; exponent++) mantissa /= 2;
  for (; mantissa < SQRT_HALF; exponent--) mantissa *= 2;
  // log m = 2 artanh((m − 1) / (m + 1)); |s| ≤ 0.1716, so that 11 terms reach the last bit.
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let series = 0;
  for (let k = 21; k >= 1; k -= 2) series = series * square + 1 / k;
  return exponent * LN2 + 2 * s * series;
}
