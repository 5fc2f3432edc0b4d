import { DivergenceError, OptionError, ShapeError } from "../errors.ts";
import { Breathing } from "./breathe.ts";
import type {
  Callback,
  CallbackState,
  FitRun,
  FittedModel,
  RunningLogs,
  TrainingFiles,
} from "./callbacks/callbacks.ts";
import { type Position, type RunState, writeCheckpoint } from "./callbacks/checkpoint.ts";
import type { Source } from "./data/batch-source.ts";
import { evaluateOn, type TestData } from "./evaluate.ts";
import type { Gathering, Logs } from "./gathering.ts";
import { type FitOptions, whole } from "./options/fit-options.ts";
import { testCut } from "./threads/cut-batch.ts";
import type { Threads } from "./threads/threads.ts";
import type { SpanCut, Trainer } from "./trainer.ts";

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

/** What a run is told of its surroundings. */
export interface RunSurroundings {
  readonly files?: TrainingFiles;
  readonly model?: FittedModel;
  isOver?(): boolean;
}

/** One run of `fit`. */
export class Run implements FitRun {
  readonly trainer: Trainer;
  readonly params: FitRun["params"];
  readonly files: TrainingFiles | undefined;
  readonly model: FittedModel | undefined;
  aborted = false;
  resumedAt: number | undefined;
  readonly breathing = new Breathing();
  /** The batch to come. */
  position: Position = { epoch: 0, batch: 0 };
  #stopped = false;
  readonly #isOver: () => boolean;
  /** The first epoch that is run. */
  #first = 0;
  readonly #source: Source;
  readonly #threads: Threads;
  readonly #callbacks: readonly Callback[];
  /** The sums of the epoch that runs. */
  #gathering: Gathering | undefined;

  constructor(
    trainer: Trainer,
    source: Source,
    threads: Threads,
    callbacks: readonly Callback[],
    params: FitRun["params"],
    { files, model, isOver = () => false }: RunSurroundings,
  ) {
    this.files = files;
    this.model = model;
    this.#isOver = isOver;
    this.trainer = trainer;
    this.#source = source;
    this.#threads = threads;
    this.#callbacks = callbacks;
    this.params = params;
  }

  get stopTraining(): boolean {
    return this.#stopped || this.model?.stopTraining === true;
  }

  set stopTraining(stops: boolean) {
    this.#stopped = stops;
    if (this.model) this.model.stopTraining = stops;
  }

