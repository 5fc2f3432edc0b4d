import { OptionError } from "../../errors.ts";
import type { Logs } from "../gathering.ts";
import type { Trainer } from "../trainer.ts";
import { callbackOptions, isLess, monitored } from "./callback-options.ts";

/** What callbacks see and steer while a model is fitted. */
export interface FitRun {
  readonly trainer: Trainer;
  /** The model; undefined where a trainer is fitted without one. */
  readonly model: FittedModel | undefined;
  readonly params: { readonly epochs: number; readonly steps: number | undefined; readonly batchSize: number };
  /** Set it to end training after the batch or epoch at hand. */
  stopTraining: boolean;
  /** True once the `signal` has ended it. */
  readonly aborted: boolean;
  /** The epoch at which it goes on from a checkpoint; undefined if it begins. */
  readonly resumedAt: number | undefined;
  /** A checkpoint of everything that a resumed run needs. */
  checkpoint(): Uint8Array;
  /** Where the model can be written; undefined in browsers. */
  readonly files: TrainingFiles | undefined;
}

/** What callbacks know of the model: a `Model` is one. */
export interface FittedModel {
  stopTraining: boolean;
  readonly optimizer: { learningRate: number };
}

/** Files, as far as a platform has them. */
export interface TrainingFiles {
  /** Writes a file in one step: whoever reads it sees the old content or the new one. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Adds to the end of a file; makes it, and its folder. */
  append(path: string, bytes: Uint8Array): Promise<void>;
  /** A file's bytes; undefined if there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Saves the model, as `model.save` does. */
  save(path: string): Promise<void>;
  /** Saves the weights alone, as Keras' `save_weights` does: a `.weights.h5` file. */
  saveWeights(path: string): Promise<void>;
}

/** What a callback remembers from epoch to epoch: numbers and arrays by name. */
export type CallbackState = Readonly<Record<string, number | readonly Float32Array[]>>;

/** The running means of an epoch: by name, computed when one is asked for; called, all of them. */
export type RunningLogs = Logs & (() => Logs);

/**
 * Hooks of `fit`: an object that has some of them, or a class that extends this one, as in Keras. Epochs and batches
 * count from 0. Promises are awaited.
 *
 * @example
 * class Stop extends Callback {
 *   onEpochEnd(epoch, logs) { if (logs.loss < 0.1) this.model.stopTraining = true; }
 * }
 */
export class Callback {
  /** The model that is trained, from before `onTrainBegin` on. */
  model?: FittedModel | undefined;
  /** Epochs, batches an epoch (undefined where an iterable does not tell) and the batch size. */
  params?: FitRun["params"] | undefined;
  /** Called once, before {@link onTrainBegin}, with the model. */
  setModel?(model: FittedModel): void;
  /** Called once, before {@link onTrainBegin}, with what {@link params} then holds. */
  setParams?(params: FitRun["params"]): void;
  onTrainBegin?(run: FitRun): void | Promise<void>;
  onEpochBegin?(epoch: number, run: FitRun): void | Promise<void>;
  onBatchBegin?(batch: number, run: FitRun): void | Promise<void>;
  /** `logs` computes the running means when one is read, or when it is called. */
  onBatchEnd?(batch: number, logs: RunningLogs, run: FitRun): void | Promise<void>;
  /** Keras' other name of {@link onBatchBegin}. */
  onTrainBatchBegin?(batch: number, run: FitRun): void | Promise<void>;
  /** Keras' other name of {@link onBatchEnd}. */
  onTrainBatchEnd?(batch: number, logs: RunningLogs, run: FitRun): void | Promise<void>;
  /** `logs` may be added to: what is in it goes into the history. */
  onEpochEnd?(epoch: number, logs: Logs, run: FitRun): void | Promise<void>;
  /** Called when every callback has seen the epoch's end: a checkpoint that is written here holds what they made of it. */
  afterEpoch?(epoch: number, logs: Logs, run: FitRun): void | Promise<void>;
  /** Before the validation data are evaluated. */
  onTestBegin?(run: FitRun): void | Promise<void>;
  /** `logs` are those of the validation data, without "val_". */
  onTestEnd?(logs: Logs, run: FitRun): void | Promise<void>;
  onTrainEnd?(run: FitRun): void | Promise<void>;
  /** What is kept in checkpoints under its name, if it has one; the arrays are copied. */
  readonly name?: string;
  state?(): CallbackState;
  /** Takes what {@link state} gave, after `onTrainBegin` of a resumed run. */
  restore?(state: CallbackState): void;
  /** A checkpoint that an interrupted `fit` has left: this one goes on from it. */
  saved?(files: TrainingFiles | undefined): Promise<Uint8Array | undefined>;
  /** Called last, also when `fit` throws: lets go of what the callback holds. */
  release?(): void | Promise<void>;
  /** The loss is not finite; nothing was updated. If a callback gives true, `fit` ends instead of throwing. */
  onDivergence?(error: Error, run: FitRun): boolean;
}

