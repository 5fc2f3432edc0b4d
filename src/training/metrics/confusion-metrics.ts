import { OptionError } from "../../errors.ts";
import type { Numbers } from "../optimizers/schedules.ts";
import { numberOf, optionalNumber } from "../options/serialized.ts";
import type { Metric, MetricBatch } from "./metric.ts";

type Config = Readonly<Record<string, unknown>>;

/** Counts of right and wrong, one per threshold; of several labels label after label. */
export interface Confusion {
  readonly tp: Float64Array;
  readonly fp: Float64Array;
  readonly tn: Float64Array;
  readonly fn: Float64Array;
}

/** What is counted of a row. */
interface Counted {
  /** A prediction above a threshold counts as positive. */
  readonly thresholds: readonly number[];
  /** Only the largest so many predictions of a row may be positive. */
  readonly topK?: number | undefined;
  /** Only this place of a row is looked at. */
  readonly classId?: number | undefined;
  /** Counts of each place of a row apart. */
  readonly byLabel?: boolean;
  /** Makes a probability of a prediction. */
  readonly from?: ((value: number) => number) | undefined;
}

/** Counts of right and wrong at thresholds, and what follows from them. */
export class ConfusionMetric implements Metric {
  readonly name: string;
  readonly #counted: Counted;
  readonly #finish: (counts: Confusion) => number | readonly number[];
  #labels = 0;
  #counts: Float64Array[] = [];

  constructor(name: string, counted: Counted, finish: (counts: Confusion) => number | readonly number[]) {
    this.name = name;
    this.#counted = counted;
    this.#finish = finish;
  }

  update(batch: MetricBatch): void {
    const { thresholds, topK, classId, byLabel = false, from } = this.#counted;
    const { predicted, target, rows, width, weights } = batch;
    this.#ensure(byLabel ? width : 1);
    const [tp, fp, tn, fn] = this.#counts as [Float64Array, Float64Array, Float64Array, Float64Array];
    const [first, end] = classId === undefined ? [0, width] : [classId, classId + 1];
    if (end > width) throw new OptionError(`The metric ${this.name}: there is no class ${classId}, only ${width}.`);
    for (let row = 0; row < rows; row++) {
      const weight = weights ? weights[row]! : 1;
      const least = topK === undefined ? undefined : largest(predicted, row * width, width, topK);
      for (let i = first; i < end; i++) {
        const at = row * width + i;
        const isTrue = target[at] !== 0;
        const value = from ? from(predicted[at]!) : predicted[at]!;
        const kept = least === undefined || least.has(i) ? value : -1e10;
        const label = byLabel ? i * thresholds.length : 0;
        for (let t = 0; t < thresholds.length; t++) {
          const count = kept > thresholds[t]! ? (isTrue ? tp : fp) : isTrue ? fn : tn;
          count[label + t]! += weight;
        }
      }
    }
  }

  #ensure(labels: number): void {
    if (this.#labels === labels) return;
    this.#labels = labels;
    this.#counts = [0, 1, 2, 3].map(() => new Float64Array(labels * this.#counted.thresholds.length));
  }

