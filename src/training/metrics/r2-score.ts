import { OptionError } from "../../errors.ts";
import { numberOf } from "../options/serialized.ts";
import type { Metric, MetricBatch } from "./metric.ts";

const f32 = Math.fround;
const AGGREGATIONS: readonly unknown[] = ["uniform_average", "variance_weighted_average", null];

/** 1 − errors / spread of each output, in float32 as Keras has it; joined as `classAggregation` says. */
export class R2Score implements Metric {
  readonly name: string;
  readonly #aggregation: unknown;
  readonly #regressors: number;
  #sums: Float64Array[] = [];
  #count = 0;
  #samples = 0;

  /** @throws {OptionError} If the aggregation is not Keras'. */
  constructor(name: string, config: Readonly<Record<string, unknown>> = {}) {
    this.name = name;
    const { classAggregation = "uniform_average" } = config;
    if (!AGGREGATIONS.includes(classAggregation)) {
      throw new OptionError(
        `The metric ${name}: \`classAggregation\` must be one of ${AGGREGATIONS.join(", ")}; got ${String(classAggregation)}.`,
      );
    }
    this.#aggregation = classAggregation;
    this.#regressors = numberOf(config, "numRegressors", 0);
  }

  update({ predicted, target, rows, width, weights }: MetricBatch): void {
    if (this.#sums.length === 0) this.#sums = [0, 1, 2].map(() => new Float64Array(width));
    const [sum, squares, errors] = this.#sums as [Float64Array, Float64Array, Float64Array];
    // Keras counts numbers, not samples.
    this.#samples += rows * width;
    for (let row = 0; row < rows; row++) {
      const weight = weights ? weights[row]! : 1;
      this.#count += weight;
      for (let i = 0; i < width; i++) {
        const t = target[row * width + i]!;
        sum[i] = f32(sum[i]! + f32(weight * t));
        squares[i] = f32(squares[i]! + f32(weight * f32(t * t)));
        errors[i] = f32(errors[i]! + f32(weight * f32(f32(t - predicted[row * width + i]!) ** 2)));
      }
    }
  }

  result(): number | readonly number[] {
    const [sum, squares, errors] = this.#sums as [Float64Array, Float64Array, Float64Array];
    if (!sum) return 0;
    // The spread is a small difference: in float32, as Keras has it.
    const spreads = Array.from(sum, (s, i) => f32(squares[i]! - f32(s * f32(s / this.#count))));
    const scores = spreads.map((spread, i) => f32(1 - f32(errors[i]! / spread)));
    if (this.#aggregation === null) return scores.map((score) => this.#adjusted(score));
    const isUniform = this.#aggregation === "uniform_average";
    const weights = isUniform ? scores.map(() => 1) : spreads;
    const total = weights.reduce((a, b) => a + b, 0);
    return this.#adjusted(scores.reduce((all, score, i) => all + score * weights[i]!, 0) / total);
  }

  /** As Keras, for a number of regressors: 1 − (1 − R²) · (n − 1) / (n − p − 1). */
  #adjusted(score: number): number {
    const rest = this.#samples - this.#regressors - 1;
    return this.#regressors === 0 || rest <= 0 ? score : 1 - ((1 - score) * (this.#samples - 1)) / rest;
  }

  totals(): Float64Array {
    return Float64Array.from([this.#samples, this.#count, ...this.#sums.flatMap((values) => [...values])]);
  }

  restore(totals: Float64Array): void {
    const width = (totals.length - 2) / 3;
    this.#samples = totals[0]!;
    this.#count = totals[1]!;
    this.#sums = width === 0 ? [] : [0, 1, 2].map((i) => totals.slice(2 + i * width, 2 + (i + 1) * width));
  }
}
