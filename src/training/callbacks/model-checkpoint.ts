import { OptionError } from "../../errors.ts";
import type { Logs } from "../gathering.ts";
import { callbackOptions, monitored } from "./callback-options.ts";
import { type Callback, type FitRun, isMax, type MonitorOptions, numberIn } from "./callbacks.ts";

/** What {@link modelCheckpoint} takes: `filepath` or `save`. */
export interface ModelCheckpointOptions extends MonitorOptions {
  /**
   * Where to write, with Keras' templates: `best-{epoch:02d}-{val_loss:.2f}.keras`. Epochs count from 1. `.keras` and
   * `.h5` hold the model; any other ending holds a checkpoint, which `fit`'s `resume` takes.
   */
  readonly filepath?: string;
  /** Gets each checkpoint in place of a file. */
  readonly save?: (checkpoint: Uint8Array, at: { epoch: number; logs: Logs }) => void | Promise<void>;
  /** Only where the monitored value has improved. */
  readonly saveBestOnly?: boolean;
  /** The weights alone, as Keras' `save_weights_only`; `filepath` must end in `.weights.h5`. */
  readonly saveWeightsOnly?: boolean;
  /** "epoch" (default), or a number of batches. */
  readonly saveFreq?: "epoch" | number;
  /** The same as `saveFreq` in batches, beside the saves after every epoch. */
  readonly everyBatches?: number;
  /** The value that the first save must pass. */
  readonly initialValueThreshold?: number;
}

/**
 * Saves while training: after epochs, or after every so many batches. A checkpoint holds what a resumed run needs for the
 * same bits: weights, optimizer, random numbers, states, the place in the epoch, what metrics and callbacks have gathered. Files are written in one step: a run that
 * is killed leaves the last whole one.
 *
 * @throws {OptionError} If an option is not known; while training, if the template or `monitor` names a value that the
 * logs do not have, or there are no files here (browsers).
 * @example
 * modelCheckpoint({ filepath: "out/{epoch:02d}-{val_loss:.2f}.keras", saveBestOnly: true });
 */
export function modelCheckpoint(
  given: ModelCheckpointOptions | string,
  more: Omit<ModelCheckpointOptions, "filepath" | "save"> = {},
): Callback {
  const options: ModelCheckpointOptions & { readonly period?: number } = callbackOptions(
    "modelCheckpoint",
    "filepath save monitor mode saveBestOnly saveWeightsOnly saveFreq everyBatches initialValueThreshold period",
    typeof given === "string" ? { filepath: given, ...more } : given,
  );
  const period = options.period ?? 1;
  if (!(Number.isInteger(period) && period > 0)) {
    throw new OptionError(`modelCheckpoint: \`period\` must be a number of epochs; got ${period}.`);
  }
  const { monitor = "val_loss", save, filepath, saveFreq = "epoch", initialValueThreshold } = options;
  if ((filepath === undefined) === (save === undefined)) {
    throw new OptionError("modelCheckpoint takes `filepath` or `save`, one of the two.");
  }
  if (options.saveWeightsOnly && !filepath?.endsWith(".weights.h5")) {
    throw new OptionError(
      `modelCheckpoint: with \`saveWeightsOnly\` the path must end in .weights.h5 (as in Keras); got ${filepath}.`,
    );
  }
  const isCount = typeof saveFreq === "number" && Number.isInteger(saveFreq) && saveFreq > 0;
  if (saveFreq !== "epoch" && !isCount) {
    throw new OptionError(`modelCheckpoint: \`saveFreq\` must be "epoch" or a number of batches; got ${saveFreq}.`);
  }
  const everyBatches = options.everyBatches ?? (isCount ? saveFreq : undefined);
  const sign = isMax(options) ? -1 : 1;
  let best = initialValueThreshold ?? sign * Number.POSITIVE_INFINITY;
  let now = 0;
  let seen = 0;
  let epochs = 0;
  const write = async (run: FitRun, epoch: number, logs: Logs): Promise<void> => {
    if (options.saveBestOnly) {
      const value = monitored("modelCheckpoint", logs, monitor);
      if (sign * value >= sign * best) return;
      best = value;
    }
    if (save) return save(run.checkpoint(), { epoch, logs });
    const { files } = run;
    if (!files) throw new OptionError("modelCheckpoint: there are no files here; take the bytes with `save`.");
    const path = filledPath(filepath!, { ...logs, epoch: epoch + 1 });
    if (options.saveWeightsOnly) await files.saveWeights(path);
    else if (/\.(keras|h5|hdf5)$/i.test(path)) await files.save(path);
    else await files.write(path, run.checkpoint());
  };
  return {
    name: "modelCheckpoint",
    state: () => ({ best, seen, epochs }),
    restore(state) {
      best = numberIn(state, "best", best);
      seen = numberIn(state, "seen", seen);
      epochs = numberIn(state, "epochs", epochs);
    },
    onEpochBegin(epoch) {
      now = epoch;
    },
    async onBatchEnd(_batch, logs, run) {
      if (everyBatches && ++seen % everyBatches === 0) await write(run, now, logs());
    },
    async afterEpoch(epoch, logs, run) {
      if (saveFreq === "epoch" && ++epochs % period === 0) await write(run, epoch, logs);
    },
  };
}

/** `{epoch:02d}-{val_loss:.2f}` → `03-0.41`, as Python's format does. @throws {OptionError} */
export function filledPath(template: string, values: Readonly<Record<string, number>>): string {
  return template.replace(/\{(\w+)(?::(0?)(\d*)(?:\.(\d+))?([dfeg]?))?\}/g, (all, name, zero, width, digits, kind) => {
    const value = values[name as string];
    if (value === undefined) {
      throw new OptionError(
        `modelCheckpoint: the path has ${all}, but there is no value "${name}". There are: ${Object.keys(values).join(", ")}.`,
      );
    }
    const places = digits === undefined ? 6 : Number(digits);
    const text =
      kind === "f"
        ? value.toFixed(places)
        : kind === "e"
          ? value.toExponential(places).replace(/([+-])(\d)$/, "$10$2")
          : plainNumber(value, digits);
    return text.padStart(Number(width || 0), zero ? "0" : " ");
  });
}

function plainNumber(value: number, digits: string | undefined): string {
  return digits === undefined ? String(value) : String(Number(value.toPrecision(Math.max(1, Number(digits)))));
}
