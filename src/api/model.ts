import { OptionError, UnsupportedLayerError } from "../errors.ts";
import type { ModelInput } from "../model/inputs.ts";
import type { InferenceModel, PredictOptions } from "../model/model.ts";
import { Session, type SessionOptions } from "../model/session.ts";
import type { Tensor } from "../tensor.ts";
import type { EvaluateOptions } from "../training/evaluate.ts";
import type { History } from "../training/fit-run.ts";
import type { BatchOptions, Logs } from "../training/gathering.ts";
import type { ModelOptimizer } from "../training/optimizers/model-optimizer.ts";
import type { CompileOptions } from "../training/options/compile-options.ts";
import type { FitOptions } from "../training/options/fit-options.ts";
import type { StepMemory } from "../training/threads/parts.ts";
import { DescribedModel } from "./described-model.ts";
import type { ExportedModel, ExportFormat, ExportOptions } from "./export.ts";
import type { ModelOrigin } from "./origin.ts";
import { type OutputTarget, targetArrays } from "./output-target.ts";
import type { Platform } from "./source.ts";
import type { ModelTraining } from "./training.ts";
import { type VerifyResult, verifyPair } from "./verify.ts";
import { replaceWeights, weightsOf } from "./weights.ts";
import { ParallelModel, type ParallelOptions } from "./workers/parallel.ts";
import { SharedWeights } from "./workers/shared-weights.ts";

/** A prediction: one tensor, or an array of them for a model of several outputs. */
export type Prediction = Tensor & readonly Tensor[];

/**
 * A loaded model. It owns one instance of the kernels and one memory, both dropped by {@link Model.dispose}.
 *
 * @example
 * const model = await loadModel("models/sentiment");
 * const y = model.predict([[1, 14, 22, 16]]);
 * console.log(y.data[0]);
 * model.dispose();
 */
