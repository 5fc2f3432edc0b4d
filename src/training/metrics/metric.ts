/** What a metric sees of a batch: rows of predictions against targets. */
export interface MetricBatch {
  /** [rows, width] */
  readonly predicted: Float32Array;
  /** [rows, trueWidth]; trueWidth is 1 for class numbers. */
  readonly target: Float32Array;
  readonly rows: number;
  readonly width: number;
  readonly trueWidth: number;
  /** One weight a row: sample weights times the mask; undefined counts every row once. */
  readonly weights: Float32Array | undefined;
}

/** A metric that gathers over batches. */
export interface Metric {
  readonly name: string;
  /** True for the mean of a function of each row: those alone heed masks in Keras 3. */
  readonly isMean?: boolean;
  update(batch: MetricBatch): void;
  /** A list where Keras gives an array: a metric of several thresholds, a score by class. */
  result(): number | readonly number[];
  /** The sums so far, for a checkpoint in the midst of an epoch. */
  totals(): Float64Array;
  /** Goes on from sums that {@link totals} gave. */
  restore(totals: Float64Array): void;
}
