import { UnsupportedLayerError } from "../errors.ts";
import type { ModelInput } from "../model/inputs.ts";
import type { PredictOptions } from "../model/model.ts";
import { Session, type SessionOptions } from "../model/session.ts";
import type { Tensor } from "../tensor.ts";
import type { ExportedModel, ExportFormat, ExportOptions } from "./export.ts";
import { type OutputTarget, targetArrays } from "./output-target.ts";
import { TrainableModel } from "./trainable-model.ts";
import { type VerifyResult, verifyPair } from "./verify.ts";
import { replaceWeights, weightsOf } from "./weights.ts";
import { ParallelModel, type ParallelOptions } from "./workers/parallel.ts";

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
export class Model extends TrainableModel {
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
    this.shared.settle();
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
    this.shared.settle();
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
    this.compiled.training?.resetStates();
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
    this.shared.settle();
    const training = options?.includeOptimizer === false ? undefined : await this.compiled.training?.state(format);
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
    return (await import("./export.ts")).saveModel(this, this.platform, target, options);
  }

  /**
   * A running sequence: feed it one timestep or a chunk at a time; it keeps the state.
   *
   * @throws {UnsupportedLayerError} If a layer needs the whole sequence (Bidirectional, attention …).
   */
  createSession(options?: SessionOptions): Session {
    this.shared.settle();
    return new Session(this.inference, options);
  }

  /**
   * The model on several workers, each with an instance and memory of its own.
   *
   * @throws {UnsupportedLayerError} If rows depend on each other (stateful layers), or workers cannot be had.
   */
  parallel(options: ParallelOptions): ParallelModel {
    this.shared.settle();
    const platform = this.platform;
    if (!platform) throw new UnsupportedLayerError("Workers can be had only by models that loadModel has loaded.");
    return new ParallelModel(this, options, () => platform.spawn());
  }

  /** Copies of all weights, layer by layer in Keras' order, each in Keras' layout. */
  getWeights(): Tensor[] {
    this.shared.settle();
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
    this.shared.settle();
  }

  /**
   * Writes the weights alone, as Keras 3's `save_weights` does.
   *
   * @param path - Ends in `.weights.h5`.
   * @throws {OptionError} If it ends otherwise, or there are no files (browsers).
   * @throws {UnsupportedLayerError} If the model is of an older Keras, or of layers that Keras 3 does not have.
   */
  async saveWeights(path: string): Promise<void> {
    return (await import("./weights-file.ts")).saveWeights(this, path, this.platform);
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
    return (await import("./weights-file.ts")).loadWeights(this, source, options.byName ?? false, this.platform);
  }

  /** The architecture as text: what Keras 3's `model.to_json()` gives, and `modelFromJson` takes. */
  async toJson(): Promise<string> {
    return (await (await import("./weights-file.ts")).kerasParts(this)).json;
  }

  /** Drops the kernels' instance and its memory. Calling it twice is fine; any other call afterwards throws. */
  dispose(): void {
    this.shared.leave(this.inference.root);
    this.compiled.training?.dispose();
    this.inference.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
