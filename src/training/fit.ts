import { OptionError, ShapeError } from "../errors.ts";
import type { ModelInput } from "../model/inputs.ts";
import type { Callback, FittedModel, TrainingFiles } from "./callbacks/callbacks.ts";
import { readCheckpoint } from "./callbacks/checkpoint.ts";
import { type ProgressScreen, progressLine } from "./callbacks/progress.ts";
import { readCallbacks } from "./callbacks/read-callbacks.ts";
import { arraySource, iterableSource } from "./data/batch-source.ts";
import { checkData } from "./data/check-data.ts";
import { type Dataset, dataset, part } from "./data/dataset.ts";
import { testData } from "./evaluate.ts";
import { type History, Run } from "./fit-run.ts";
import { type FitOptions, spelled, verbosity, whole } from "./options/fit-options.ts";
import { testCut } from "./threads/cut-batch.ts";
import { type RemoteOf, Threads } from "./threads/threads.ts";
import type { Trainer } from "./trainer.ts";

/** What a platform lends to `fit`. */
export interface Surroundings {
  readonly files?: TrainingFiles;
  screen?(): Promise<ProgressScreen>;
  /** Trainers on other threads. */
  readonly remoteOf?: RemoteOf;
  /** Whose training it is: callbacks see it, and its `stopTraining` ends it. */
  readonly model?: FittedModel;
  /** True once the trainer is no longer the model's: `fit` ends with an error then. */
  isOver?(): boolean;
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
  around: Surroundings = {},
): Promise<History> {
  const { options, notes } = spelled(given);
  const { files, model } = around;
  const verbose = verbosity(options.verbose);
  const batchSize = whole(options.batchSize ?? 32, "batchSize", 1);
  const epochs = whole(options.epochs ?? 1, "epochs", 0);
  whole(options.seed ?? 0, "seed", Number.NEGATIVE_INFINITY);
  checkSignal(options.signal);
  const asked = readCallbacks(options.callbacks);
  const { source, validation } = prepare(trainer, x, y, options, batchSize);
  const initialEpoch = whole(options.initialEpoch ?? 0, "initialEpoch", 0);
  const threads = new Threads(trainer, options, around.remoteOf);
  const fingerprint = `${source.fingerprint}${threads.fingerprint}`;
  const screen = verbose === 0 ? undefined : await around.screen?.();
  const shown = screen && verbose !== 0 ? [progressLine(screen, verbose)] : [];
  const callbacks = [...asked, ...shown];
  try {
    const checkpoint = (await checkpointFrom(options.resume, files)) ?? (await savedBy(callbacks, files));
    const resumed = checkpoint && readCheckpoint(trainer, checkpoint, fingerprint);
    if (resumed?.order) source.order?.expect(resumed.order);
    const params = { epochs, steps: source.steps, batchSize };
    if (model) model.stopTraining = false;
    for (const callback of callbacks) {
      callback.params = params;
      callback.model = model;
      callback.setParams?.(params);
      if (model) callback.setModel?.(model);
    }
    const run = new Run(trainer, { ...source, fingerprint }, threads, callbacks, params, around);
    const done = await run.epochs(resumed ?? initialEpoch, options, validation, notes);
    return { ...done, notes: [...notes, ...trainer.notes, ...threads.notes] };
  } finally {
    for (const callback of callbacks) await callback.release?.();
  }
}

/** @throws {OptionError} If it is none. */
function checkSignal(signal: unknown): void {
  if (signal === undefined || (typeof signal === "object" && signal !== null && "aborted" in signal)) return;
  throw new OptionError(`fit: \`signal\` must be an AbortSignal, new AbortController().signal; got ${String(signal)}.`);
}

/** @throws {OptionError} If it is no checkpoint, or there is no such file. */
async function checkpointFrom(given: unknown, files: TrainingFiles | undefined): Promise<Uint8Array | undefined> {
  if (given === undefined || given instanceof Uint8Array) return given;
  if (given instanceof ArrayBuffer) return new Uint8Array(given);
  if (typeof given !== "string" || !files) {
    const takes = `a checkpoint's bytes${files ? " or its path" : ""}`;
    throw new OptionError(
      `fit: \`resume\` takes ${takes}; got ${typeof given === "string" ? "a string" : String(given)}.`,
    );
  }
  const bytes = await files.read(given);
  if (bytes) return bytes;
  throw new OptionError(`fit: there is no checkpoint ${given} to resume from.`);
}

/** A checkpoint that a callback has kept of a run that was interrupted. */
async function savedBy(callbacks: readonly Callback[], files: TrainingFiles | undefined) {
  for (const callback of callbacks) {
    const saved = await callback.saved?.(files);
    if (saved) return saved;
  }
  return undefined;
}

/** Fewer rows are looked at at once where memory is limited. */
const FEW = 8;

function check(trainer: Trainer, data: Dataset, options: FitOptions, batchSize: number, what: string): void {
  const isLimited = options.memoryLimit !== undefined && !trainer.model.stateful;
  checkData(trainer, data, isLimited ? Math.min(batchSize, FEW) : batchSize, what, testCut(options));
}

/** What is trained on and what is validated with. @throws {OptionError} @throws {ShapeError} If they do not fit. */
function prepare(trainer: Trainer, x: unknown, y: unknown, options: FitOptions, batchSize: number) {
  const { validationSplit = 0, validationData } = options;
  if (!(validationSplit >= 0 && validationSplit < 1)) {
    throw new OptionError(`fit: \`validationSplit\` must be at least 0 and below 1; got ${String(validationSplit)}.`);
  }
  const { validationSteps } = options;
  if (validationSteps !== undefined) whole(validationSteps, "validationSteps", 1);
  if (options.stepsPerEpoch !== undefined) whole(options.stepsPerEpoch, "stepsPerEpoch", 1);
  let validation = validationData === undefined ? undefined : testData(trainer, validationData, validationSteps);
  const stream = y === undefined || y === null ? iterableSource(x, options) : undefined;
  const { validationBatchSize = batchSize } = options;
  if (validation?.set) check(trainer, validation.set, options, validationBatchSize, "validationData");
  if (stream) {
    if (validationSplit > 0) throw new OptionError("fit: `validationSplit` needs arrays, not an iterable.");
    return { source: stream, validation };
  }
  let data = dataset(x as ModelInput, y, options, trainer);
  if (validationSplit > 0 && !validation) {
    const kept = Math.floor(data.length * (1 - validationSplit));
    if (kept === 0) throw new OptionError("fit: `validationSplit` leaves no samples to train on.");
    // Keras 1 and 2 weigh the samples left out by their classes, too.
    const weighsAll = trainer.profile.era === "keras1" || trainer.profile.era === "keras2";
    const held = options.classWeight && !weighsAll ? dataset(x as ModelInput, y, {}, trainer) : data;
    validation = { set: part(held, kept, data.length), steps: validationSteps };
    check(trainer, validation.set!, options, validationBatchSize, "the samples that `validationSplit` holds back");
    data = part(data, 0, kept);
  }
  if (data.length === 0) throw new ShapeError("fit: there are no samples.");
  check(trainer, data, options, batchSize, "x");
  return { source: arraySource(data, options, batchSize), validation };
}
