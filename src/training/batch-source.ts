import { OptionError, ShapeError } from "../errors.ts";
import type { ModelInput } from "../model/inputs.ts";
import { isTensor } from "../tensor.ts";
import type { Position } from "./checkpoint.ts";
import { type Batch, batches, type Dataset } from "./dataset.ts";
import type { FitOptions } from "./fit-options.ts";
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

/** Batches of an iterable, or of a function that gives one; undefined for anything else. */
export function iterableSource(given: unknown, options: FitOptions): Source | undefined {
  const value = typeof given === "function" ? given : undefined;
  const isIterable = (x: unknown): x is Iterable<unknown> =>
    typeof x === "object" && x !== null && (Symbol.iterator in x || Symbol.asyncIterator in x);
  if (!value && (!isIterable(given) || Array.isArray(given) || isTensor(given))) return undefined;
  const open = (epoch: number) => (value ? value(epoch) : given) as AsyncIterable<unknown> | Iterable<unknown>;
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
  return {
    steps: options.stepsPerEpoch,
    fingerprint: "an iterable",
    order,
    async *epoch(epoch, first) {
      if (first === 0) await checkBefore(epoch);
      order.begin(epoch);
      let index = 0;
      for await (const item of open(epoch)) {
        order.add(item);
        if (index++ < first) continue;
        if (index === first + 1 && first > 0) order.check({ epoch, batch: first });
        yield batchFrom(item);
        if (options.stepsPerEpoch !== undefined && index >= options.stepsPerEpoch) return;
      }
      // Nothing was left of the epoch, or it is shorter than it was.
      if (index <= first && first > 0) order.check({ epoch, batch: first });
    },
  };
}

function batchFrom(item: unknown): Batch {
  if (!Array.isArray(item) || item.length < 2)
    throw new ShapeError("An iterable of batches must give [x, y] or [x, y, sampleWeight].");
  return { x: item[0] as ModelInput, y: item[1], options: item[2] == null ? {} : { sampleWeight: item[2] } };
}
