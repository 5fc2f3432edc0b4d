import { OptionError } from "../errors.ts";
import { type Callback, earlyStopping, reduceLROnPlateau, terminateOnNaN } from "./callbacks.ts";
import { didYouMean } from "./did-you-mean.ts";
import { csvLogger, tensorBoard } from "./log-files.ts";
import { modelCheckpoint } from "./model-checkpoint.ts";
import { camelCase, plainName } from "./serialized.ts";

type Config = Readonly<Record<string, unknown>>;

/** A callback that can be named: its options and how it is made. */
interface Entry {
  readonly name: string;
  readonly keys: string;
  make(config: Config): Callback;
}

const ENTRIES: readonly Entry[] = [
  {
    name: "EarlyStopping",
    keys: "monitor mode minDelta patience baseline restoreBestWeights startFromEpoch",
    make: earlyStopping,
  },
  {
    name: "ReduceLROnPlateau",
    keys: "monitor mode factor patience minDelta cooldown minLr",
    make: reduceLROnPlateau,
  },
  { name: "TerminateOnNaN", keys: "", make: terminateOnNaN },
  {
    name: "ModelCheckpoint",
    keys: "filepath monitor mode saveBestOnly saveWeightsOnly saveFreq everyBatches initialValueThreshold",
    make: modelCheckpoint,
  },
  {
    name: "CSVLogger",
    keys: "filename separator append",
    make: ({ filename, ...options }) => {
      if (typeof filename !== "string") throw new OptionError("CSVLogger: `filename` must be a file's path.");
      return csvLogger(filename, options);
    },
  },
  { name: "TensorBoard", keys: "logDir updateFreq", make: tensorBoard },
];

/** What Keras' configs have beside the options, and what changes nothing here. */
const IGNORED = ["verbose", "name"];

/**
 * A callback by Keras' name, options in Keras' spelling or in camelCase.
 *
 * @throws {OptionError} If the name or an option is not known; the message guesses which one was meant.
 */
export function callbackOf(className: string, config: Config): Callback {
  const entry = ENTRIES.find(({ name }) => plainName(name) === plainName(className));
  if (!entry) {
    const names = ENTRIES.map(({ name }) => name);
    throw new OptionError(
      `The callback ${className} is not known by name.${didYouMean(className, names)} Known: ${names.join(", ")}.`,
    );
  }
  const keys = entry.keys.split(" ").filter(Boolean);
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    const name = camelCase(key);
    if (IGNORED.includes(name)) continue;
    if (!keys.includes(name)) {
      throw new OptionError(
        `${entry.name}: the option \`${key}\` is not known.${didYouMean(key, keys)} Known: ${keys.join(", ") || "none"}.`,
      );
    }
    options[name] = value;
  }
  return entry.make(options);
}
