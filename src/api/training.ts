import type { ModelInput } from "../model/inputs.ts";
import type { TrainingFiles } from "../training/callbacks.ts";
import type { TrainingState } from "../training/compile-config.ts";
import type { CompileOptions } from "../training/compile-options.ts";
import type { History } from "../training/fit.ts";
import type { FitOptions } from "../training/fit-options.ts";
import type { BatchOptions, Logs } from "../training/gathering.ts";
import type { StepMemory } from "../training/parts.ts";
import type { Trainer } from "../training/trainer.ts";
import type { ExportFormat } from "./export.ts";
import type { Model } from "./model.ts";
import type { WorkerTrainer } from "./remote-trainer.ts";
import type { Platform } from "./source.ts";

/** A platform writes a single file whose name starts with a dot by its own path. */
const ONE_FILE = ".checkpoint";

/**
 * The training side of a model. Its code is loaded when the first batch comes, so that a model that only predicts never
 * pays for it.
 */
export class ModelTraining {
  readonly #model: Model;
  readonly #options: CompileOptions;
  readonly #platform: Platform | undefined;
  #loading: Promise<Trainer> | undefined;
  #trainer: Trainer | undefined;
  /** Trainers in workers, kept for the next fit. */
  readonly #remotes: WorkerTrainer[] = [];
  /** The trainer's version that the model has. */
  #synced = 0;

  constructor(model: Model, options: CompileOptions, platform: Platform | undefined) {
    this.#model = model;
    this.#platform = platform;
    this.#options = options;
  }

  #load(): Promise<Trainer> {
    this.#loading ??= import("../training/index.ts").then(({ Trainer, resumeFrom, rulesOf }) => {
      const { optimizerWeights, trainingConfig } = this.#model.origin;
      const trainer = new Trainer(this.#model.inference, this.#options, rulesOf(trainingConfig));
      resumeFrom(trainer, optimizerWeights, trainingConfig);
      this.#trainer = trainer;
      return trainer;
    });
    return this.#loading;
  }

  /** The trainer, once something has been trained. */
  async trainer(): Promise<Trainer> {
    return this.#load();
  }

  async trainOnBatch(x: ModelInput, y: unknown, options?: BatchOptions): Promise<Logs> {
    const trainer = await this.#load();
    return trainer.trainOnBatch(x, y, options);
  }

  async testOnBatch(x: ModelInput, y: unknown, options?: BatchOptions): Promise<Logs> {
    return (await this.#load()).testOnBatch(x, y, options);
  }

  async evaluate(x: ModelInput, y: unknown, options?: BatchOptions & { readonly batchSize?: number }): Promise<Logs> {
    const trainer = await this.#load();
    const { evaluate } = await import("../training/index.ts");
    return evaluate(trainer, x, y, options);
  }

  async fit(x: unknown, y: unknown, options: FitOptions): Promise<History> {
    const trainer = await this.#load();
    const { fit } = await import("../training/index.ts");
    const files = this.#files();
    const { screen, spawn } = this.#platform ?? {};
    const { WorkerTrainer } = await import("./remote-trainer.ts");
    const remoteOf = (own: Trainer, thread: number): WorkerTrainer => {
      const known = this.#remotes[thread - 1];
      if (known && !known.hasFailed) return known;
      const remote = new WorkerTrainer(own, spawn!());
      this.#remotes[thread - 1] = remote;
      return remote;
    };
    const around = { ...(files && { files }), ...(screen && { screen }), ...(spawn && { remoteOf }) };
    return fit(trainer, x, y, options, around);
  }

  async memory(x: ModelInput, y: unknown, options: BatchOptions & { readonly shards?: number }): Promise<StepMemory> {
    const trainer = await this.#load();
    const { stepMemory } = await import("../training/index.ts");
    return stepMemory(trainer, trainer.readBatch(x, y, options), options.shards ?? 1);
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
    const { trainingState } = await import("../training/index.ts");
    return trainingState(this.#trainer);
  }

  resetStates(): void {
    this.#trainer?.resetStates();
  }

  /** Ends the workers. */
  dispose(): void {
    for (const remote of this.#remotes.splice(0)) remote.terminate();
  }
}
