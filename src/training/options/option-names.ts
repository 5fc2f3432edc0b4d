import { OptionError } from "../../errors.ts";
import { didYouMean } from "./did-you-mean.ts";

/** How the options of a call may be spelled. */
export interface OptionNames {
  /** How messages call it: "fit". */
  readonly call: string;
  /** This package's names. */
  readonly known: readonly string[];
  /** Other names, of Keras and its older versions, to this package's. */
  readonly spellings: Readonly<Record<string, string>>;
  /** Options of Keras that change nothing here. */
  readonly without?: readonly string[];
}

/**
 * A call's options in this package's names. What is null or undefined counts as not given, as in Keras.
 *
 * @returns The options, and what was understood otherwise than written.
 * @throws {OptionError} If one is unknown; the message guesses which one was meant.
 */
export function namedOptions(
  { call, known, spellings, without = [] }: OptionNames,
  given: unknown,
): { readonly options: Readonly<Record<string, unknown>>; readonly notes: string[] } {
  if (given === undefined || given === null) return { options: {}, notes: [] };
  if (typeof given !== "object" || Array.isArray(given)) {
    throw new OptionError(`${call} takes its options as an object: { ${known.slice(0, 3).join(", ")}, … }.`);
  }
  const notes: string[] = [];
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    if (without.includes(key)) {
      if (value !== undefined && value !== null) notes.push(`\`${key}\` has no effect here.`);
      continue;
    }
    const name = Object.hasOwn(spellings, key) ? spellings[key]! : key;
    if (!known.includes(name)) {
      const all = [...known].sort().join(", ");
      throw new OptionError(
        `${call}: the option \`${key}\` is not known.${didYouMean(key, [...known, ...Object.keys(spellings)])} Known: ${all}.`,
      );
    }
    if (name !== key) notes.push(`\`${key}\` is called \`${name}\` here.`);
    if (value !== undefined && value !== null) options[name] = value;
  }
  return { options, notes };
}

const BATCH = { sample_weight: "sampleWeight", class_weight: "classWeight" };

/** What `trainOnBatch` and `testOnBatch` take. */
export const batchNames = (call: string): OptionNames => ({
  call,
  known: ["sampleWeight", "classWeight"],
  spellings: BATCH,
  without: ["reset_metrics", "resetMetrics", "return_dict", "returnDict"],
});

/** What `evaluate` takes. */
export const EVALUATE: OptionNames = {
  call: "evaluate",
  known: ["batchSize", "sampleWeight", "classWeight", "steps", "verbose"],
  spellings: { ...BATCH, batch_size: "batchSize" },
  without: ["return_dict", "returnDict", "callbacks", "workers", "use_multiprocessing", "max_queue_size"],
};

/** What `fit` takes. */
export const FIT: OptionNames = {
  call: "fit",
  known: [
    ..."batchSize epochs validationData validationSplit validationBatchSize validationSteps validationFreq".split(" "),
    ..."shuffle sampleWeight classWeight callbacks signal seed initialEpoch stepsPerEpoch resume workers shards".split(
      " ",
    ),
    ..."memoryLimit pause verbose".split(" "),
  ],
  spellings: {
    ...BATCH,
    batch_size: "batchSize",
    nb_epoch: "epochs",
    nbEpoch: "epochs",
    validation_data: "validationData",
    validation_split: "validationSplit",
    validation_batch_size: "validationBatchSize",
    validation_steps: "validationSteps",
    nb_val_steps: "validationSteps",
    validation_freq: "validationFreq",
    initial_epoch: "initialEpoch",
    steps_per_epoch: "stepsPerEpoch",
    batchesPerEpoch: "stepsPerEpoch",
    validationBatches: "validationSteps",
  },
  without: [
    ...["use_multiprocessing", "useMultiprocessing", "max_queue_size", "maxQueueSize", "max_q_size", "pickle_safe"],
    // Keras 0.3's way to ask for metrics: ["accuracy"].
    ...["show_accuracy", "showAccuracy"],
  ],
};
