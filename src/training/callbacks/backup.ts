import { OptionError } from "../../errors.ts";
import { callbackOptions } from "./callback-options.ts";
import { type Callback, type FitRun, numberIn, type TrainingFiles } from "./callbacks.ts";

/** What {@link backupAndRestore} takes. */
export interface BackupOptions {
  /** Folder of the one checkpoint. */
  readonly backupDir?: string;
  /** "epoch" (default), or a number of batches. */
  readonly saveFreq?: "epoch" | number;
  /** Removes the checkpoint's content when training has come to its end; true by default. */
  readonly deleteCheckpoint?: boolean;
}

/**
 * Keeps a checkpoint while training, and lets a `fit` that is called again after a crash go on from it, bit for bit
 * (`simd`).
 *
 * @throws {OptionError} If an option is not known; when training begins, if there are no files here (browsers).
 * @example
 * await model.fit(x, y, { epochs: 20, callbacks: [backupAndRestore("backup")] });
 */
export function backupAndRestore(given: BackupOptions | string, more: Omit<BackupOptions, "backupDir"> = {}): Callback {
  const options: BackupOptions = callbackOptions(
    "backupAndRestore",
    "backupDir saveFreq deleteCheckpoint",
    typeof given === "string" ? { backupDir: given, ...more } : given,
    ["doubleCheckpoint", "saveBeforePreemption"],
  );
  const { backupDir, saveFreq = "epoch", deleteCheckpoint = true } = options;
  if (typeof backupDir !== "string" || backupDir === "") {
    throw new OptionError("backupAndRestore: `backupDir` must be a folder's path.");
  }
  if (saveFreq !== "epoch" && !(Number.isInteger(saveFreq) && saveFreq > 0)) {
    throw new OptionError(`backupAndRestore: \`saveFreq\` must be "epoch" or a number of batches; got ${saveFreq}.`);
  }
  const path = `${backupDir.replace(/\/$/, "")}/latest.checkpoint`;
  let seen = 0;
  const filesOf = (files: TrainingFiles | undefined): TrainingFiles => {
    if (files) return files;
    throw new OptionError("backupAndRestore: there are no files here; keep checkpoints with modelCheckpoint's `save`.");
  };
  const write = (run: FitRun) => filesOf(run.files).write(path, run.checkpoint());
  return {
    name: "backupAndRestore",
    state: () => ({ seen }),
    restore(state) {
      seen = numberIn(state, "seen", seen);
    },
    async saved(files) {
      const bytes = await filesOf(files).read(path);
      return bytes?.length ? bytes : undefined;
    },
    async onBatchEnd(_batch, _logs, run) {
      if (saveFreq !== "epoch" && ++seen % saveFreq === 0) await write(run);
    },
    async afterEpoch(_epoch, _logs, run) {
      if (saveFreq === "epoch") await write(run);
    },
    async onTrainEnd(run) {
      // What was aborted goes on from here.
      if (deleteCheckpoint && !run.aborted) await filesOf(run.files).write(path, new Uint8Array());
    },
  };
}