  result(): number | readonly number[] {
    if (this.#labels === 0) this.#ensure(1);
    const [tp, fp, tn, fn] = this.#counts as [Float64Array, Float64Array, Float64Array, Float64Array];
    return this.#finish({ tp, fp, tn, fn });
  }

  totals(): Float64Array {
    return Float64Array.from(this.#counts.flatMap((count) => [...count]));
  }

  restore(totals: Float64Array): void {
    const size = totals.length / 4;
    if (size === 0) return;
    this.#ensure(size / this.#counted.thresholds.length);
    for (const [i, values] of this.#counts.entries()) values.set(totals.subarray(i * size, (i + 1) * size));
  }
}

/** The places of the k largest values; of equal ones the first. */
function largest(values: Float32Array, from: number, width: number, k: number): ReadonlySet<number> {
  const order = Array.from({ length: width }, (_, i) => i).sort(
    (a, b) => values[from + b]! - values[from + a]! || a - b,
  );
  return new Set(order.slice(0, k));
}

/** a / b, and 0 where b is. */
export const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);

/** Precision, recall, and the bare counts: one number, or one per threshold of a list. */
export function thresholdMetric(
  name: string,
  config: Config,
  of: (tp: number, fp: number, tn: number, fn: number) => number,
): Metric {
  const given = config["thresholds"];
  const topK = optionalNumber(config, "topK");
  const fallback = topK === undefined ? 0.5 : -1e10;
  const thresholds = Array.isArray(given) ? (given as number[]) : [typeof given === "number" ? given : fallback];
  const bad = thresholds.find(
    (value) => !(typeof value === "number" && (value === -1e10 || (value >= 0 && value <= 1))),
  );
  if (bad !== undefined || thresholds.length === 0) {
    throw new OptionError(`The metric ${name}: thresholds must be numbers from 0 to 1; got ${JSON.stringify(given)}.`);
  }
  const rounded = thresholds.map(Math.fround);
  const finish = ({ tp, fp, tn, fn }: Confusion) => {
    const values = Array.from(tp, (_, i) => of(tp[i]!, fp[i]!, tn[i]!, fn[i]!));
    return values.length === 1 ? values[0]! : values;
  };
  return new ConfusionMetric(name, { thresholds: rounded, topK, classId: optionalNumber(config, "classId") }, finish);
}

/** Rates at a threshold. */
const RATES = {
  sensitivity: ({ tp, fn }: Confusion, i: number) => ratio(tp[i]!, tp[i]! + fn[i]!),
  specificity: ({ tn, fp }: Confusion, i: number) => ratio(tn[i]!, tn[i]! + fp[i]!),
  precision: ({ tp, fp }: Confusion, i: number) => ratio(tp[i]!, tp[i]! + fp[i]!),
  recall: ({ tp, fn }: Confusion, i: number) => ratio(tp[i]!, tp[i]! + fn[i]!),
};

/** The best of one rate among the thresholds where another one is at least what the config says. */
export function constrainedMetric(
  name: string,
  config: Config,
  best: keyof typeof RATES,
  constrained: keyof typeof RATES,
): Metric {
  const least = numberOf(config, constrained, Number.NaN);
  const count = numberOf(config, "numThresholds", 200);
  // Keras sorts predictions into buckets: the first one takes all.
  const spread = Array.from({ length: count }, (_, i) => (i === 0 ? Number.NEGATIVE_INFINITY : i / (count - 1)));
  const thresholds = count === 1 ? [0.5] : spread.map(Math.fround);
  return new ConfusionMetric(name, { thresholds, classId: optionalNumber(config, "classId") }, (counts) => {
    let found = 0;
    for (let i = 0; i < count; i++) {
      if (RATES[constrained](counts, i) >= least) found = Math.max(found, RATES[best](counts, i));
    }
    return found;
  });
}

const SUMMATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  interpolation: (a, b) => (a + b) / 2,
  minoring: Math.min,
  majoring: Math.max,
};

/** The area under a curve, with all of Keras' options but the curve PRGAIN. @throws {OptionError} */
export function areaMetric(name: string, config: Config, math: Numbers): Metric {
  const curve = String(config["curve"] ?? "ROC").toUpperCase();
  const method = String(config["summationMethod"] ?? "interpolation").toLowerCase();
  const height = SUMMATIONS[method];
  if ((curve !== "ROC" && curve !== "PR") || !height) {
    throw new OptionError(
      `The metric ${name}: the curve is ROC or PR, the summation interpolation, minoring or majoring; got ${curve}, ${method}.`,
    );
  }
  const given = config["thresholds"];
  const count = numberOf(config, "numThresholds", 200);
  const inner = Array.isArray(given)
    ? (given as number[]).toSorted((a, b) => a - b)
    : Array.from({ length: count - 2 }, (_, i) => (i + 1) / (count - 1));
  // Keras sorts predictions that are no probabilities into its first and last buckets.
  const [least, most] = Array.isArray(given) ? [-1e-7, 1 + 1e-7] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const thresholds = [least, ...inner, most].map(Math.fround);
  const byLabel = config["multiLabel"] === true;
  const labelWeights = config["labelWeights"] as readonly number[] | null | undefined;
  const from = config["fromLogits"] === true ? (x: number) => 1 / (1 + math.exp64(-x)) : undefined;
  const area = (counts: Confusion): number => {
    if (curve === "PR" && method === "interpolation") return precisionRecallArea(counts, math);
    const { tp, fp, tn, fn } = counts;
    const xOf = (i: number) => (curve === "ROC" ? ratio(fp[i]!, fp[i]! + tn[i]!) : ratio(tp[i]!, tp[i]! + fn[i]!));
    const yOf = (i: number) => (curve === "ROC" ? ratio(tp[i]!, tp[i]! + fn[i]!) : ratio(tp[i]!, tp[i]! + fp[i]!));
    let sum = 0;
    for (let i = 0; i + 1 < tp.length; i++) sum += (xOf(i) - xOf(i + 1)) * height(yOf(i), yOf(i + 1));
    return sum;
  };
  return new ConfusionMetric(name, { thresholds, byLabel, from }, (counts) => {
    const labels = counts.tp.length / thresholds.length;
    let [sum, weight] = [0, 0];
    for (let label = 0; label < labels; label++) {
      const own = (values: Float64Array) => values.subarray(label * thresholds.length, (label + 1) * thresholds.length);
      const part = { tp: own(counts.tp), fp: own(counts.fp), tn: own(counts.tn), fn: own(counts.fn) };
      const share = labelWeights?.[label] ?? 1;
      sum += share * area(part);
      weight += share;
    }
    return ratio(sum, weight);
  });
}

/** Davis and Goadrich's interpolation, as Keras has it. */
function precisionRecallArea({ tp, fp, fn }: Confusion, math: Numbers): number {
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