  checkpoint(): Uint8Array {
    const { fingerprint, order } = this.#source;
    const { position, stopTraining: stopped } = this;
    const callbacks: Record<string, CallbackState> = {};
    for (const [name, callback] of named(this.#callbacks)) callbacks[name] = callback.state?.() ?? {};
    const gathering = this.#gathering;
    return writeCheckpoint(this.trainer, {
      position,
      data: fingerprint,
      order: order?.at(position),
      gathering,
      callbacks,
      stopped,
    });
  }

  /** Goes on where a checkpoint was written. Callbacks that it does not know start afresh. */
  #resume({ position, gathering, callbacks, stopped }: RunState): void {
    this.position = position;
    this.#gathering = gathering;
    this.stopTraining = stopped;
    for (const [name, callback] of named(this.#callbacks)) {
      const state = callbacks[name];
      if (state) callback.restore?.(state);
    }
  }

  async epochs(
    from: RunState | number,
    options: FitOptions,
    validation: TestData | undefined,
    notes: string[],
  ): Promise<History> {
    const callbacks = this.#callbacks;
    const { validationBatchSize = this.params.batchSize } = options;
    this.resumedAt = typeof from === "number" ? undefined : from.position.epoch;
    for (const callback of callbacks) await callback.onTrainBegin?.(this);
    if (typeof from !== "number") this.#resume(from);
    const epoch: number[] = [];
    const history: Record<string, number[]> = {};
    const validates = validationEpochs(options.validationFreq);
    const first = typeof from === "number" ? from : this.position.epoch;
    this.#first = first;
    for (let n = first; n < this.params.epochs && !this.stopTraining && !this.aborted; n++) {
      const logs = await this.epoch(n, options, notes);
      if (!logs) break;
      if (validation && validates(n)) {
        Object.assign(logs, prefixed(await this.#validate(validation, validationBatchSize, testCut(options))));
      }
      this.position = { epoch: n + 1, batch: 0 };
      this.#gathering = undefined;
      for (const callback of callbacks) await callback.onEpochEnd?.(n, logs, this);
      for (const callback of callbacks) await callback.afterEpoch?.(n, logs, this);
      epoch.push(n);
      for (const [key, value] of Object.entries(logs)) {
        history[key] ??= [];
        history[key].push(value);
      }
    }
    // What was aborted goes on with the weights themselves.
    if (!this.aborted) this.trainer.finalize();
    for (const callback of callbacks) await callback.onTrainEnd?.(this);
    const stopped = this.aborted ? "aborted" : this.stopTraining ? "callback" : undefined;
    return { epoch, history, notes, ...(stopped && { stopped }) };
  }

  /** Ends training where an iterable has no more batches. @throws {ShapeError} If it never had one. */
  #ranDry(epoch: number, notes: string[]): undefined {
    if (epoch === this.#first) throw new ShapeError("fit: the iterable gave no batch.");
    notes.push(
      `Training ended after ${epoch} epochs: the iterable gave no more batches. Give fit a function of the epoch that opens it anew, or \`stepsPerEpoch\`.`,
    );
    this.stopTraining = true;
    return undefined;
  }

  async #validate(data: TestData, batchSize: number, cut: SpanCut): Promise<Logs> {
    for (const callback of this.#callbacks) await callback.onTestBegin?.(this);
    const logs = await evaluateOn(this.trainer, data, batchSize, this.breathing, cut);
    for (const callback of this.#callbacks) await callback.onTestEnd?.(logs, this);
    return logs;
  }

  /** The epoch's logs; undefined if it was aborted, or there was no data left for it. */
  async epoch(epoch: number, options: FitOptions, notes: string[]): Promise<Logs | undefined> {
    const { trainer } = this;
    const callbacks = this.#callbacks;
    for (const callback of callbacks) await callback.onEpochBegin?.(epoch, this);
    const first = this.position.epoch === epoch ? this.position.batch : 0;
    let batch = first;
    const gathering = (first > 0 && this.#gathering) || trainer.gathering();
    this.#gathering = gathering;
    for await (const { x, y, options: own } of this.#source.epoch(epoch, first)) {
      if (this.#isOver()) {
        throw new OptionError("fit: the model was disposed of, or compiled anew, while it was trained.");
      }
      if (options.signal?.aborted) {
        this.aborted = true;
        return undefined;
      }
      for (const callback of callbacks) {
        await callback.onBatchBegin?.(batch, this);
        await callback.onTrainBatchBegin?.(batch, this);
      }
      try {
        await this.#threads.step(x, y, own, gathering, this.breathing);
      } catch (error) {
        const ends = error instanceof DivergenceError && callbacks.filter((one) => one.onDivergence?.(error, this));
        if (!ends || ends.length === 0) throw error;
        break;
      }
      this.position = { epoch, batch: batch + 1 };
      const logs = runningLogs(() => trainer.logs(gathering));
      for (const callback of callbacks) {
        await callback.onBatchEnd?.(batch, logs, this);
        await callback.onTrainBatchEnd?.(batch, logs, this);
      }
      batch++;
      if (options.pause) await options.pause();
      await this.breathing.breathe();
      if (this.stopTraining) break;
    }
    if (batch === 0 && !this.stopTraining) return this.#ranDry(epoch, notes);
    return trainer.logs(gathering);
  }
}

/** Running means by name and as a function: computed when asked for. */
function runningLogs(read: () => Logs): RunningLogs {
  let known: Logs | undefined;
  const logs = (() => (known ??= read())) as RunningLogs;
  return new Proxy(logs, {
    get: (_, name) => logs()[name as string],
    has: (_, name) => name in logs(),
    ownKeys: () => Reflect.ownKeys(logs()),
    getOwnPropertyDescriptor: (_, name) => Object.getOwnPropertyDescriptor(logs(), name),
  });
}

function prefixed(logs: Logs): Logs {
  return Object.fromEntries(Object.entries(logs).map(([key, value]) => [`val_${key}`, value]));
}

/** Tells after which epochs (from 0) to validate. @throws {OptionError} */
function validationEpochs(frequency: FitOptions["validationFreq"] = 1): (epoch: number) => boolean {
  if (Array.isArray(frequency)) return (epoch) => frequency.includes(epoch + 1);
  const every = whole(frequency, "validationFreq", 1);
  return (epoch) => (epoch + 1) % every === 0;
}

/** Callbacks that have a name, each with a number where several have one. */
function named(callbacks: readonly Callback[]): readonly (readonly [string, Callback])[] {
  const seen = new Map<string, number>();
  return callbacks.flatMap((callback) => {
    if (!callback.name) return [];
    const count = seen.get(callback.name) ?? 0;
    seen.set(callback.name, count + 1);
    return [[`${callback.name}.${count}`, callback] as const];
  });
}
