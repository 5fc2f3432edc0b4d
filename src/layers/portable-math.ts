/**
 * Functions of numbers by +, −, × and ÷ alone: `Math`'s own may differ between engines in the last bit, and what a model
 * computes may not.
 */

/** cos and sin of the angle that is `part` / `whole` of a turn, exact to about 2e-16. */
export function onCircle(part: number, whole: number): { readonly cos: number; readonly sin: number } {
  const turn = ((part % whole) + whole) % whole;
  // Eighths of a turn, and what is left of the angle from the nearest quarter: at most an eighth.
  const quarter = Math.round((4 * turn) / whole);
  const angle = ((4 * turn - quarter * whole) / whole) * (Math.PI / 2);
  const square = angle * angle;
  let [sin, cos] = [0, 0];
  for (let k = 20; k >= 2; k -= 2) {
    cos = 1 - (square / (k * (k - 1))) * (k === 20 ? 1 : cos);
    sin = 1 - (square / (k * (k + 1))) * (k === 20 ? 1 : sin);
  }
  sin *= angle;
  const turned = [
    { cos, sin },
    { cos: -sin, sin: cos },
    { cos: -cos, sin: -sin },
    { cos: sin, sin: -cos },
  ];
  return turned[quarter % 4]!;
}

/** e to the power of a number, to about 4e-16 of it. */
export function exponential(x: number): number {
  if (Number.isNaN(x) || x > 710) return x > 0 ? Number.POSITIVE_INFINITY : x;
  if (x < -746) return 0;
  const halvings = Math.round(x / Math.LN2);
  // ln 2 in two parts, so that the rest of the exponent loses nothing: |rest| ≤ ln 2 / 2.
  const rest = x - halvings * 0.693145751953125 - halvings * 1.42860682030941723212e-6;
  let y = 1;
  for (let k = 16; k >= 1; k--) y = 1 + (rest / k) * y;
  for (let k = 0; k < Math.abs(halvings); k++) y = halvings < 0 ? y / 2 : y * 2;
  return y;
}

/** The angle of x and y in radians, as `Math.atan2`. */
export function arctan2(y: number, x: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  const [a, b] = [Math.abs(y), Math.abs(x)];
  const ratio = a === b ? (a === 0 ? 0 : 1) : a < b ? a / b : b / a;
  const inner = arctanUpToOne(ratio);
  let angle = a > b ? Math.PI / 2 - inner : inner;
  if (x < 0 || Object.is(x, -0)) angle = Math.PI - angle;
  return y < 0 || Object.is(y, -0) ? -angle : angle;
}

/** Twice halves the angle, by tan(φ/2) = t / (1 + √(1 + t²)); then the series has |t| ≤ 0.2. */
function arctanUpToOne(ratio: number): number {
  let t = ratio;
  for (let i = 0; i < 2; i++) t /= 1 + Math.sqrt(1 + t * t);
  const square = t * t;
  let series = 0;
  for (let k = 25; k >= 1; k -= 2) series = 1 / k - square * series;
  return 4 * t * series;
}
