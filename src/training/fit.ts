import { DivergenceError, OptionError, ShapeError } from "../errors.ts";
import type { ModelInput } from "../model/inputs.ts";
import { isTensor } from "../tensor.ts";
import { Breathing } from "./breathe.ts";
import type { Callback, FitRun, TrainingFiles } from "./callbacks.ts";
import { type Position, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { type Batch, batches, type Dataset, dataset, part } from "./dataset.ts";
import { didYouMean } from "./did-you-mean.ts";
import type { Logs } from "./gathering.ts";
import { epochOrder } from "./shuffle.ts";
import type { Trainer } from "./trainer.ts";

/** Options of `fit`, with Keras' defaults. Keras' own spellings (`batch_size`, `nb_epoch` …) are taken with a note. */
export interface FitOptions {
  /** 32 by default. */
  readonly batchSize?: number;
  /** 1 by default; the last epoch's number, as in Keras, where `initialEpoch` is given. */
  readonly epochs?: number;
  /** [x, y] or [x, y, sampleWeight], evaluated after each epoch. */
  readonly validationData?: readonly unknown[];
  /** The last part of the data, taken before shuffling. */
  readonly validationSplit?: number;
  readonly validationBatchSize?: number;
  /** True by default; the order follows from `seed` and the epoch. */
  readonly shuffle?: boolean;
  readonly sampleWeight?: unknown;
  readonly classWeight?: Readonly<Record<string | number, number>>;
  readonly callbacks?: readonly Callback[];
  /** Ends training at the next batch border; the history so far is returned. */
  readonly signal?: AbortSignal;
  /** Seed of the shuffling; 0 by default. */
  readonly seed?: number;
  readonly initialEpoch?: number;
  /** Batches of an epoch where an iterable gives the data and does not end. */
  readonly stepsPerEpoch?: number;
  /** A checkpoint to go on from. */
  readonly resume?: Uint8Array;
  /** Awaited after every batch; the event loop gets a turn between batches without it. */
  readonly pause?: () => Promise<void>;
  readonly [key: string]: unknown;
}

/** What `fit` gives: Keras' History. */
export interface History {
  /** Epochs run, from 0. */
  readonly epoch: readonly number[];
  /** One value per epoch run, by name: loss, accuracy, val_loss … */
  readonly history: Readonly<Record<string, readonly number[]>>;
  /** Why training ended early; undefined if it ran to the end. */
  readonly stopped?: "aborted" | "callback";
  /** What was understood otherwise than written. */
  readonly notes: readonly string[];
}

const SPELLINGS: Readonly<Record<string, string>> = {
  batch_size: "batchSize",
  nb_epoch: "epochs",
  nbEpoch: "epochs",
  validation_data: "validationData",
  validation_split: "validationSplit",
  validation_batch_size: "validationBatchSize",
  sample_weight: "sampleWeight",
  class_weight: "classWeight",
  initial_epoch: "initialEpoch",
  steps_per_epoch: "stepsPerEpoch",
};
const KNOWN = new Set([
  ...Object.values(SPELLINGS),
  ..."shuffle callbacks signal seed resume pause verbose".split(" "),
]);

/** Options in this package's spelling. @throws {OptionError} If one is unknown. */
function spelled(options: FitOptions): { options: FitOptions; notes: string[] } {
  const notes: string[] = [];
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    const name = Object.hasOwn(SPELLINGS, key) ? SPELLINGS[key]! : key;
    if (name !== key) notes.push(`\`${key}\` is called \`${name}\` here.`);
    if (!KNOWN.has(name)) {
      throw new OptionError(
        `fit: the option \`${key}\` is not known.${didYouMean(key, KNOWN)} Known: ${[...KNOWN].sort().join(", ")}.`,
      );
    }
    out[name] = value;
  }
  return { options: out as FitOptions, notes };
}

function whole(value: unknown, name: string, least: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least) return value;
  throw new OptionError(`fit: \`${name}\` must be a whole number ≥ ${least}; got ${String(value)}.`);
}

/** Where an epoch's batches come from. */
interface Source {
  readonly steps: number | undefined;
  /** Tells one data set from another: part of a checkpoint. */
  readonly fingerprint: string;
  epoch(epoch: number, firstBatch: number): AsyncIterable<Batch> | Iterable<Batch>;
}

