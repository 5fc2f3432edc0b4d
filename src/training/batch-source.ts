import { OptionError, ShapeError } from "../errors.ts";
import type { ModelInput } from "../model/inputs.ts";
import { isTensor } from "../tensor.ts";
import { type Batch, batches, type Dataset } from "./dataset.ts";
import type { FitOptions } from "./fit-options.ts";
import { epochOrder } from "./shuffle.ts";

/** Where an epoch's batches come from. */
export interface Source {
  readonly steps: number | undefined;
  /** Tells one data set from another: part of a checkpoint. */
  readonly fingerprint: string;
  epoch(epoch: number, firstBatch: number): AsyncIterable<Batch> | Iterable<Batch>;
}

/** Batches of a data set in memory. */
export function arraySource(data: Dataset, options: FitOptions, batchSize: number): Source {
  const { shuffle = true, seed = 0 } = options;
  if (typeof shuffle !== "boolean") throw new OptionError("fit: `shuffle` must be true or false.");
  const classWeighted = JSON.stringify(options.classWeight ?? null);
  return {
    steps: Math.ceil(data.length / batchSize),
    fingerprint: `${data.length} samples, batches of ${batchSize}, shuffle ${shuffle}, seed ${seed}, class weights ${classWeighted}, data ${checksum(data)}`,
    epoch: (epoch, first) =>
      batches(data, batchSize, shuffle ? epochOrder(data.length, seed, epoch) : undefined, first),
  };
}

/** A checksum of the first input and target. */
function checksum(data: Dataset): string {
  let hash = 0x811c9dc5 | 0;
  for (const tensor of [...data.x, ...data.y, ...data.weights]) {
    if (!tensor || Array.isArray(tensor.data)) continue;
    const { buffer, byteOffset, length } = tensor.data;
    const words = new Int32Array(buffer, byteOffset, length);
    for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i]!, 0x01000193);
  }
  return (hash >>> 0).toString(16);
}

/** Batches of an iterable, or of a function that gives one; undefined for anything else. */
export function iterableSource(given: unknown, options: FitOptions): Source | undefined {
  const value = typeof given === "function" ? given : undefined;
  const isIterable = (x: unknown): x is Iterable<unknown> =>
    typeof x === "object" && x !== null && (Symbol.iterator in x || Symbol.asyncIterator in x);
  if (!value && (!isIterable(given) || Array.isArray(given) || isTensor(given))) return undefined;
  const open = (): AsyncIterable<unknown> | Iterable<unknown> => (value ? value() : given) as Iterable<unknown>;
  return {
    steps: options.stepsPerEpoch,
    fingerprint: "an iterable",
    async *epoch(_epoch, first) {
      let index = 0;
      for await (const item of open()) {
        if (index++ < first) continue;
        yield batchFrom(item);
        if (options.stepsPerEpoch !== undefined && index >= options.stepsPerEpoch) return;
      }
    },
  };
}

function batchFrom(item: unknown): Batch {
  if (!Array.isArray(item) || item.length < 2)
    throw new ShapeError("An iterable of batches must give [x, y] or [x, y, sampleWeight].");
  return { x: item[0] as ModelInput, y: item[1], options: item[2] == null ? {} : { sampleWeight: item[2] } };
}
