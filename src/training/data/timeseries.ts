import { OptionError, ShapeError } from "../../errors.ts";
import { type Tensor, type TensorLike, toTensor } from "../../tensor.ts";
import { namedOptions, type OptionNames } from "../options/option-names.ts";
import { rowsBetween, rowsOf } from "./dataset.ts";
import { epochOrder } from "./shuffle.ts";

/** Options of {@link timeseriesDatasetFromArray}, with Keras' defaults; Keras' own spellings are taken as well. */
export interface TimeseriesOptions {
  readonly sequenceLength?: number;
  /** Steps from one sequence's start to the next; 1 by default. */
  readonly sequenceStride?: number;
  /** Steps from one element of a sequence to the next; 1 by default. */
  readonly samplingRate?: number;
  /** 128 by default; null gives the sequences one by one, without a batch axis. */
  readonly batchSize?: number | null;
  /** False by default. */
  readonly shuffle?: boolean;
  /** Seed of the shuffling; 0 by default. */
  readonly seed?: number | null;
  /** The first step that is used; 0 by default. */
  readonly startIndex?: number | null;
  /** The step before which it ends; all are used by default. */
  readonly endIndex?: number | null;
  readonly [key: string]: unknown;
}

/** Sliding windows: [x, y] batches, or x alone where there are no targets. */
export interface TimeseriesDataset<Item = [Tensor, Tensor]> extends Iterable<Item> {
  /** How many batches there are. */
  readonly length: number;
  /** The batches in the order of an epoch (from 0): `fit` asks for each. Iterating gives those of epoch 0. */
  epoch(epoch: number): Iterable<Item>;
  /** The first batches. */
  take(count: number): TimeseriesDataset<Item>;
}

const NAMES: OptionNames = {
  call: "timeseriesDatasetFromArray",
  known: "sequenceLength sequenceStride samplingRate batchSize shuffle seed startIndex endIndex".split(" "),
  spellings: {
    sequence_length: "sequenceLength",
    sequence_stride: "sequenceStride",
    sampling_rate: "samplingRate",
    batch_size: "batchSize",
    start_index: "startIndex",
    end_index: "endIndex",
  },
  without: ["format"],
};

/**
 * Sliding windows over a series in batches, as Keras' `timeseries_dataset_from_array`: of the steps from `startIndex` to
 * before `endIndex`, window i starts at i · sequenceStride and has the target of that place.
 *
 * Shuffled windows come in another order in each epoch; it follows from `seed` and the epoch alone, so that a killed run
 * resumes. (Keras' order is of TensorFlow's generator.)
 *
 * @param data - [steps, …features].
 * @param targets - [steps, …] or fewer, as many as there are windows; null gives batches of x alone, for `predict`.
 * @returns An iterable that can be run again and again, for `model.fit(dataset)`.
 * @throws {OptionError} If an option is unknown, or out of its range.
 * @throws {ShapeError} If there is a window without a target.
 * @example
 * const dataset = timeseriesDatasetFromArray(series, targets, { sequenceLength: 24, batchSize: 32 });
 */
