import type { Metric, MetricBatch } from "./metrics.ts";

const f32 = Math.fround;

/** 1 − errors / spread of each output, in float32 as Keras has it; the mean over the outputs. */
export class R2Score implements Metric {
  readonly name: string;
  #sums: Float64Array[] = [];
  #count = 0;

  constructor(name: string) {
    this.name = name;
  }

  update({ predicted, target, rows, width, weights }: MetricBatch): void {
    if (this.#sums.length === 0) this.#sums = [0, 1, 2].map(() => new Float64Array(width));
    const [sum, squares, errors] = this.#sums as [Float64Array, Float64Array, Float64Array];
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

  result(): number {
    const [sum, squares, errors] = this.#sums as [Float64Array, Float64Array, Float64Array];
    if (!sum) return 0;
    let total = 0;
    for (let i = 0; i < sum.length; i++) {
      // The spread is a small difference: in float32, as Keras has it.
      const [s, q, e] = [f32(sum[i]!), f32(squares[i]!), f32(errors[i]!)];
      const spread = f32(q - f32(s * f32(s / this.#count)));
      total += f32(1 - f32(e / spread));
    }
    return total / sum.length;
  }

  totals(): Float64Array {
    return Float64Array.from([this.#count, ...this.#sums.flatMap((values) => [...values])]);
  }

  restore(totals: Float64Array): void {
    const width = (totals.length - 1) / 3;
    this.#count = totals[0]!;
    this.#sums = width === 0 ? [] : [0, 1, 2].map((i) => totals.slice(1 + i * width, 1 + (i + 1) * width));
  }
}
