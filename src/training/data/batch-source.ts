import { OptionError, ShapeError } from "../../errors.ts";
import type { ModelInput } from "../../model/inputs.ts";
import { isNumbers, isTensor } from "../../tensor.ts";
import type { Position } from "../callbacks/checkpoint.ts";
import type { FitOptions } from "../options/fit-options.ts";
import { type Batch, batches, type Dataset } from "./dataset.ts";
import { epochOrder } from "./shuffle.ts";

/** Where an epoch's batches come from. */
export interface Source {
  readonly steps: number | undefined;
  /** Tells one data set from another: part of a checkpoint. */
  readonly fingerprint: string;
  /** Tells what an iterable has given so far. */
  readonly order?: { at(position: Position): string; expect(order: string): void };
  epoch(epoch: number, firstBatch: number): AsyncIterable<Batch> | Iterable<Batch>;
}

/** Batches of a data set in memory. */
export function arraySource(data: Dataset, options: FitOptions, batchSize: number): Source {
  const { shuffle = true, seed = 0, stepsPerEpoch } = options;
  if (typeof shuffle !== "boolean" && shuffle !== "batch") {
    throw new OptionError(`fit: \`shuffle\` must be true, false or "batch"; got ${JSON.stringify(shuffle)}.`);
  }
  const classWeighted = JSON.stringify(options.classWeight ?? null);
  const all = Math.ceil(data.length / batchSize);
  const steps = stepsPerEpoch ?? all;
  const cut = stepsPerEpoch === undefined ? "" : `, ${steps} batches an epoch`;
  /** The order of the samples the n-th time that they are run through. */
  const orderOf = (pass: number): Uint32Array | undefined => {
    if (shuffle === true) return epochOrder(data.length, seed, pass);
    return shuffle === "batch" ? batchOrder(data.length, batchSize, seed, pass) : undefined;
  };
  return {
    steps,
    fingerprint: `${data.length} samples, batches of ${batchSize}, shuffle ${shuffle}, seed ${seed}${cut}, class weights ${classWeighted}, data ${checksum(data)}`,
    *epoch(epoch, first) {
      let left = steps - first;
      for (let at = epoch * steps + first; left > 0; ) {
        const [pass, batch] = [Math.floor(at / all), at % all];
        const count = Math.min(left, all - batch);
        yield* batches(data, batchSize, orderOf(pass), batch, batch + count);
        at += count;
        left -= count;
      }
    },
  };
}

/** Whole batches in another order; the short last one stays the last. */
function batchOrder(length: number, batchSize: number, seed: number, pass: number): Uint32Array {
  const whole = Math.floor(length / batchSize);
  const order = epochOrder(whole, seed, pass);
  return Uint32Array.from({ length }, (_, i) => {
    const batch = Math.floor(i / batchSize);
    return batch < whole ? order[batch]! * batchSize + (i % batchSize) : i;
  });
}

/** A checksum of all of a data set's numbers. */
function checksum(data: Dataset): string {
  return hex(hashOf([data.x, data.y, data.weights]));
}

const hex = (hash: number): string => (hash >>> 0).toString(16);

/** A checksum of tensors, nested arrays and objects of them, going on from another. */
function hashOf(value: unknown, start = 0x811c9dc5 | 0): number {
  const mix = (hash: number, word: number) => Math.imul(hash ^ word, 0x01000193);
  if (value instanceof Float32Array || value instanceof Int32Array) {
    let hash = start;
    const words = new Int32Array(value.buffer, value.byteOffset, value.length);
    for (let i = 0; i < words.length; i++) hash = mix(hash, words[i]!);
    return hash;
  }
  if (typeof value === "number") return hashOf(new Int32Array(Float64Array.of(value).buffer), start);
  if (typeof value === "string") return [...value].reduce((hash, letter) => mix(hash, letter.codePointAt(0)!), start);
  if (typeof value !== "object" || value === null) return mix(start, value === true ? 1 : 0);
  const parts = Array.isArray(value) ? value : Object.values(value);
  return parts.reduce<number>((hash, part) => hashOf(part, hash), mix(start, parts.length));
}

/** What an iterable has given: a resumed run must be given the same. */
class Order {
  #epoch = 0;
  /** After 0, 1, 2 … batches of the epoch. */
  #hashes: number[] = [hashOf([])];
  #expected: string | undefined;

  begin(epoch: number): void {
    this.#epoch = epoch;
    this.#hashes = [hashOf([])];
  }

  add(item: unknown): void {
    this.#hashes.push(hashOf(item, this.#hashes.at(-1)));
  }