export function timeseriesDatasetFromArray(
  data: TensorLike,
  targets: null | undefined,
  options: TimeseriesOptions,
): TimeseriesDataset<Tensor>;
export function timeseriesDatasetFromArray(
  data: TensorLike,
  targets: TensorLike,
  options: TimeseriesOptions,
): TimeseriesDataset;
export function timeseriesDatasetFromArray(
  data: TensorLike,
  targets: TensorLike | null | undefined,
  options: TimeseriesOptions,
): TimeseriesDataset<Tensor | [Tensor, Tensor]> {
  const { sequenceLength, sequenceStride, samplingRate, batchSize, shuffle, seed, ...range } = readOptions(options);
  const whole = toTensor(data, "data");
  const steps = whole.shape[0] ?? 0;
  const [from, to] = rangeOf(range, steps);
  const series = rowsBetween(whole, from, to);
  const all = targets == null ? undefined : toTensor(targets, "targets");
  const labels = all && rowsBetween(all, from, Math.min(to, all.shape[0] ?? 0));
  const windows = to - from - (sequenceLength - 1) * samplingRate;
  const count = Math.max(0, Math.ceil(Math.min(windows, all?.shape[0] ?? windows) / sequenceStride));
  const places = labels?.shape[0] ?? 0;
  if (labels && count > 0 && (count - 1) * sequenceStride >= places) {
    throw new ShapeError(
      `timeseriesDatasetFromArray: there are ${all!.shape[0]} targets, ${places} from startIndex on; the last window asks for number ${(count - 1) * sequenceStride} of these (from 0).`,
    );
  }
  const batch = (windowsOfIt: Uint32Array): Tensor | [Tensor, Tensor] => {
    const rows = Uint32Array.from({ length: windowsOfIt.length * sequenceLength }, (_, i) => {
      const window = windowsOfIt[Math.floor(i / sequenceLength)]!;
      return window * sequenceStride + (i % sequenceLength) * samplingRate;
    });
    const size = batchSize === null ? [] : [windowsOfIt.length];
    const x = { data: rowsOf(series, rows).data, shape: [...size, sequenceLength, ...series.shape.slice(1)] };
    if (!labels) return x;
    const y = rowsOf(
      labels,
      windowsOfIt.map((window) => window * sequenceStride),
    );
    return [x, { data: y.data, shape: [...size, ...labels.shape.slice(1)] }];
  };
  const size = batchSize ?? 1;
  const epoch = function* (n: number, most: number) {
    const order = shuffle ? epochOrder(count, seed, n) : Uint32Array.from({ length: count }, (_, i) => i);
    for (let first = 0; first < Math.min(count, most * size); first += size) {
      yield batch(order.subarray(first, first + size));
    }
  };
  const datasetOf = (most: number): TimeseriesDataset<Tensor | [Tensor, Tensor]> => ({
    length: Math.min(Math.ceil(count / size), most),
    epoch: (n) => ({ [Symbol.iterator]: () => epoch(n, most) }),
    take: (n) => datasetOf(Math.min(n, most)),
    [Symbol.iterator]: () => epoch(0, most),
  });
  return datasetOf(Number.POSITIVE_INFINITY);
}

function readOptions(given: TimeseriesOptions) {
  const noBatches = "batchSize" in given ? given.batchSize === null : given["batch_size"] === null;
  const options = namedOptions(NAMES, given).options as Readonly<Record<string, number | boolean | undefined>>;
  const number = (name: string, fallback: number | undefined, least = 1): number => {
    const value = options[name] ?? fallback;
    if (typeof value === "number" && Number.isInteger(value) && value >= least) return value;
    throw new OptionError(
      `timeseriesDatasetFromArray: \`${name}\` must be a whole number ≥ ${least}; got ${String(value)}.`,
    );
  };
  const { shuffle = false, startIndex, endIndex } = options;
  if (typeof shuffle !== "boolean") {
    throw new OptionError(`timeseriesDatasetFromArray: \`shuffle\` must be true or false; got ${shuffle}.`);
  }
  return {
    sequenceLength: number("sequenceLength", undefined),
    sequenceStride: number("sequenceStride", 1),
    samplingRate: number("samplingRate", 1),
    batchSize: noBatches ? null : number("batchSize", 128),
    shuffle,
    seed: number("seed", 0, Number.NEGATIVE_INFINITY),
    startIndex: startIndex === undefined ? 0 : number("startIndex", 0, 0),
    endIndex: endIndex === undefined ? undefined : number("endIndex", 0, 0),
  };
}

function rangeOf({ startIndex, endIndex }: { startIndex: number; endIndex: number | undefined }, steps: number) {
  const to = endIndex ?? steps;
  if (startIndex < to && to <= steps) return [startIndex, to] as const;
  throw new OptionError(
    `timeseriesDatasetFromArray: the steps from ${startIndex} to before ${to} are none of the data's ${steps}.`,
  );
}
