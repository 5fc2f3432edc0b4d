import { OptionError } from "../../errors.ts";
import { eventFileStart, scalarEvent } from "../../formats/tfevents.ts";
import type { Logs } from "../gathering.ts";
import { callbackOptions } from "./callback-options.ts";
import type { Callback, FitRun, TrainingFiles } from "./callbacks.ts";

/** What {@link csvLogger} takes beside its target. */
export interface CsvLoggerOptions {
  /** "," by default. */
  readonly separator?: string;
  /** Goes on at the end of a file that exists, in its columns; by default the file begins anew. */
  readonly append?: boolean;
}

/** @throws {OptionError} In browsers. */
function filesOf(run: FitRun, who: string, instead: string): TrainingFiles {
  if (run.files) return run.files;
  throw new OptionError(`${who}: there are no files here; ${instead}.`);
}

/** Python's csv module ends lines so. */
const LINE_END = "\r\n";

/** A value as Keras' file has it. */
function cell(value: unknown): string {
  if (Array.isArray(value)) return `"""[${value.map(pythonFloat).join(", ")}]"""`;
  return typeof value === "number" ? pythonFloat(value) : "NA";
}

/** A number as Python writes a float: 1.0, 1e-05. */
function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/**
 * Writes each epoch's row as separated values, a header first: the bytes of Keras' file. Columns are those of the first
 * row, with "NA" for what an epoch does not have.
 *
 * @param target - A file's path, or a function that gets each line.
 * @throws {OptionError} When training begins, if a path is given where there are no files (browsers).
 * @example
 * csvLogger("log.csv", { append: true });
 */
export function csvLogger(
  target: string | ((line: string) => void | Promise<void>),
  given: CsvLoggerOptions = {},
): Callback {
  const { separator = ",", append = false } = callbackOptions("csvLogger", "separator append", given);
  let keys: readonly string[] | undefined;
  let write: (line: string) => void | Promise<void> = typeof target === "function" ? target : () => undefined;
  return {
    async onTrainBegin(run) {
      if (typeof target === "function") return;
      const files = filesOf(run, "csvLogger", "give a function that takes the lines");
      const { resumedAt } = run;
      const whole =
        append || resumedAt !== undefined
          ? new TextDecoder().decode((await files.read(target)) ?? new Uint8Array())
          : "";
      // Rows of epochs that are run again: the run was killed between its log and its checkpoint.
      const old = resumedAt === undefined ? whole : rowsBefore(whole, resumedAt, separator);
      if (old !== whole) await files.write(target, new TextEncoder().encode(old));
      const header = /^epoch.*/.exec(old)?.[0].trimEnd();
      keys = header?.split(separator).slice(1);
      if (old === "") await files.write(target, new Uint8Array());
      // A run that was killed may have left a part of a line.
      else if (!old.endsWith("\n")) await files.append(target, new TextEncoder().encode(LINE_END));
      write = (line) => files.append(target, new TextEncoder().encode(line));
    },
    async onEpochEnd(epoch, logs) {
      if (!keys) {
        const own = Object.keys(logs).sort();
        // As in Keras: the first epoch may be one that is not validated.
        keys = own.some((key) => key.startsWith("val_")) ? own : [...own, ...own.map((key) => `val_${key}`)];
        await write(["epoch", ...keys].join(separator) + LINE_END);
      }
      await write([epoch, ...keys.map((key) => cell(logs[key]))].join(separator) + LINE_END);
    },
  };
}

/** A log without the rows at its end that are of an epoch or of later ones. */
function rowsBefore(log: string, epoch: number, separator: string): string {
  // What follows the last line's end is a part of a row at most.
  const lines = log.split("\n").slice(0, -1);
  const isLate = (line: string) => Number(line.split(separator)[0]) >= epoch;
  const kept = lines.slice(0, lines.findLastIndex((line) => !isLate(line)) + 1);
  return kept.map((line) => `${line}\n`).join("");
}

