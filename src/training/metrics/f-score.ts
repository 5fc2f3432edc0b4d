import { OptionError } from "../../errors.ts";
import { numberOf } from "../options/serialized.ts";
import type { Metric, MetricBatch } from "./metric.ts";

const EPSILON = 1e-7;
const AVERAGES: readonly unknown[] = [null, undefined, "micro", "macro", "weighted"];

/** Keras' F1Score and FBetaScore: (1 + β²) · precision · recall / (β² · precision + recall), class by class or joined. */
export class FScore implements Metric {
  readonly name: string;
  readonly #average: string | undefined;
  readonly #beta: number;
  readonly #threshold: number | undefined;
  /** True and false positives, false negatives, and weights, by class. */
  #sums: Float64Array[] = [];

  /** @throws {OptionError} If an option is not Keras'. */
  constructor(name: string, config: Readonly<Record<string, unknown>>) {
    this.name = name;
    const { average, threshold } = config;
    if (!AVERAGES.includes(average)) {
      throw new OptionError(`The metric ${name}: \`average\` must be null, micro, macro or weighted; got ${average}.`);
    }
    this.#average = typeof average === "string" ? average : undefined;
    this.#beta = numberOf(config, "beta", 1);
    this.#threshold = typeof threshold === "number" ? Math.fround(threshold) : undefined;
  }

  update({ predicted, target, rows, width, weights }: MetricBatch): void {
    const classes = this.#average === "micro" ? 1 : width;
    if (this.#sums.length === 0) this.#sums = [0, 1, 2, 3].map(() => new Float64Array(classes));
    const [tp, fp, fn, all] = this.#sums as [Float64Array, Float64Array, Float64Array, Float64Array];
    for (let row = 0; row < rows; row++) {
      const weight = weights ? weights[row]! : 1;
      const values = predicted.subarray(row * width, (row + 1) * width);
      const top = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      values.forEach((value, i) => {
        const isPositive =
          this.#threshold === undefined ? value >= top && Math.abs(value) > 1e-9 : value > this.#threshold;
        const t = target[row * width + i]!;
        const at = classes === 1 ? 0 : i;
        if (isPositive) {
          tp[at]! += weight * t;
          fp[at]! += weight * (1 - t);
        } else fn[at]! += weight * t;
        all[at]! += weight * t;
      });
    }
  }

  result(): number | readonly number[] {
    const [tp = [], fp = [], fn = [], all = []] = this.#sums;
    const square = this.#beta ** 2;
    const scores = Array.from(tp, (hits, i) => {
      const precision = hits / (hits + fp[i]! + EPSILON);
      const recall = hits / (hits + fn[i]! + EPSILON);
      return ((1 + square) * precision * recall) / (square * precision + recall + EPSILON);
    });
    if (scores.length === 0) return 0;
    const total = Array.from(all).reduce((a, b) => a + b, EPSILON);
    if (this.#average === "weighted") return scores.reduce((sum, score, i) => sum + score * (all[i]! / total), 0);
    if (this.#average !== undefined) return scores.reduce((a, b) => a + b, 0) / scores.length;
    return scores;
  }

  totals(): Float64Array {
    return Float64Array.from(this.#sums.flatMap((sums) => [...sums]));
  }

  restore(totals: Float64Array): void {
    const size = totals.length / 4;
    this.#sums = size === 0 ? [] : [0, 1, 2, 3].map((i) => totals.slice(i * size, (i + 1) * size));
  }
}
