import { OptionError } from "../errors.ts";
import type { ModelInput } from "../model/inputs.ts";
import type { Callback } from "./callbacks/callback.ts";

/** Validation data: inputs, targets, and sample weights if there are any. */
export type ValidationData = readonly [x: ModelInput, y: unknown, sampleWeight?: unknown];

/** Options of `model.fit`. Keras' snake case and Keras 1's `nbEpoch` are understood, too. */
export interface FitOptions {
  /** Samples of one update; 32 by default. */
  readonly batchSize?: number;
  /** Epoch to stop at; 1 by default. */
  readonly epochs?: number;
  readonly validationData?: ValidationData;
  /** Share of the samples, the last ones, that is kept for validation. Taken before shuffling. */
  readonly validationSplit?: number;
  readonly validationBatchSize?: number;
  /** Another order in every epoch; true by default. */
  readonly shuffle?: boolean;
  readonly sampleWeight?: unknown;
  readonly classWeight?: Readonly<Record<string | number, number>>;
  readonly callbacks?: readonly Callback[];
  /** Cancels at the next batch border; what has been learned stays. */
  readonly signal?: AbortSignal;
  /** Seed of shuffling; that of `compile` by default. */
  readonly seed?: number;
  /** Number of the first epoch, from 0. */
  readonly initialEpoch?: number;
  /** A checkpoint (see ModelCheckpoint) to go on from, bit for bit. */
  readonly resume?: Uint8Array;
  /** Batches of an epoch, for iterables that never end. */
  readonly stepsPerEpoch?: number;
}

const KNOWN = new Set([
  "batchSize",
  "epochs",
  "validationData",
  "validationSplit",
  "validationBatchSize",
  "shuffle",
  "sampleWeight",
  "classWeight",
  "callbacks",
  "signal",
  "seed",
  "initialEpoch",
  "resume",
  "stepsPerEpoch",
]);
/** Spellings of other Keras' and what they are called here; undefined is understood and does nothing. */
const OTHER: Readonly<Record<string, string | undefined>> = { nbEpoch: "epochs", verbose: undefined };

/**
 * Options under today's names.
 *
 * @throws {OptionError} For an option that does not exist.
 */
export function readFitOptions(options: object): FitOptions {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    const camel = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const name = Object.hasOwn(OTHER, camel) ? OTHER[camel] : camel;
    if (name === undefined) continue;
    if (!KNOWN.has(name)) {
      throw new OptionError(`fit has no option \`${key}\`. It takes ${[...KNOWN].join(", ")}.`);
    }
    if (value !== undefined) out[name] = value;
  }
  const read = out as FitOptions;
  for (const key of ["batchSize", "epochs", "validationBatchSize", "stepsPerEpoch"] as const) {
    const value = read[key];
    if (value !== undefined && !(Number.isInteger(value) && value >= 1)) {
      throw new OptionError(`\`${key}\` must be a whole number ≥ 1; got ${String(value)}.`);
    }
  }
  const split = read.validationSplit ?? 0;
  if (!(split >= 0 && split < 1)) throw new OptionError(`\`validationSplit\` must be in 0..1; got ${String(split)}.`);
  return read;
}