/** What {@link tensorBoard} takes. */
export interface TensorBoardOptions {
  /** Folder of the runs "train" and "validation"; "logs" by default. */
  readonly logDir?: string;
  /** "epoch" (default), "batch", or a number of batches: after these, `batch_loss` and others are written as well. */
  readonly updateFreq?: "epoch" | "batch" | number;
  /** Gets the bytes to append to an event file of each run, in place of files. */
  readonly write?: (run: "train" | "validation", bytes: Uint8Array) => void | Promise<void>;
}

/** Options of Keras' callback for what is no scalar. */
const NO_SCALARS =
  "histogramFreq writeGraph writeImages writeGrads writeStepsPerSecond profileBatch embeddingsFreq embeddingsMetadata".split(
    " ",
  );

/**
 * Writes event files for TensorBoard as Keras does: `epoch_loss`, `epoch_accuracy`, `epoch_learning_rate` … in the runs
 * "train" and "validation". Scalars only.
 *
 * @throws {OptionError} If `updateFreq` is unknown, or there are no files here (browsers) and no `write`.
 * @example
 * await model.fit(x, y, { callbacks: [tensorBoard({ logDir: "logs/first" })] }); // tensorboard --logdir logs
 */
export function tensorBoard(given: TensorBoardOptions | string = {}): Callback {
  const named = typeof given === "string" ? { logDir: given } : given;
  const options = callbackOptions("tensorBoard", "logDir updateFreq write", named, NO_SCALARS);
  const { logDir = "logs", updateFreq = "epoch" } = options;
  const every = updateFreq === "epoch" ? 0 : updateFreq === "batch" ? 1 : updateFreq;
  if (!Number.isInteger(every) || every < 0) {
    throw new OptionError(`tensorBoard: \`updateFreq\` must be "epoch", "batch" or a number; got ${updateFreq}.`);
  }
  let seen = 0;
  let begun = new Map<string, string>();
  const write = async (run: FitRun, name: "train" | "validation", step: number, scalars: Logs): Promise<void> => {
    if (Object.keys(scalars).length === 0) return;
    const now = Date.now();
    const isNew = !begun.has(name);
    if (isNew) begun.set(name, eventFile(now));
    const event = scalarEvent(now, step, scalars);
    const parts = isNew ? [eventFileStart(now), event] : [event];
    for (const bytes of parts) {
      if (options.write) await options.write(name, bytes);
      else {
        const files = filesOf(run, "tensorBoard", "take the bytes with `write`");
        await files.append(`${logDir}/${name}/${begun.get(name)}`, bytes);
      }
    }
  };
  return {
    onTrainBegin(run) {
      if (!options.write) filesOf(run, "tensorBoard", "take the bytes with `write`");
      begun = new Map();
      seen = 0;
    },
    async onBatchEnd(_batch, logs, run) {
      if (every > 0 && seen++ % every === 0) await write(run, "train", seen - 1, tagged("batch_", logs()));
    },
    async onEpochEnd(epoch, logs, run) {
      const { learning_rate = run.trainer.learningRate, ...values } = logs;
      const isValidation = ([key]: [string, number]) => key.startsWith("val_");
      const all = Object.entries(values).filter(([, value]) => typeof value === "number");
      const train = Object.fromEntries(all.filter((entry) => !isValidation(entry)));
      const validation = Object.fromEntries(all.filter(isValidation).map(([key, value]) => [key.slice(4), value]));
      await write(run, "train", epoch, tagged("epoch_", { ...train, learning_rate }));
      await write(run, "validation", epoch, tagged("epoch_", validation));
    },
  };
}

function tagged(prefix: string, logs: Logs): Logs {
  return Object.fromEntries(Object.entries(logs).map(([key, value]) => [prefix + key, value]));
}

/** A name that no other run has. */
function eventFile(now: number): string {
  const seconds = String(Math.floor(now / 1000)).padStart(10, "0");
  return `events.out.tfevents.${seconds}.rnn-wasm.${crypto.randomUUID().slice(0, 8)}.v2`;
}