/** What callbacks watch. */
export interface MonitorOptions {
  /** Default "val_loss". */
  readonly monitor?: string;
  /** "auto" takes "max" for accuracies, AUC and the like. */
  readonly mode?: "auto" | "min" | "max";
}

/** A number of a callback's state, or what stands for it in checkpoints of callbacks that did not keep it. */
export function numberIn(state: CallbackState, name: string, otherwise: number): number {
  const value = state[name];
  return typeof value === "number" ? value : otherwise;
}

/** True if more is better. @throws {OptionError} If `mode` is unknown. */
export function isMax({ monitor = "val_loss", mode = "auto" }: MonitorOptions): boolean {
  if (mode !== "auto" && mode !== "min" && mode !== "max") {
    throw new OptionError(`\`mode\` must be "auto", "min" or "max"; got ${JSON.stringify(mode)}.`);
  }
  return mode === "max" || (mode === "auto" && /acc|auc|precision|recall|f1/.test(monitor));
}

/**
 * Stops when the monitored value no longer improves; Keras 3's rules.
 *
 * @throws {OptionError} If an option is not known; after the first epoch, if there is no value of the monitored name.
 * @example
 * earlyStopping({ monitor: "val_loss", patience: 3, restoreBestWeights: true });
 */
export function earlyStopping(
  given: MonitorOptions & {
    readonly minDelta?: number;
    readonly patience?: number;
    readonly baseline?: number | null;
    readonly restoreBestWeights?: boolean;
    readonly startFromEpoch?: number;
  } = {},
): Callback {
  const options = callbackOptions(
    "earlyStopping",
    "monitor mode minDelta patience baseline restoreBestWeights startFromEpoch",
    given,
  );
  const { monitor = "val_loss", patience = 0, startFromEpoch = 0, baseline = null } = options;
  const sign = isMax(options) ? -1 : 1;
  const delta = Math.abs(options.minDelta ?? 0);
  const improves = (value: number, reference: number) => isLess(sign * value + delta, sign * reference);
  let best = sign * Number.POSITIVE_INFINITY;
  let wait = 0;
  let kept: readonly Float32Array[] | undefined;
  return {
    name: "earlyStopping",
    state: () => ({ best, wait, ...(kept && { kept }) }),
    restore(state) {
      best = numberIn(state, "best", best);
      wait = numberIn(state, "wait", wait);
      kept = Array.isArray(state["kept"]) ? state["kept"] : undefined;
    },
    onTrainBegin() {
      best = sign * Number.POSITIVE_INFINITY;
      wait = 0;
      kept = undefined;
    },
    onEpochEnd(epoch, logs, run) {
      const value = monitored("earlyStopping", logs, monitor);
      if (epoch < startFromEpoch) return;
      if (options.restoreBestWeights && !kept) kept = run.trainer.weightArrays();
      wait++;
      if (improves(value, best)) {
        best = value;
        if (options.restoreBestWeights) kept = run.trainer.weightArrays();
        if (baseline === null || improves(value, baseline)) wait = 0;
        return;
      }
      if (wait >= patience && epoch > 0) run.stopTraining = true;
    },
    onTrainEnd(run) {
      if (kept) run.trainer.setWeightArrays(kept);
    },
  };
}

