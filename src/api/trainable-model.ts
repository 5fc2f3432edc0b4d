import type { ModelInput } from "../model/inputs.ts";
import type { InferenceModel } from "../model/model.ts";
import type {
  BatchOptions,
  EvaluateOptions,
  FitOptions,
  History,
  Logs,
  MemoryOptions,
  ModelOptimizer,
  TrainingMemory,
} from "../training/index.ts";
import type { CompileOptions } from "../training/options/compile-options.ts";
import { Compilation } from "./compilation.ts";
import { DescribedModel } from "./described-model.ts";
import type { ExportedModel, ExportFormat, ExportOptions } from "./export.ts";
import type { ModelOrigin } from "./origin.ts";
import type { Platform } from "./source.ts";
import type { ModelTraining } from "./training.ts";
import { SharedWeights } from "./workers/shared-weights.ts";

/** How a model is trained: `compile`, `fit`, `evaluate`, and what goes with them. */
export abstract class TrainableModel extends DescribedModel {
  /** What the entry has: files, workers, a screen. Not part of the stable interface. */
  protected readonly platform: Platform | undefined;
  /** What `compile` has made. Not part of the stable interface. */
  protected readonly compiled: Compilation;
  /** The weights that layers, kernels, the trainer and other models hold. Not part of the stable interface. */
  protected readonly shared = new SharedWeights(
    () => {
      this.inference.refreshWeights();
      this.compiled.training?.syncFromModel();
    },
    () => this.compiled.training?.syncToModel(),
  );

  constructor(inference: InferenceModel | undefined, origin: ModelOrigin, platform?: Platform, self?: object) {
    super(inference, origin, self);
    this.platform = platform;
    this.compiled = new Compilation(this, platform);
    if (inference) this.adopt(inference);
  }

  /** Shares the weights of the model's layers with other models of theirs. Not part of the stable interface. */
  protected adopt({ root }: InferenceModel): void {
    this.shared.adopt(root);
  }

  abstract export(format: ExportFormat, options?: ExportOptions): Promise<ExportedModel>;
  abstract save(target: string): Promise<readonly string[]>;

  /**
   * Says how the model is to be trained: Keras' optimizer, loss and metrics, by name or as Keras serialises them.
   *
   * @returns When the training code is there and knows all the names. Nobody needs to wait for it: what is not known is
   * told by the first call that trains, too.
   * @example
   * model.compile({ optimizer: "adam", loss: "binary_crossentropy", metrics: ["accuracy"] });
   */
  compile(options: CompileOptions = {}): Promise<void> {
    if (this.compiled.training) this.shared.settle();
    return this.compiled.begin(options);
  }

  /** The training side with the newest weights. */
  async #training(): Promise<ModelTraining> {
    const training = await this.compiled.ready();
    if (this.shared.mayDiffer) this.shared.settle();
    return training;
  }

  /**
   * The optimizer: `learningRate` to read and set, `iterations`, `getConfig()`.
   *
   * @throws {OptionError} If the model is not compiled; for a loaded model `compile` must be waited for.
   */
  get optimizer(): ModelOptimizer {
    return this.compiled.needed.optimizer;
  }

  /** Names of the loss and metrics, as `evaluate` gives them. @throws {OptionError} If the model is not compiled. */
  get metricsNames(): readonly string[] {
    return this.compiled.needed.metricsNames;
  }

  /** What the last `fit` gave; undefined before. */
  get history(): History | undefined {
    return this.compiled.training?.history;
  }

  /** Set to true, from a callback say, it ends `fit` after the batch or epoch at hand; each `fit` begins with false. */
  get stopTraining(): boolean {
    return this.compiled.training?.stopTraining ?? false;
  }

  set stopTraining(stops: boolean) {
    const { training } = this.compiled;
    if (training) training.stopTraining = stops;
  }

  /**
   * Trains for some epochs. A model whose file says how it was compiled needs no `compile`.
   *
   * @param x - [samples, …], an iterable of [x, y] batches, or a function of the epoch that gives one.
   * @param y - Targets, as many as samples.
   * @returns Loss and metrics of each epoch under Keras' keys.
   * @throws {OptionError} If the model is not compiled or an option is unknown.
   * @throws {ShapeError} If arrays differ in their number of samples.
   * @throws {DivergenceError} If a loss or gradient is not finite; the weights are those of the batch before.
   * @example
   * const history = await model.fit(x, y, { batchSize: 32, epochs: 5, validationData: [xVal, yVal] });
   */
  async fit(x: unknown, y?: unknown, options: FitOptions = {}): Promise<History> {
    return (await this.#training()).fit(x, y, options);
  }

  /**
   * Loss and metrics over a data set, in inference mode; the event loop gets its turns.
   *
   * @param x - [samples, …], or an iterable of [x, y] batches, of which `steps` are looked at.
   * @param y - Targets, as many as samples.
   * @returns `loss` and the metrics, by the names of {@link metricsNames}.
   * @throws {OptionError} If the model is not compiled or an option is unknown.
   * @throws {ShapeError} If arrays do not fit the model or each other, or there are no samples.
   * @example
   * const { loss, accuracy } = await model.evaluate(x, y, { batchSize: 64 });
   */
  async evaluate(x: unknown, y?: unknown, options?: EvaluateOptions): Promise<Logs> {
    return (await this.#training()).evaluate(x, y, options);
  }

  /**
   * One update on one batch.
   *
   * @param x - [batch, …]: the inputs of any number of samples; `y` has as many targets.
   * @returns The batch's loss and metrics before the update.
   * @throws {OptionError} If the model is not compiled or an option is unknown.
   * @throws {ShapeError} If an array does not fit the model.
   * @throws {DivergenceError} If the loss or a gradient is not finite; nothing was updated then.
   * @example
   * const { loss } = await model.trainOnBatch(x, y, { sampleWeight: [1, 0.5] });
   */
  async trainOnBatch(x: ModelInput, y: unknown, options?: BatchOptions): Promise<Logs> {
    return (await this.#training()).trainOnBatch(x, y, options);
  }

  /**
   * The bytes that training takes on such a batch: `{ persistent, tape, total, parts, least }`. Nothing is computed.
   *
   * @param options - `shards` and `memoryLimit`, as `fit` takes them: how would the step be cut, and what does it take then?
   * @returns Also the `least` limit that `fit` can keep, and `spanSteps` where recurrent layers compute anew on the way back.
   * @throws {OptionError} If the model is not compiled, or the limit is less than that.
   * @example
   * const { total, least } = await model.trainingMemory(x, y);
   */
  async trainingMemory(x: ModelInput, y: unknown, options: MemoryOptions = {}): Promise<TrainingMemory> {
    return (await this.#training()).memory(x, y, options);
  }

  /** Loss and metrics of one batch in inference mode; takes and throws what {@link trainOnBatch} does. */
  async testOnBatch(x: ModelInput, y: unknown, options?: BatchOptions): Promise<Logs> {
    return (await this.#training()).testOnBatch(x, y, options);
  }
}
