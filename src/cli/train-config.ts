import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { type FitOptions, spelled } from "../training/options/fit-options.ts";
import { isRecord, type Json, keyed, textOf, wholeOf } from "./config-keys.ts";
import { UsageError } from "./io.ts";

/** What `rnn-wasm train` is to do. Paths are absolute. */
export interface TrainConfig {
  /** Where relative paths begin. */
  readonly folder: string;
  /** A file's path, an architecture, or a list of layers. */
  readonly model: string | Json | readonly Json[];
  /** By layer: what stays as it is. */
  readonly trainable: Readonly<Record<string, boolean>>;
  readonly data: unknown;
  readonly validation: unknown;
  readonly test: unknown;
  /** undefined: the model file's own. */
  readonly compile: Json | undefined;
  readonly fit: FitOptions;
  readonly callbacks: unknown;
  readonly checkpoint: { readonly file: string; readonly everyBatches: number | undefined } | undefined;
  readonly output: string;
  readonly seed: number;
}

const KEYS = "model data validation test compile fit callbacks checkpoint output seed trainable".split(" ");
/** Options of `fit` that have a place of their own in the config. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  validationData: "validation",
  sampleWeight: "data.sampleWeight",
  callbacks: "callbacks",
  resume: "checkpoint",
  signal: "",
  pause: "",
  stepsPerEpoch: "",
};

/**
 * Reads and checks a config file.
 *
 * @throws {UsageError | OptionError} If it cannot be read, or a key is missing or not known.
 */
export async function readTrainConfig(path: string): Promise<TrainConfig> {
  const name = basename(path);
  const given = keyed(await parsed(path, name), name, KEYS);
  for (const key of ["model", "data", "output"]) {
    if (given[key] === undefined) throw new UsageError(`${name}: the key "${key}" is missing`);
  }
  const folder = dirname(resolve(path));
  const { model, trainable = {}, compile, fit = {}, seed = 0 } = given;
  const isModel = typeof model === "string" || isRecord(model) || (Array.isArray(model) && model.every(isRecord));
  if (!isModel) throw new UsageError(`${name}: model must be a file, an architecture of Keras, or a list of layers`);
  if (compile !== undefined && !isRecord(compile)) throw new UsageError(`${name}: compile must be an object`);
  if (!isRecord(trainable) || Object.values(trainable).some((flag) => typeof flag !== "boolean")) {
    throw new UsageError(`${name}: trainable must be true or false by layer name, like {"embedding": false}`);
  }
  return {
    folder,
    model: typeof model === "string" ? resolve(folder, model) : (model as Json | readonly Json[]),
    trainable: trainable as Record<string, boolean>,
    data: given["data"],
    validation: given["validation"],
    test: given["test"],
    compile: compile as Json | undefined,
    fit: fitOptions(fit, `${name}: fit`),
    callbacks: given["callbacks"],
    checkpoint: checkpointOf(given["checkpoint"], `${name}: checkpoint`, folder),
    output: resolve(folder, textOf(given["output"], `${name}: output`)),
    seed: wholeOf(seed, `${name}: seed`, 0),
  };
}

async function parsed(path: string, name: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new UsageError(`${path} cannot be read: ${code === "ENOENT" ? "there is no such file" : code}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${name} is not valid JSON (${(error as Error).message})`);
  }
}

function fitOptions(value: unknown, where: string): FitOptions {
  if (!isRecord(value)) throw new UsageError(`${where} must be an object; got ${JSON.stringify(value)}`);
  const { options } = spelled(value);
  for (const [key, place] of Object.entries(ELSEWHERE)) {
    if (options[key] === undefined) continue;
    throw new UsageError(`${where}: "${key}" ${place ? `goes into "${place}"` : "cannot be said in a file"}`);
  }
  return options;
}

function checkpointOf(value: unknown, where: string, folder: string): TrainConfig["checkpoint"] {
  if (value === undefined) return undefined;
  const given = typeof value === "string" ? { file: value } : keyed(value, where, ["file", "everyBatches"]);
  const file = resolve(folder, textOf(given["file"], `${where}.file`));
  if (/\.(keras|h5|hdf5)$/i.test(file)) {
    throw new UsageError(`${where}: a checkpoint is no model: let its name end in .checkpoint; got ${given["file"]}`);
  }
  const { everyBatches } = given as { everyBatches?: unknown };
  return {
    file,
    everyBatches: everyBatches === undefined ? undefined : wholeOf(everyBatches, `${where}.everyBatches`, 1),
  };
}
