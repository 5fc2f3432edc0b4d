import { OptionError } from "../errors.ts";
import type { CompileOptions } from "../training/options/compile-options.ts";
import type { Platform } from "./source.ts";
import type { TrainableModel } from "./trainable-model.ts";
import type { ModelTraining } from "./training.ts";

/** What `compile` has made of a model. The training code is loaded when it is asked for, unless the entry brings it along. */
export class Compilation {
  readonly #model: TrainableModel;
  readonly #platform: Platform | undefined;
  #training: ModelTraining | undefined;
  #loading: Promise<ModelTraining> | undefined;

  constructor(model: TrainableModel, platform: Platform | undefined) {
    this.#model = model;
    this.#platform = platform;
  }

  /** The training side, if the model is compiled and the code is there. */
  get training(): ModelTraining | undefined {
    return this.#training;
  }

  /** Begins anew. @returns When the code is there and knows all the names; it throws then if it does not. */
  begin(options: CompileOptions): Promise<void> {
    if (typeof options !== "object" || options === null) {
      throw new OptionError(
        'compile takes one object: model.compile({ optimizer: "adam", loss: "mse", metrics: ["mae"] }).',
      );
    }
    this.#training?.dispose();
    this.#training = this.#platform?.train?.(this.#model, options);
    this.#loading = this.#training
      ? Promise.resolve(this.#training)
      : import("./training.ts").then(
          ({ trainingOf }) => (this.#training = trainingOf(this.#model, options, this.#platform)),
        );
    const ready = this.#loading.then((training) => training.check());
    // The first call that trains tells it, too.
    ready.catch(() => undefined);
    return ready;
  }

  /** Waits for the training side; a file's own compile config stands for `compile`. @throws {OptionError} If there is none. */
  async ready(): Promise<ModelTraining> {
    const { trainingConfig } = this.#model.origin;
    if (!this.#loading && trainingConfig) this.begin(trainingConfig as CompileOptions);
    if (!this.#loading) {
      throw new OptionError('The model is not compiled: call model.compile({ optimizer: "adam", loss: … }) first.');
    }
    return this.#loading;
  }

  /** The training side, for what does not wait. @throws {OptionError} If it is not there. */
  get needed(): ModelTraining {
    if (this.#training) return this.#training;
    throw new OptionError("The model is not compiled, or not yet: `await model.compile({ … })` first.");
  }
}
