import { OptionError } from "../../errors.ts";
import type { Callback } from "../callbacks/callbacks.ts";
import type { Verbosity } from "../callbacks/progress.ts";
import type { KerasObject } from "./keras-objects.ts";
import { FIT, namedOptions } from "./option-names.ts";

/** A callback, or a named one as Keras serialises it. */
export type CallbackLike = Callback | { readonly class_name: string; readonly config?: object } | KerasObject;

/** Options of `fit`, with Keras' defaults. Keras' own spellings (`batch_size`, `nb_epoch` …) are taken with a note. */
export interface FitOptions {
  /** 32 by default. */
  readonly batchSize?: number;
  /** 1 by default; the last epoch's number, as in Keras, where `initialEpoch` is given. */
  readonly epochs?: number;
  /**
   * [x, y] or [x, y, sampleWeight], evaluated after each epoch; or an iterable of such batches, or a function that gives
   * one.
   */
  readonly validationData?: unknown;
  /** The last part of the data, taken before shuffling. */
  readonly validationSplit?: number;
  readonly validationBatchSize?: number;
  /** Batches of the validation data that are looked at; all by default. */
  readonly validationSteps?: number;
  /** Validates after every so many epochs, or after the epochs (from 1) of a list; after each by default. */
  readonly validationFreq?: number | readonly number[];
  /** True by default; the order follows from `seed` and the epoch. "batch" shuffles whole batches, as they are. */
  readonly shuffle?: boolean | "batch";
  readonly sampleWeight?: unknown;
  readonly classWeight?: Readonly<Record<string | number, number>>;
  /** Objects with hooks, or what Keras serialises. */
  readonly callbacks?: CallbackLike | readonly CallbackLike[] | null;
  /** Ends training at the next batch border; the history so far is returned. */
  readonly signal?: AbortSignal;
  /** Seed of the shuffling; 0 by default. */
  readonly seed?: number;
  readonly initialEpoch?: number;
  /** Batches of an epoch; the next one goes on where it ended. An iterable that does not end needs it. */
  readonly stepsPerEpoch?: number;
  /** A checkpoint to go on from: its bytes, or in Node its path. */
  readonly resume?: Uint8Array | ArrayBuffer | string;
  /**
   * Threads that compute, the caller's among them; 1 by default. Each takes a part of every batch, has its own copy of the
   * weights and makes the same update, so a thread costs as much memory again, until the model is disposed of or
   * compiled anew. Worth it from some milliseconds a batch on.
   */
  readonly workers?: number;
  /**
   * Parts of a batch whose gradients are computed one by one and then summed; as many as `workers` by default. The bits of
   * a run depend on it and not on the threads: `shards: 2` on one thread and `workers: 2` train the same weights.
   */
  readonly shards?: number;
  /**
   * Bytes that the caller's thread may take for weights, gradients, optimizer and what a step keeps for its way back. A
   * batch that would take more is computed in more parts, one after the other, whose sums have other last digits
   * (`shards`). Where not even one sample fits, or samples belong together (stateful layers, BatchNormalization), recurrent
   * layers keep a span of their time steps at a time and compute each anew on the way back: about 1.3 times as long, the
   * same bits, but for last digits behind an embedding. `History.notes` says what was done. What a batch takes is known
   * before it runs, and what the least limit is: `model.trainingMemory`.
   */
  readonly memoryLimit?: number;
  /** Awaited after every batch; the event loop gets a turn between batches without it. */
  readonly pause?: () => Promise<void>;
  /**
   * 0, the default, is silent; 1 shows Keras' progress bar (on a terminal; else a line an epoch), 2 a line an epoch. In
   * browsers the lines go to the console; `progressEvents` tells a page more.
   */
  readonly verbose?: Verbosity;
  readonly [key: string]: unknown;
}

/** Options in this package's spelling. @throws {OptionError} If one is unknown. */
export function spelled(options: FitOptions): { options: FitOptions; notes: string[] } {
  const read = namedOptions(FIT, options);
  return { options: read.options as FitOptions, notes: read.notes };
}

/** @throws {OptionError} If the value is no whole number of at least `least`. */
export function whole(value: unknown, name: string, least: number, call = "fit"): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least) return value;
  throw new OptionError(`${call}: \`${name}\` must be a whole number ≥ ${least}; got ${String(value)}.`);
}

/** @throws {OptionError} If it is none of Keras' values. */
export function verbosity(value: unknown): 0 | 1 | 2 {
  if (value === undefined || value === false || value === 0) return 0;
  if (value === true || value === "auto" || value === 1) return 1;
  if (value === 2) return 2;
  throw new OptionError(`fit: \`verbose\` must be 0, 1, 2 or "auto"; got ${JSON.stringify(value)}.`);
}