  /** The batches up to a position; at the beginning of an epoch the first batch of the one before. */
  at({ epoch, batch }: Position): string {
    const count = epoch === this.#epoch ? batch : Math.min(1, this.#hashes.length - 1);
    return hex(this.#hashes[count] ?? 0);
  }

  expect(order: string): void {
    this.#expected = order;
  }

  get isExpected(): boolean {
    return this.#expected !== undefined;
  }

  /** @throws {OptionError} If the batches are not those of the checkpoint. */
  check(position: Position): void {
    if (this.#expected !== undefined && this.#expected !== this.at(position)) {
      const { epoch, batch } = position;
      const which =
        batch > 0 ? `the first ${batch} batches of epoch ${epoch + 1}` : `the first batch of epoch ${epoch}`;
      throw new OptionError(
        `The checkpoint does not continue this run: its data came in another order (${which} are others). Give fit a function of the epoch that gives the same batches each time it is called.`,
      );
    }
    this.#expected = undefined;
  }
}

type Opened = AsyncIterable<unknown> | Iterable<unknown>;

/** What opens the batches of an epoch: a function, or the `epoch` of a dataset; undefined if there are only batches. */
export function byEpoch(given: unknown): ((epoch: number) => Opened) | undefined {
  if (typeof given === "function") return given as (epoch: number) => Opened;
  if (typeof given !== "object" || given === null || !("epoch" in given)) return undefined;
  const dataset = given as { epoch(epoch: number): Opened };
  return typeof dataset.epoch === "function" ? (epoch) => dataset.epoch(epoch) : undefined;
}

/** Opens an iterable, or what a function of the epoch gives; undefined for anything else: arrays and tensors are data. */
export function iterableOf(given: unknown): ((epoch: number) => Opened) | undefined {
  const opens = byEpoch(given);
  if (opens) return opens;
  const isIterable =
    typeof given === "object" && given !== null && (Symbol.iterator in given || Symbol.asyncIterator in given);
  if (!isIterable || Array.isArray(given) || isTensor(given) || isNumbers(given) || given instanceof Map) {
    return undefined;
  }
  return () => given as Opened;
}

/** Batches of an iterable, or of a function that gives one; undefined for anything else. */
export function iterableSource(given: unknown, options: FitOptions): Source | undefined {
  const open = iterableOf(given);
  if (!open) return undefined;
  // Epochs of fewer batches than a dataset has go on where the one before ended.
  const value = typeof given === "function" || options.stepsPerEpoch === undefined ? byEpoch(given) : undefined;
  const length = (given as { readonly length?: unknown }).length;
  const steps = typeof given !== "function" && typeof length === "number" ? length : undefined;
  const order = new Order();
  /** Looks whether the epoch before the one that is resumed began with the same batch. */
  const checkBefore = async (epoch: number): Promise<void> => {
    // What is no function can be run through only once.
    if (!order.isExpected || !value || epoch === 0) return;
    order.begin(epoch - 1);
    for await (const item of open(epoch - 1)) {
      order.add(item);
      break;
    }
    order.check({ epoch, batch: 0 });
  };
  /** What goes on from epoch to epoch: an iterator that can be run through once, cut by `stepsPerEpoch`. */
  let kept: AsyncIterator<unknown> | Iterator<unknown> | undefined;
  const iteratorOf = (epoch: number): AsyncIterator<unknown> | Iterator<unknown> => {
    if (kept) return kept;
    const opened = open(epoch);
    const iterator = Symbol.asyncIterator in opened ? opened[Symbol.asyncIterator]() : opened[Symbol.iterator]();
    if (!value) kept = iterator;
    return iterator;
  };
  return {
    steps: options.stepsPerEpoch ?? steps,
    fingerprint: "an iterable",
    order,
    async *epoch(epoch, first) {
      if (first === 0) await checkBefore(epoch);
      order.begin(epoch);
      const iterator = iteratorOf(epoch);
      let index = 0;
      for (;;) {
        if (index >= (options.stepsPerEpoch ?? Number.POSITIVE_INFINITY)) {
          if (value) await iterator.return?.();
          return;
        }
        const { value: item, done } = await iterator.next();
        if (done) break;
        order.add(item);
        if (index++ < first) continue;
        if (index === first + 1 && first > 0) order.check({ epoch, batch: first });
        yield batchFrom(item);
      }
      // An iterable that can be run through again begins anew with the next epoch.
      kept = undefined;
      // Nothing was left of the epoch, or it is shorter than it was.
      if (index <= first && first > 0) order.check({ epoch, batch: first });
    },
  };
}

/**
 * One batch of an iterable: [x, y], [x, y, sampleWeight], or { xs, ys } as in TensorFlow.js.
 *
 * @throws {ShapeError} If it is none.
 */
export function batchFrom(item: unknown): Batch {
  if (typeof item === "object" && item !== null && "xs" in item && "ys" in item) {
    return { x: item.xs as ModelInput, y: item.ys, options: {} };
  }
  if (!Array.isArray(item) || item.length < 2) {
    throw new ShapeError("An iterable of batches must give [x, y] or [x, y, sampleWeight].");
  }
  return { x: item[0] as ModelInput, y: item[1], options: item[2] == null ? {} : { sampleWeight: item[2] } };
}
