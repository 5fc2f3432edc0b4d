import type { Metric, MetricBatch } from "./metric.ts";

/**
 * A metric of Keras before 2.3: the mean of what it is on each batch, by the batches' rows. Masks leave rows out within a
 * batch; in Keras 1 they do not (`masked` false).
 */
export class BatchMean implements Metric {
  readonly name: string;
  readonly #make: () => Metric;
  readonly #masked: boolean;
  #total = 0;
  #rows = 0;

  constructor(make: () => Metric, masked: boolean) {
    this.name = make().name;
    this.#make = make;
    this.#masked = masked;
  }

  update(batch: MetricBatch): void {
    const metric = this.#make();
    metric.update(this.#masked ? batch : { ...batch, weights: undefined });
    this.#total += Number(metric.result()) * batch.rows;
    this.#rows += batch.rows;
  }

  result(): number {
    return this.#rows === 0 ? 0 : this.#total / this.#rows;
  }

  totals(): Float64Array {
    return Float64Array.of(this.#total, this.#rows);
  }

  restore([total = 0, rows = 0]: Float64Array): void {
    this.#total = total;
    this.#rows = rows;
  }
}
