import { OptionError, ShapeError } from "../../errors.ts";
import { type Tensor, type TensorLike, toTensor } from "../../tensor.ts";
import { floats } from "./batch-targets.ts";
import { rowsOf } from "./dataset.ts";
import { epochOrder } from "./shuffle.ts";

/**
 * One-hot rows of class numbers, as Keras' `to_categorical`.
 *
 * @param numClasses - One more than the greatest label unless given.
 * @throws {OptionError} If a label is no whole number from 0 to numClasses − 1.
 * @example
 * toCategorical([0, 2]); // [[1, 0, 0], [0, 0, 1]]
 */
export function toCategorical(labels: TensorLike, numClasses?: number): Tensor {
  const tensor = toTensor(labels, "labels");
  const values = floats(tensor, "labels");
  const width = numClasses ?? values.reduce((most, label) => Math.max(most, label + 1), 0);
  const data = new Float32Array(values.length * width);
  values.forEach((label, i) => {
    if (!Number.isInteger(label) || label < 0 || label >= width) {
      throw new OptionError(`toCategorical: the label ${label} is not a whole number from 0 to ${width - 1}.`);
    }
    data[i * width + label] = 1;
  });
  const shape = tensor.shape.at(-1) === 1 && tensor.shape.length > 1 ? tensor.shape.slice(0, -1) : tensor.shape;
  return { data, shape: [...shape, width] };
}

/**
 * Splits samples into a training and a test part, shuffled by seed.
 *
 * @param options - `testSize`: the test part's share (0.25 by default); `shuffle` false keeps the order.
 * @throws {ShapeError} If x and y differ in their number of samples.
 */
export function trainTestSplit(
  x: TensorLike,
  y: TensorLike,
  options: { readonly testSize?: number; readonly seed?: number; readonly shuffle?: boolean } = {},
): { xTrain: Tensor; xTest: Tensor; yTrain: Tensor; yTest: Tensor } {
  const { testSize = 0.25, seed = 0, shuffle = true } = options;
  const [a, b] = [toTensor(x, "x"), toTensor(y, "y")];
  const length = a.shape[0] ?? 0;
  if (b.shape[0] !== length) throw new ShapeError(`x has ${length} samples, y ${b.shape[0]}.`);
  if (!(testSize > 0 && testSize < 1)) throw new OptionError(`\`testSize\` must be between 0 and 1; got ${testSize}.`);
  const order = shuffle ? epochOrder(length, seed, 0) : Uint32Array.from({ length }, (_, i) => i);
  const kept = length - Math.ceil(length * testSize);
  const [train, test] = [order.subarray(0, kept), order.subarray(kept)];
  return { xTrain: rowsOf(a, train), xTest: rowsOf(a, test), yTrain: rowsOf(b, train), yTest: rowsOf(b, test) };
}

/** Options of {@link timeseriesDatasetFromArray}, with Keras' defaults. */
export interface TimeseriesOptions {
  readonly sequenceLength: number;
  /** Steps from one sequence's start to the next. */
  readonly sequenceStride?: number;
  /** Steps from one element of a sequence to the next. */
  readonly samplingRate?: number;
  readonly batchSize?: number;
  readonly startIndex?: number;
  readonly endIndex?: number;
}

/**
 * Sliding windows over a series in batches, as Keras' `timeseries_dataset_from_array` without shuffling: window i starts
 * at i · sequenceStride and has the target i · sequenceStride.
 *
 * @returns An iterable that can be run again and again, for `model.fit(dataset)`.
 * @example
 * const dataset = timeseriesDatasetFromArray(series, targets, { sequenceLength: 24, batchSize: 32 });
 */
export function timeseriesDatasetFromArray(
  data: TensorLike,
  targets: TensorLike | null,
  options: TimeseriesOptions,
): Iterable<[Tensor, Tensor | undefined]> {
  const { sequenceLength, sequenceStride = 1, samplingRate = 1, batchSize = 128, startIndex = 0 } = options;
  const series = toTensor(data, "data");
  const labels = targets === null ? undefined : toTensor(targets, "targets");
  const end = options.endIndex ?? series.shape[0]!;
  for (const [name, value] of Object.entries({ sequenceLength, sequenceStride, samplingRate, batchSize })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new OptionError(`timeseriesDatasetFromArray: \`${name}\` must be a whole number ≥ 1; got ${value}.`);
    }
  }
  const last = Math.min(
    end - startIndex - (sequenceLength - 1) * samplingRate,
    labels ? labels.shape[0]! : Number.POSITIVE_INFINITY,
  );
  const starts = Math.max(0, Math.ceil(last / sequenceStride));
  return {
    *[Symbol.iterator]() {
      for (let first = 0; first < starts; first += batchSize) {
        const count = Math.min(batchSize, starts - first);
        const rows = Uint32Array.from({ length: count * sequenceLength }, (_, i) => {
          const window = first + Math.floor(i / sequenceLength);
          return startIndex + window * sequenceStride + (i % sequenceLength) * samplingRate;
        });
        const windows = rowsOf(series, rows);
        const x = { data: windows.data, shape: [count, sequenceLength, ...series.shape.slice(1)] };
        const own = Uint32Array.from({ length: count }, (_, i) => (first + i) * sequenceStride);
        yield [x, labels && rowsOf(labels, own)];
      }
    },
  };
}
