import { OptionError, ShapeError } from "../../errors.ts";
import type { ModelInput } from "../../model/inputs.ts";
import { sizeOf, type Tensor } from "../../tensor.ts";
import type { BatchOptions } from "../gathering.ts";
import type { Trainer } from "../trainer.ts";
import { floats } from "./batch-targets.ts";
import { readBatch } from "./read-batch.ts";

/** A data set in memory: samples along the first axis of every tensor. */
export interface Dataset {
  readonly x: readonly Tensor[];
  readonly y: readonly (Tensor | undefined)[];
  readonly weights: readonly (Tensor | undefined)[];
  readonly length: number;
}

/** One batch of it. */
export interface Batch {
  readonly x: ModelInput;
  readonly y: unknown;
  readonly options: BatchOptions;
}

/**
 * Checks a data set once, before the first batch.
 *
 * @throws {ShapeError} If tensors differ in their number of samples.
 */
export function dataset(x: ModelInput, y: unknown, options: BatchOptions, trainer: Trainer): Dataset {
  const { inputs, targets, weights } = readBatch(trainer, x, y, options, false);
  const length = inputs[0]?.shape[0] ?? 0;
  for (const [what, tensors] of [
    ["x", inputs],
    ["y", targets],
    ["sampleWeight", weights],
  ] as const) {
    const uneven = tensors.find((tensor) => tensor && tensor.shape[0] !== length);
    if (!uneven) continue;
    const all = what === "x" ? "all arrays of x must have as many" : `${what} has ${uneven.shape[0]}`;
    throw new ShapeError(`x has ${length} samples; ${all}.`);
  }
  for (const given of weights) {
    const bad = given ? floats(given, "sampleWeight").findIndex((weight) => !Number.isFinite(weight)) : -1;
    if (bad >= 0)
      throw new OptionError(`\`sampleWeight\` holds ${given!.data[bad]} (number ${bad}): it must be finite.`);
  }
  return { x: inputs, y: targets, weights, length };
}

/** A part of a data set without a copy. */
export function part(data: Dataset, from: number, to: number): Dataset {
  const cut = <T extends Tensor | undefined>(tensor: T) => (tensor ? rowsBetween(tensor, from, to) : tensor) as T;
  return { x: data.x.map(cut), y: data.y.map(cut), weights: data.weights.map(cut), length: to - from };
}

/** Consecutive rows of a tensor, without a copy of numbers. */
export function rowsBetween(tensor: Tensor, from: number, to: number): Tensor {
  const width = sizeOf(tensor.shape.slice(1));
  const { data } = tensor;
  const slice = Array.isArray(data) ? data.slice(from * width, to * width) : data.subarray(from * width, to * width);
  return { data: slice, shape: [to - from, ...tensor.shape.slice(1)] };
}

/** Some rows of a tensor, in the given order. */
export function rowsOf(tensor: Tensor, order: Uint32Array): Tensor {
  const width = sizeOf(tensor.shape.slice(1));
  const { data } = tensor;
  const shape = [order.length, ...tensor.shape.slice(1)];
  if (Array.isArray(data)) {
    return { data: [...order].flatMap((row) => data.slice(row * width, (row + 1) * width)), shape };
  }
  const out =
    data instanceof Int32Array ? new Int32Array(order.length * width) : new Float32Array(order.length * width);
  order.forEach((row, i) => {
    out.set(data.subarray(row * width, (row + 1) * width), i * width);
  });
  return { data: out, shape };
}

/** The batch of the rows `order` (or of consecutive rows) of a data set. */
function batchOf(data: Dataset, take: <T extends Tensor | undefined>(tensor: T) => T): Batch {
  const weights = data.weights.map(take);
  return {
    x: data.x.map(take),
    y: data.y.length === 1 ? take(data.y[0]) : data.y.map(take),
    options: weights.some((tensor) => tensor) ? { sampleWeight: weights.length === 1 ? weights[0] : weights } : {},
  };
}

/** The batches of a data set, all or those from `first` to before `end`. With `order`, its rows in that order. */
export function* batches(
  data: Dataset,
  batchSize: number,
  order?: Uint32Array,
  first = 0,
  end = Number.POSITIVE_INFINITY,
): Generator<Batch> {
  for (let from = first * batchSize; from < Math.min(data.length, end * batchSize); from += batchSize) {
    const to = Math.min(data.length, from + batchSize);
    yield batchOf(data, (tensor) => {
      if (!tensor) return tensor;
      return (order ? rowsOf(tensor, order.subarray(from, to)) : rowsBetween(tensor, from, to)) as typeof tensor;
    });
  }
}
