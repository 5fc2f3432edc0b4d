import { OptionError } from "../../errors.ts";
import { didYouMean } from "../options/did-you-mean.ts";
import { plainName } from "../options/serialized.ts";
import { backupAndRestore } from "./backup.ts";
import { callbackOptions } from "./callback-options.ts";
import { type Callback, earlyStopping, reduceLROnPlateau, terminateOnNaN } from "./callbacks.ts";
import { csvLogger, tensorBoard } from "./log-files.ts";
import { modelCheckpoint } from "./model-checkpoint.ts";

type Config = Readonly<Record<string, unknown>>;

/** How a callback is made that can be named. */
const MAKERS: Readonly<Record<string, (config: Config) => Callback>> = {
  EarlyStopping: earlyStopping,
  ReduceLROnPlateau: reduceLROnPlateau,
  TerminateOnNaN: (config) => {
    callbackOptions("terminateOnNaN", "", config);
    return terminateOnNaN();
  },
  ModelCheckpoint: modelCheckpoint,
  CSVLogger: ({ filename, ...options }) => {
    if (typeof filename !== "string") throw new OptionError("CSVLogger: `filename` must be a file's path.");
    return csvLogger(filename, options);
  },
  TensorBoard: tensorBoard,
  BackupAndRestore: backupAndRestore,
};

/**
 * A callback by Keras' name, options in Keras' spelling or in camelCase.
 *
 * @throws {OptionError} If the name or an option is not known; the message guesses which one was meant.
 * @example
 * callbackOf("EarlyStopping", { monitor: "loss", restore_best_weights: true });
 */
export function callbackOf(className: string, config: Config): Callback {
  const names = Object.keys(MAKERS);
  const name = names.find((candidate) => plainName(candidate) === plainName(className));
  if (name) return MAKERS[name]!(config);
  throw new OptionError(
    `The callback ${className} is not known by name.${didYouMean(className, names)} Known: ${names.join(", ")}.`,
  );
}