export class Model extends DescribedModel {
  readonly #platform: Platform | undefined;
  #training: ModelTraining | undefined;
  #loading: Promise<ModelTraining> | undefined;
  readonly #weights = new SharedWeights(
    () => {
      this.inference.refreshWeights();
      this.#training?.syncFromModel();
    },
    () => this.#training?.syncToModel(),
  );

  constructor(inference: InferenceModel | undefined, origin: ModelOrigin, platform?: Platform, self?: object) {
    super(inference, origin, self);
    this.#platform = platform;
    if (inference) this.adopt(inference);
  }

  /** Shares the weights of the model's layers with other models of theirs. Not part of the stable interface. */
  protected adopt({ root }: InferenceModel): void {
    this.#weights.adopt(root);
  }

  /**
   * Computes the outputs for a batch, synchronously.
   *
   * @param x - [batch, …] as a tensor or nested arrays; for several inputs an array of them or an object by input name.
   * @returns A tensor that the caller owns; for several outputs an array of tensors.
   * @throws {ShapeError} If an input is missing or its rank, width or dtype is wrong; nothing has changed then.
   * @example
   * const y = model.predict({ data: new Float32Array(20 * 8), shape: [1, 20, 8] });
   */
  predict(x: ModelInput, options?: PredictOptions): Prediction {
    this.#weights.settle();
    const outputs = this.inference.run(x, options);
    return (outputs.length === 1 ? outputs[0] : outputs) as Prediction;
  }

  /**
   * Like {@link predict}, into memory of the caller's.
   *
   * @param out - One array or tensor per output, each of exactly the output's length.
   * @throws {ShapeError} If a length is wrong; `out` is unchanged then.
   */
  predictInto(out: OutputTarget | readonly OutputTarget[], x: ModelInput, options?: PredictOptions): void {
    this.#weights.settle();
    this.inference.run(x, options, targetArrays(out));
  }

  /**
   * Recomputes the input/output pair that the model's file carries. States are reset before and after.
   *
   * @returns Whether it holds within the stored tolerance; undefined if the file carries none.
   */
  verify(): VerifyResult | undefined {
    const { verifyPair: pair } = this.origin;
    return pair && verifyPair(this, pair);
  }

  /** Sets the states of stateful layers to zero, and lets the next call choose another batch size. */
  resetStates(): void {
    this.inference.resetStates();
    this.#training?.resetStates();
  }

  /**
   * Says how the model is to be trained: Keras' optimizer, loss and metrics, by name or as Keras serialises them.
   *
   * @returns When the training code is there and knows all the names. Nobody needs to wait for it: what is not known is
   * told by the first call that trains, too.
   * @example
   * model.compile({ optimizer: "adam", loss: "binary_crossentropy", metrics: ["accuracy"] });
   */
  compile(options: CompileOptions = {}): Promise<void> {
    if (typeof options !== "object" || options === null) {
      throw new OptionError(
        'compile takes one object: model.compile({ optimizer: "adam", loss: "mse", metrics: ["mae"] }).',
      );
    }
    if (this.#training) this.#weights.settle();
    this.#training?.dispose();
    this.#training = this.#platform?.train?.(this, options);
    this.#loading = this.#training
      ? Promise.resolve(this.#training)
      : import("./training.ts").then(({ trainingOf }) => (this.#training = trainingOf(this, options, this.#platform)));
    const ready = this.#loading.then((training) => training.check());
    ready.catch(() => undefined);
    return ready;
  }

  async #compiled(): Promise<ModelTraining> {
    const { trainingConfig } = this.origin;
    if (!this.#loading && trainingConfig) this.compile(trainingConfig as CompileOptions);
    if (!this.#loading) {
      throw new OptionError('The model is not compiled: call model.compile({ optimizer: "adam", loss: … }) first.');
    }
    const training = await this.#loading;
    if (this.#weights.mayDiffer) this.#weights.settle();
    return training;
  }

  #trained(): ModelTraining {
    if (this.#training) return this.#training;
    throw new OptionError("The model is not compiled, or not yet: `await model.compile({ … })` first.");
  }

  /**
   * The optimizer: `learningRate` to read and set, `iterations`, `getConfig()`.
   *
   * @throws {OptionError} If the model is not compiled; for a loaded model `compile` must be waited for.
   */
  get optimizer(): ModelOptimizer {
    return this.#trained().optimizer;
  }

  /** Names of the loss and metrics, as `evaluate` gives them. @throws {OptionError} If the model is not compiled. */
  get metricsNames(): readonly string[] {
    return this.#trained().metricsNames;
  }

  /** What the last `fit` gave; undefined before. */
  get history(): History | undefined {
    return this.#training?.history;
  }

  /** Set to true, from a callback say, it ends `fit` after the batch or epoch at hand. */
  get stopTraining(): boolean {
    return this.#training?.stopTraining ?? false;
  }

  set stopTraining(stops: boolean) {
    if (this.#training) this.#training.stopTraining = stops;
  }

  /**
   * Trains for some epochs. A model whose file says how it was compiled needs no `compile`.
   *
   * @param x - [samples, …], an iterable of [x, y] batches, or a function of the epoch that gives one.
   * @param y - Targets, as many as samples.
   * @returns Loss and metrics of each epoch under Keras' keys.
   * @throws {OptionError} If the model is not compiled or an option is unknown.
   * @throws {ShapeError} If arrays differ in their number of samples.
   * @example
   * const history = await model.fit(x, y, { batchSize: 32, epochs: 5, validationData: [xVal, yVal] });
   */
  async fit(x: unknown, y?: unknown, options: FitOptions = {}): Promise<History> {
    return (await this.#compiled()).fit(x, y, options);
  }

  /**
   * Loss and metrics over a data set, in inference mode; the event loop gets its turns.
   *
   * @param x - [samples, …], or an iterable of [x, y] batches, of which `steps` are looked at.
   */
  async evaluate(x: unknown, y?: unknown, options?: EvaluateOptions): Promise<Logs> {
    return (await this.#compiled()).evaluate(x, y, options);
  }

  /** One update on one batch; gives the batch's loss and metrics before the update. */
  async trainOnBatch(x: ModelInput, y: unknown, options?: BatchOptions): Promise<Logs> {
    return (await this.#compiled()).trainOnBatch(x, y, options);
  }

  /**
   * The bytes that training takes on such a batch: `{ persistent, tape, total }`. Nothing is computed.
   *
   * @param options - `shards`: parts in which the batch is computed, one after the other.
   * @throws {OptionError} If the model is not compiled.
   * @example
   * const { total } = await model.trainingMemory(x, y);
   */
  async trainingMemory(
    x: ModelInput,
    y: unknown,
    options: BatchOptions & { readonly shards?: number } = {},
  ): Promise<StepMemory> {
    return (await this.#compiled()).memory(x, y, options);
  }

  /** Loss and metrics of one batch in inference mode. */
  async testOnBatch(x: ModelInput, y: unknown, options?: BatchOptions): Promise<Logs> {
    return (await this.#compiled()).testOnBatch(x, y, options);
  }

  /** The outputs for one batch. */
  predictOnBatch(x: ModelInput): Prediction {
    return this.predict(x);
  }

  /**
   * The model as files. A model that was trained here brings its optimizer's state (not for TF.js).
   *
   * @param format - "rnn-wasm" (our own), "keras" (Keras 3), "h5" (Keras 2, tf.keras), "tfjs".
   * @throws {OptionError} If the format or an option is not known or does not go with the others.
   * @throws {UnsupportedLayerError} If the format cannot express something; `approximate` writes it with a note.
   */
  async export(format: ExportFormat, options?: ExportOptions): Promise<ExportedModel> {
    const { exportModel } = await import("./export.ts");
    this.#weights.settle();
    const training = options?.includeOptimizer === false ? undefined : await this.#training?.state(format);
    return exportModel(this.inference, format, options, training);
  }

  /**
   * Writes the model to a file or folder; the format follows the ending: `.keras`, `.h5`, or a folder for our own.
   *
   * @returns Notes on what was changed on the way.
   * @throws {OptionError} Where there are no files (browsers: use {@link export}).
   * @example
   * await model.save("repaired.keras");
   */
  async save(
    target: string,
    options: ExportOptions & { readonly format?: ExportFormat } = {},
  ): Promise<readonly string[]> {
    const write = this.#platform?.write;
    if (!write) {
      throw new OptionError("There are no files to save to here; use model.export(format) and keep the bytes.");
    }
    const ending = /\.(keras|h5|hdf5)$/i.exec(target)?.[1]?.toLowerCase();
    const format = options.format ?? (ending === "keras" ? "keras" : ending ? "h5" : "rnn-wasm");
    const { files, notes } = await this.export(format, options);
    await write(target, files);
    return notes;
  }

  /**
   * A running sequence: feed it one timestep or a chunk at a time; it keeps the state.
   *
   * @throws {UnsupportedLayerError} If a layer needs the whole sequence (Bidirectional, attention …).
   */
  createSession(options?: SessionOptions): Session {
    this.#weights.settle();
    return new Session(this.inference, options);
  }

  /**
   * The model on several workers, each with an instance and memory of its own.
   *
   * @throws {UnsupportedLayerError} If rows depend on each other (stateful layers), or workers cannot be had.
   */
  parallel(options: ParallelOptions): ParallelModel {
    this.#weights.settle();
    const platform = this.#platform;
    if (!platform) throw new UnsupportedLayerError("Workers can be had only by models that loadModel has loaded.");
    return new ParallelModel(this, options, () => platform.spawn());
  }

  /** Copies of all weights, layer by layer in Keras' order, each in Keras' layout. */
  getWeights(): Tensor[] {
    this.#weights.settle();
    return weightsOf(this.inference);
  }

  /**
   * Replaces all weights.
   *
   * @param weights - As {@link getWeights} gives them; the data is copied.
   * @throws {WeightsError} If the number or a shape is wrong; nothing has changed then.
   */
  setWeights(weights: readonly Tensor[]): void {
    replaceWeights(this.inference, weights);
    this.#weights.settle();
  }

  /**
   * Writes the weights alone, as Keras 3's `save_weights` does.
   *
   * @param path - Ends in `.weights.h5`.
   * @throws {OptionError} If it ends otherwise, or there are no files (browsers).
   * @throws {UnsupportedLayerError} If the model is of an older Keras, or of layers that Keras 3 does not have.
   */
  async saveWeights(path: string): Promise<void> {
    return (await import("./weights-file.ts")).saveWeights(this, path, this.#platform);
  }

  /**
   * Takes the weights of a file of Keras' of the same architecture: `.weights.h5` (also sharded, by its
   * `.weights.json`), `.h5` or `.keras`.
   *
   * @param options - `byName` gives weights to layers of the same name.
   * @throws {WeightsError} If the file's weights are others than the model's; nothing has changed then.
   * @example
   * await model.loadWeights("best.weights.h5");
   */
  async loadWeights(source: string | URL | Uint8Array, options: { readonly byName?: boolean } = {}): Promise<void> {
    return (await import("./weights-file.ts")).loadWeights(this, source, options.byName ?? false, this.#platform);
  }

  /** The architecture as text: what Keras 3's `model.to_json()` gives, and `modelFromJson` takes. */
  async toJson(): Promise<string> {
    return (await (await import("./weights-file.ts")).kerasParts(this)).json;
  }

  /** Drops the kernels' instance and its memory. Calling it twice is fine; any other call afterwards throws. */
  dispose(): void {
    this.#weights.leave(this.inference.root);
    this.#training?.dispose();
    this.inference.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