function arraySource(data: Dataset, options: FitOptions, batchSize: number): Source {
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

function iterableSource(given: unknown, options: FitOptions): Source | undefined {
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

/**
 * Trains for some epochs. The trainer's weights are the newest afterwards; `syncWeights` gives them to the model.
 *
 * @throws {OptionError} If an option is unknown or contradicts another.
 * @throws {DivergenceError} If a loss or gradient is no longer finite; the weights are those of the batch before.
 */
export async function fit(
  trainer: Trainer,
  x: unknown,
  y: unknown,
  given: FitOptions = {},
  files?: TrainingFiles,
): Promise<History> {
  const { options, notes } = spelled(given);
  const batchSize = whole(options.batchSize ?? 32, "batchSize", 1);
  const epochs = whole(options.epochs ?? 1, "epochs", 0);
  const { source, validation } = prepare(trainer, x, y, options, batchSize);
  const run = new Run(trainer, source, { epochs, steps: source.steps, batchSize }, files);
  let first = whole(options.initialEpoch ?? 0, "initialEpoch", 0);
  if (options.resume) {
    run.restore(options.resume);
    first = run.position.epoch;
  }
  return run.epochs(first, options, validation, notes);
}

function prefixed(logs: Logs): Logs {
  return Object.fromEntries(Object.entries(logs).map(([key, value]) => [`val_${key}`, value]));
}

function prepare(trainer: Trainer, x: unknown, y: unknown, options: FitOptions, batchSize: number) {
  const { validationSplit = 0, validationData } = options;
  if (!(validationSplit >= 0 && validationSplit < 1)) {
    throw new OptionError(`fit: \`validationSplit\` must be at least 0 and below 1; got ${String(validationSplit)}.`);
  }
  let validation: Dataset | undefined;
  if (validationData) {
    const [vx, vy, weights] = validationData;
    validation = dataset(vx as ModelInput, vy, { sampleWeight: weights }, trainer);
  }
  const stream = y === undefined || y === null ? iterableSource(x, options) : undefined;
  if (stream) {
    if (validationSplit > 0) throw new OptionError("fit: `validationSplit` needs arrays, not an iterable.");
    return { source: stream, validation };
  }
  if (options.stepsPerEpoch !== undefined) {
    throw new OptionError("fit: `stepsPerEpoch` is for iterables of batches; arrays are run through once an epoch.");
  }
  let data = dataset(x as ModelInput, y, options, trainer);
  if (validationSplit > 0 && !validation) {
    const kept = Math.floor(data.length * (1 - validationSplit));
    if (kept === 0) throw new OptionError("fit: `validationSplit` leaves no samples to train on.");
    validation = part(data, kept, data.length);
    data = part(data, 0, kept);
  }
  if (data.length === 0) throw new ShapeError("fit: there are no samples.");
  return { source: arraySource(data, options, batchSize), validation };
}

/** One run of `fit`. */
class Run implements FitRun {
  readonly trainer: Trainer;
  readonly params: FitRun["params"];
  readonly files: TrainingFiles | undefined;
  stopTraining = false;
  readonly breathing = new Breathing();
  /** The batch to come. */
  position: Position = { epoch: 0, batch: 0 };
  readonly #source: Source;

  constructor(trainer: Trainer, source: Source, params: FitRun["params"], files: TrainingFiles | undefined) {
    this.files = files;
    this.trainer = trainer;
    this.#source = source;
    this.params = params;
  }

  checkpoint(): Uint8Array {
    return writeCheckpoint(this.trainer, this.position, this.#source.fingerprint);
  }

  restore(bytes: Uint8Array): void {
    this.position = readCheckpoint(this.trainer, bytes, this.#source.fingerprint);
  }

  async epochs(
    first: number,
    options: FitOptions,
    validation: Dataset | undefined,
    notes: readonly string[],
  ): Promise<History> {
    const callbacks = options.callbacks ?? [];
    for (const callback of callbacks) await callback.onTrainBegin?.(this);
    const epoch: number[] = [];
    const history: Record<string, number[]> = {};
    let aborted = false;
    for (let n = first; n < this.params.epochs && !this.stopTraining && !aborted; n++) {
      const logs = await this.epoch(n, callbacks, options);
      aborted = logs === undefined;
      if (!logs) break;
      if (validation)
        Object.assign(
          logs,
          prefixed(await this.validate(validation, options.validationBatchSize ?? this.params.batchSize)),
        );
      this.position = { epoch: n + 1, batch: 0 };
      for (const callback of callbacks) await callback.onEpochEnd?.(n, logs, this);
      epoch.push(n);
      for (const [key, value] of Object.entries(logs)) {
        history[key] ??= [];
        history[key].push(value);
      }
    }
    for (const callback of callbacks) await callback.onTrainEnd?.(this);
    const stopped = aborted ? "aborted" : this.stopTraining ? "callback" : undefined;
    return { epoch, history, notes, ...(stopped && { stopped }) };
  }

  /** The epoch's logs; undefined if it was aborted. */
  async epoch(epoch: number, callbacks: readonly Callback[], options: FitOptions): Promise<Logs | undefined> {
    const { trainer } = this;
    for (const callback of callbacks) await callback.onEpochBegin?.(epoch, this);
    const first = this.position.epoch === epoch ? this.position.batch : 0;
    let batch = first;
    const gathering = trainer.gathering();
    for await (const { x, y, options: own } of this.#source.epoch(epoch, first)) {
      if (options.signal?.aborted) return undefined;
      try {
        trainer.step("train", x, y, own, gathering);
      } catch (error) {
        const ends = error instanceof DivergenceError && callbacks.filter((one) => one.onDivergence?.(error, this));
        if (!ends || ends.length === 0) throw error;
        break;
      }
      this.position = { epoch, batch: batch + 1 };
      for (const callback of callbacks) await callback.onBatchEnd?.(batch, () => trainer.logs(gathering), this);
      batch++;
      if (options.pause) await options.pause();
      await this.breathing.breathe();
      if (this.stopTraining) break;
    }
    return trainer.logs(gathering);
  }

  async validate(data: Dataset, batchSize: number): Promise<Logs> {
    const gathering = this.trainer.gathering();
    for (const { x, y, options } of batches(data, batchSize)) {
      this.trainer.step("test", x, y, options, gathering);
      await this.breathing.breathe();
    }
    return this.trainer.logs(gathering);
  }
}
