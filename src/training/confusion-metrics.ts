import type { Metric, MetricBatch } from "./metrics.ts";
import type { Numbers } from "./schedules.ts";

/** Counts of right and wrong at thresholds, and what follows from them. */
export class ConfusionMetric implements Metric {
  readonly name: string;
  readonly #thresholds: readonly number[];
  readonly #finish: (counts: Confusion) => number;
  readonly #counts: Confusion;

  constructor(name: string, thresholds: readonly number[], finish: (counts: Confusion) => number) {
    this.name = name;
    this.#thresholds = thresholds;
    this.#finish = finish;
    const zeros = () => new Float64Array(thresholds.length);
    this.#counts = { tp: zeros(), fp: zeros(), tn: zeros(), fn: zeros() };
  }

  update({ predicted, target, rows, width, weights }: MetricBatch): void {
    const { tp, fp, tn, fn } = this.#counts;
    for (let i = 0; i < rows * width; i++) {
      const weight = weights ? weights[Math.floor(i / width)]! : 1;
      const isTrue = target[i] !== 0;
      this.#thresholds.forEach((threshold, t) => {
        const count = predicted[i]! > threshold ? (isTrue ? tp : fp) : isTrue ? fn : tn;
        count[t]! += weight;
      });
    }
  }

  result(): number {
    return this.#finish(this.#counts);
  }

  totals(): Float64Array {
    const { tp, fp, tn, fn } = this.#counts;
    return Float64Array.from([...tp, ...fp, ...tn, ...fn]);
  }

  restore(totals: Float64Array): void {
    const { tp, fp, tn, fn } = this.#counts;
    const count = this.#thresholds.length;
    for (const [i, values] of [tp, fp, tn, fn].entries()) values.set(totals.subarray(i * count, (i + 1) * count));
  }
}

export interface Confusion {
  readonly tp: Float64Array;
  readonly fp: Float64Array;
  readonly tn: Float64Array;
  readonly fn: Float64Array;
}

/** a / b, and 0 where b is. */
export const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);

export function rocArea({ tp, fp, tn, fn }: Confusion): number {
  let area = 0;
  for (let i = 0; i + 1 < tp.length; i++) {
    const [x0, x1] = [ratio(fp[i]!, fp[i]! + tn[i]!), ratio(fp[i + 1]!, fp[i + 1]! + tn[i + 1]!)];
    const [y0, y1] = [ratio(tp[i]!, tp[i]! + fn[i]!), ratio(tp[i + 1]!, tp[i + 1]! + fn[i + 1]!)];
    area += ((x0 - x1) * (y0 + y1)) / 2;
  }
  return area;
}

/** Davis and Goadrich's interpolation, as Keras has it. */
export function precisionRecallArea({ tp, fp, fn }: Confusion, math: Numbers): number {
  let area = 0;
  for (let i = 0; i + 1 < tp.length; i++) {
    const [p0, p1] = [tp[i]! + fp[i]!, tp[i + 1]! + fp[i + 1]!];
    const gain = tp[i]! - tp[i + 1]!;
    const slope = ratio(gain, Math.max(p0 - p1, 0));
    const intercept = tp[i + 1]! - slope * p1;
    const share = p0 > 0 && p1 > 0 ? p0 / p1 : 1;
    area += ratio(slope * (gain + intercept * math.log64(share)), tp[i + 1]! + fn[i + 1]!);
  }
  return area;
}