/**
 * Lowers the learning rate when the monitored value no longer improves; Keras 3's rules.
 *
 * @throws {OptionError} If an option is not known or `factor` is not below 1; after the first epoch, if there is no value of the monitored name.
 * @example
 * reduceLROnPlateau({ monitor: "val_loss", factor: 0.5, patience: 2, minLr: 1e-5 });
 */
export function reduceLROnPlateau(
  given: MonitorOptions & {
    readonly factor?: number;
    readonly patience?: number;
    readonly minDelta?: number;
    readonly cooldown?: number;
    readonly minLr?: number;
  } = {},
): Callback {
  // Keras 1 and 2.0 call the least change `epsilon`.
  const { epsilon, ...spelled } = given as typeof given & { readonly epsilon?: number };
  const options = callbackOptions("reduceLROnPlateau", "monitor mode factor patience minDelta cooldown minLr", {
    ...(epsilon !== undefined && { minDelta: epsilon }),
    ...spelled,
  });
  const { monitor = "val_loss", factor = 0.1, patience = 10, minDelta = 1e-4, cooldown = 0, minLr = 0 } = options;
  if (!(typeof factor === "number" && factor < 1)) {
    throw new OptionError(`reduceLROnPlateau: \`factor\` must be a number below 1; got ${String(factor)}.`);
  }
  const sign = isMax(options) ? -1 : 1;
  let best = sign * Number.POSITIVE_INFINITY;
  let wait = 0;
  let cooling = 0;
  return {
    name: "reduceLROnPlateau",
    state: () => ({ best, wait, cooling }),
    restore(state) {
      best = numberIn(state, "best", best);
      wait = numberIn(state, "wait", wait);
      cooling = numberIn(state, "cooling", cooling);
    },
    onTrainBegin() {
      best = sign * Number.POSITIVE_INFINITY;
      wait = 0;
      cooling = 0;
    },
    onEpochEnd(_epoch, logs, { trainer }) {
      const value = monitored("reduceLROnPlateau", logs, monitor);
      logs["learning_rate"] = trainer.learningRate;
      if (cooling > 0) {
        cooling--;
        wait = 0;
      }
      if (isLess(sign * value + minDelta, sign * best)) {
        best = value;
        wait = 0;
      } else if (cooling === 0) {
        wait++;
        if (wait < patience) return;
        const old = trainer.learningRate;
        if (old <= Math.fround(minLr)) return;
        trainer.learningRate = Math.max(old * factor, minLr);
        cooling = cooldown;
        wait = 0;
      }
    },
  };
}

/**
 * Sets the rate of each epoch (from 0), given the one before.
 *
 * @throws {OptionError} If it is given no function, or that gives no finite number.
 * @example
 * await model.fit(x, y, { callbacks: [learningRateScheduler((epoch, lr) => (epoch < 10 ? lr : lr * 0.9))] });
 */
export function learningRateScheduler(
  schedule: (epoch: number, rate: number) => number,
  _options: { readonly verbose?: number } = {},
): Callback {
  if (typeof schedule !== "function") {
    throw new OptionError("learningRateScheduler takes a function of the epoch and the rate: (epoch, lr) => lr * 0.9.");
  }
  return {
    onEpochBegin(epoch, { trainer }) {
      const rate = schedule(epoch, trainer.learningRate);
      if (typeof rate !== "number" || !Number.isFinite(rate)) {
        throw new OptionError(`The schedule of learningRateScheduler must give a number; got ${String(rate)}.`);
      }
      trainer.learningRate = rate;
    },
    onEpochEnd(_epoch, logs, { trainer }) {
      logs["learning_rate"] = trainer.learningRate;
    },
  };
}

/**
 * Stops as soon as a batch's loss is not finite, and keeps the weights of the batch before. Without it `fit` throws a
 * `DivergenceError`.
 *
 * @example
 * await model.fit(x, y, { callbacks: [terminateOnNaN()] });
 */
export function terminateOnNaN(): Callback {
  return {
    onDivergence(_error, run) {
      run.stopTraining = true;
      return true;
    },
  };
}

/**
 * A callback from single functions.
 *
 * @example
 * lambdaCallback({ onEpochEnd: (epoch, logs) => console.log(epoch, logs.loss) });
 */
export function lambdaCallback(hooks: Callback): Callback {
  return { ...hooks };
}
