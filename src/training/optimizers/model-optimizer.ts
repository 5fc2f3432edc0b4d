import type { Trainer } from "../trainer.ts";

/**
 * A compiled model's optimizer, as Keras' `model.optimizer`.
 *
 * @example
 * model.optimizer.learningRate *= 0.5;
 */
export class ModelOptimizer {
  readonly #trainer: () => Trainer;

  constructor(trainer: () => Trainer) {
    this.#trainer = trainer;
  }

  /** Keras' class or name, as `compile` got it. */
  get name(): string {
    return this.#trainer().optimizer.name;
  }

  /** The rate of the next update. @throws {OptionError} When set while a schedule rules it. */
  get learningRate(): number {
    return this.#trainer().learningRate;
  }

  set learningRate(rate: number) {
    this.#trainer().learningRate = rate;
  }

  /** Updates made so far. */
  get iterations(): number {
    return this.#trainer().updates.iterations;
  }

  /** What could not be taken up of the state in the model's file, one sentence each; also in `History.notes`. */
  get notes(): readonly string[] {
    return this.#trainer().notes;
  }

  /** What `compile` got, keys in camelCase. */
  getConfig(): Readonly<Record<string, unknown>> {
    const { optimizer } = this.#trainer();
    return { ...optimizer.config, ...(!optimizer.schedule && { learningRate: this.learningRate }) };
  }

  /** Copies of the optimizer's variables in Keras 3's order: iteration, learning rate, then the slots. */
  getWeights(): { readonly name: string; readonly data: Float32Array; readonly shape: readonly number[] }[] {
    return this.#trainer()
      .optimizerState()
      .map((variable) => ({ ...variable }));
  }

  /**
   * Takes variables as {@link getWeights} gives them.
   *
   * @throws {WeightsError} If they are not those of this optimizer and model; nothing has changed then.
   */
  setWeights(variables: readonly { readonly data: Float32Array; readonly shape: readonly number[] }[]): void {
    this.#trainer().setOptimizerState(variables.map((variable, i) => ({ name: String(i), ...variable })));
  }
}
