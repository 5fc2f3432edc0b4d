import type { Metric, MetricBatch } from "./metric.ts";

/** A number of one row of a batch. */
export type RowValue = (batch: MetricBatch, row: number) => number;

/** The weighted mean of a number per row. */
export class MeanMetric implements Metric {
  readonly name: string;
  readonly isMean: boolean;
  readonly #valueIn: (batch: MetricBatch) => (row: number) => number;
  readonly #finish: ((mean: number) => number) | undefined;
  #total = 0;
  #count = 0;

  /**
   * @param valueIn - Called once with each batch; gives what tells a row's number.
   * @param finish - What becomes of the mean, which is then no mean any more.
   */
  constructor(
    name: string,
    valueIn: (batch: MetricBatch) => (row: number) => number,
    finish?: (mean: number) => number,
  ) {
    this.name = name;
    this.isMean = finish === undefined;
    this.#valueIn = valueIn;
    this.#finish = finish;
  }

  update(batch: MetricBatch): void {
    const value = this.#valueIn(batch);
    for (let row = 0; row < batch.rows; row++) {
      const weight = batch.weights ? batch.weights[row]! : 1;
      if (weight === 0) continue;
      this.#total += weight * value(row);
      this.#count += weight;
    }
  }

  result(): number {
    const mean = this.#count === 0 ? 0 : this.#total / this.#count;
    return this.#finish ? this.#finish(mean) : mean;
  }

  totals(): Float64Array {
    return Float64Array.of(this.#total, this.#count);
  }

  restore([total = 0, count = 0]: Float64Array): void {
    this.#total = total;
    this.#count = count;
  }
}

/** The mean of what a function tells of each row. */
export function meanOf(name: string, value: RowValue, finish?: (mean: number) => number): MeanMetric {
  return new MeanMetric(name, (batch) => (row) => value(batch, row), finish);
}
