import { OptionError } from "../errors.ts";
import type { ModelInput } from "../model/inputs.ts";
import { isNumbers, isTensor } from "../tensor.ts";
import type { TrainingFiles } from "../training/callbacks/callbacks.ts";
import {
  type BatchOptions,
  batchNames,
  checkCompile,
  compileNames,
  EVALUATE,
  type EvaluateOptions,
  evaluate,
  type FitOptions,
  fit,
  type History,
  iterableOf,
  type Logs,
  type MemoryOptions,
  ModelOptimizer,
  namedOptions,
  resumeFrom,
  rulesOf,
  Trainer,
  type TrainingMemory,
  trainingMemory,
  trainingState,
} from "../training/index.ts";
import type { TrainingState } from "../training/options/compile-config.ts";
import type { CompileOptions } from "../training/options/compile-options.ts";
import type { ExportFormat } from "./export.ts";
import type { Platform } from "./source.ts";
import type { TrainableModel } from "./trainable-model.ts";
import type { WorkerTrainer } from "./workers/remote-trainer.ts";

/** A platform writes a single file whose name starts with a dot by its own path. */
const ONE_FILE = ".checkpoint";

/** The training side of a model. Its code is loaded by `compile`, so that a model that only predicts never pays for it. */
export class ModelTraining {
  /** Set by callbacks to end a fit. */
  stopTraining = false;
  /** What the last fit gave. */
  history: History | undefined;
  readonly optimizer = new ModelOptimizer(() => this.trainer);
  readonly #model: TrainableModel;
  readonly #options: CompileOptions;
  /** True if nothing was compiled but what the file says. */
  readonly #isOwn: boolean;
  readonly #platform: Platform | undefined;
  #trainer: Trainer | undefined;
  /** Trainers in workers, kept for the next fit. */
  readonly #remotes: WorkerTrainer[] = [];
  /** The trainer's version that the model has. */
  #synced = 0;
  #isFitting = false;
  #isOver = false;

  constructor(model: TrainableModel, options: CompileOptions, platform: Platform | undefined) {
    this.#model = model;
    this.#platform = platform;
    this.#options = compileNames(options);
    this.#isOwn = options === model.origin.trainingConfig;
  }

  /** @throws {OptionError} If an option, or the name of an optimizer, a loss or a metric is not known. */
  check(): void {
    checkCompile(this.#options);
  }

  /** What trains: made when first asked for, from the layers' weights and flags of that moment. */
  get trainer(): Trainer {
    if (this.#isOver) throw new OptionError("The model has been disposed of, or compiled anew.");
    if (!this.#trainer) {
      const { origin } = this.#model;
      const rules = rulesOf(origin.trainingConfig, this.#model.profile);
      const trainer = new Trainer(this.#model.inference, this.#options, rules);
      resumeFrom(trainer, origin, this.#isOwn);
      this.#trainer = trainer;
    }
    return this.#trainer;
  }

  get metricsNames(): readonly string[] {
    const { trainer } = this;
    return Object.keys(trainer.logs(trainer.gathering()));
  }

  trainOnBatch(x: ModelInput, y: unknown, options?: BatchOptions): Logs {
    return this.trainer.trainOnBatch(x, y, namedOptions(batchNames("trainOnBatch"), options).options);
  }

  testOnBatch(x: ModelInput, y: unknown, options?: BatchOptions): Logs {
    return this.trainer.testOnBatch(x, y, namedOptions(batchNames("testOnBatch"), options).options);
  }

  async evaluate(x: unknown, y: unknown, given?: EvaluateOptions): Promise<Logs> {
    const hasNoTargets = given === undefined && iterableOf(x) !== undefined && isOptions(y);
    const { options } = namedOptions(EVALUATE, hasNoTargets ? y : given);
    return evaluate(this.trainer, x, hasNoTargets ? undefined : y, options);
  }

  async fit(x: unknown, y: unknown, given: FitOptions): Promise<History> {
    // fit(batches, { epochs: 2 })
    const hasNoTargets = Object.keys(given).length === 0 && iterableOf(x) !== undefined && isOptions(y);
    const [targets, options] = hasNoTargets ? [undefined, y as FitOptions] : [y, given];
    const files = this.#files();
    const { screen, spawn } = this.#platform ?? {};
    const { WorkerTrainer } = await import("./workers/remote-trainer.ts");
    const remoteOf = (trainer: Trainer, thread: number): WorkerTrainer => {
      const known = this.#remotes[thread - 1];
      if (known && !known.hasFailed) return known;
      const remote = new WorkerTrainer(trainer, spawn!());
      this.#remotes[thread - 1] = remote;
      return remote;
    };
    const own = { model: this.#model, isOver: () => this.#isOver };
    const around = { ...own, ...(files && { files }), ...(screen && { screen }), ...(spawn && { remoteOf }) };
    if (this.#isFitting) {
      throw new OptionError(
        "fit: another fit trains this model at the moment. Await it first, or end it with its `signal`.",
      );
    }
    this.#isFitting = true;
    try {
      this.history = await fit(this.trainer, x, targets, options, around);
      return this.history;
    } finally {
      this.#isFitting = false;
    }
  }

  memory(x: ModelInput, y: unknown, options: MemoryOptions): TrainingMemory {
    const { trainer } = this;
    return trainingMemory(trainer, trainer.readBatch(x, y, options), options);
  }

  #files(): TrainingFiles | undefined {
    const { write, append, read } = this.#platform ?? {};
    if (!write || !append || !read) return undefined;
    const writeOne = (path: string, bytes: Uint8Array) => write(path, { [ONE_FILE]: bytes });
    return {
      write: writeOne,
      append,
      read,
      save: async (path) => void (await this.#model.save(path)),
      saveWeights: async (path) => {
        const { files } = await this.#model.export("keras");
        const { readKerasZip } = await import("../formats/keras/containers/zip.ts");
        await writeOne(path, readKerasZip(files[".keras"]!, "the model").weights[0]!);
      },
    };
  }

  /** Gives the model the trained weights, if they are newer. */
  syncToModel(): void {
    if (!this.#trainer || this.#trainer.version === this.#synced) return;
    this.#synced = this.#trainer.version;
    this.#trainer.syncWeights();
  }

  /** Gives the trainer the model's weights, which have been set from outside. */
  syncFromModel(): void {
    if (!this.#trainer) return;
    this.#synced = this.#trainer.version;
    this.#trainer.loadWeights();
  }

  /** What a file says of the training; undefined before the first batch, or if the format's Keras has other rules. */
  async state(format: ExportFormat): Promise<TrainingState | undefined> {
    // The update rules of models from before Keras 3 are others.
    const foreign = format === "keras" && /^keras[12]$/.test(this.#model.profile.era);
    if (!this.#trainer || foreign) return undefined;
    return trainingState(this.#trainer);
  }

  resetStates(): void {
    this.#trainer?.resetStates();
  }

  /** Ends the workers, and a fit that runs. */
  dispose(): void {
    this.#isOver = true;
    for (const remote of this.#remotes.splice(0)) remote.terminate();
  }
}

/** True for what can only be options: an object without tensors. */
function isOptions(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isTensor(value) && !isNumbers(value);
}

/** Begins the training of a model. */
export function trainingOf(
  model: TrainableModel,
  options: CompileOptions,
  platform: Platform | undefined,
): ModelTraining {
  return new ModelTraining(model, options, platform);
}
