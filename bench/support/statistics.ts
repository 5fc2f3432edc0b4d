/** The middle value; NaN of an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Median absolute deviation from the median. */
export function deviation(values: readonly number[]): number {
  const middle = median(values);
  return median(values.map((value) => Math.abs(value - middle)));
}

/** y ≈ c · x^exponent, fitted by least squares of the logarithms. */
export interface PowerFit {
  /** 1 means that y grows like x, 2 like x². */
  readonly exponent: number;
  /** Standard error of the exponent; NaN of fewer than three points. */
  readonly error: number;
  /** Root mean square of the points' relative distance from the curve: 0.05 is 5 %. */
  readonly residual: number;
}

/** Fits a power law; two points at least, all positive. */
export function fitPower(points: readonly (readonly [x: number, y: number])[]): PowerFit {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const count = logs.length;
  const meanX = logs.reduce((sum, [x]) => sum + x, 0) / count;
  const meanY = logs.reduce((sum, [, y]) => sum + y, 0) / count;
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const exponent = covariance / variance;
  const squares = logs.reduce((sum, [x, y]) => sum + (y - meanY - exponent * (x - meanX)) ** 2, 0);
  return {
    exponent,
    error: count < 3 ? Number.NaN : Math.sqrt(squares / (count - 2) / variance),
    residual: Math.sqrt(squares / count),
  };
}
