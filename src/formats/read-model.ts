import { FormatError, RnnWasmError } from "../errors.ts";
import type { Profile } from "../layers/profile.ts";
import type { GraphSpec } from "../model/graph-spec.ts";
import { foreignFile, foreignJson } from "./foreign.ts";
import { shardNames } from "./keras/containers/shards.ts";
import { isTfjs, tfjsTopology } from "./keras/containers/tfjs.ts";
import { readKerasZip } from "./keras/containers/zip.ts";
import {
  fromArchitecture,
  fromHdf5,
  fromKerasZip,
  fromTfjs,
  type KerasModel,
  type ReadOptions,
} from "./keras/read-keras.ts";
import { checkJson, isObject, type JsonObject, parseJson } from "./keras/safe-json.ts";
import type { WeightReader } from "./keras/weights/weight-origin.ts";
import type { LateFile } from "./native/late-file.ts";
import { sniff } from "./sniff.ts";

/** A model's files, read into memory. */
export interface ModelFiles {
  /** A container (`.keras`, `.h5`) or a lone JSON or YAML file. */
  readonly bytes?: Uint8Array;
  /** Architecture, or a TF.js `model.json`, parsed. */
  readonly json?: object;
  /** Architecture that is not JSON. */
  readonly yaml?: string;
  /** One weights file, or several by the names that the JSON calls them. */
  readonly weights?: Uint8Array | Readonly<Record<string, Uint8Array>>;
  /** Given if the weights are the memory of a file in our own format that is read in parts. */
  readonly late?: LateFile;
  /** How messages call the files. */
  readonly name: string;
}

/** Options of {@link readModel}. */
export interface ReadModelOptions {
  /** Weights go to layers by name; layers without a counterpart in the architecture are left out. */
  readonly byName?: boolean;
}

/** A model file of any kind in this package's form. */
export interface ParsedModel {
  readonly graph: GraphSpec;
  readonly profile: Profile;
  /** Sets the weights of the layers that the graph makes. */
  readonly weights: WeightReader;
  readonly origin: {
    readonly format: string;
    readonly kerasVersion: string;
    readonly notes: readonly string[];
    readonly trainingConfig?: unknown;
    readonly optimizerWeights?: readonly { name: string; shape: readonly number[]; data: Float32Array }[];
  };
}

/**
 * The files with a YAML architecture parsed, for {@link readModel}. The parser is loaded for YAML alone: it takes longer
 * to load than most models.
 *
 * @throws {FormatError} If the YAML is damaged.
 */
export async function withoutYaml(files: ModelFiles): Promise<ModelFiles> {
  const { bytes, yaml, ...others } = files;
  const text = yaml ?? (bytes && sniff(bytes) === "yaml" ? new TextDecoder().decode(bytes) : undefined);
  if (text === undefined) return files;
  const { parseYaml } = await import("./keras/yaml.ts");
  return { ...others, json: parseYaml(text, files.name) };
}

/**
 * Reads a Keras model of any era. What a file is shows its content, never its name.
 *
 * @param files - Without YAML: see {@link withoutYaml}.
 * @throws {FormatError} If the files are damaged, hostile or no model.
 * @throws {UnsupportedLayerError} If the model is Python code in part.
 * @example
 * const { graph, profile, weights } = readModel(await withoutYaml({ bytes, name: "model.keras" }));
 */
export function readModel(files: ModelFiles, options: ReadModelOptions = {}): ParsedModel {
  try {
    return toParsed(read(files, { byName: options.byName ?? false, name: files.name }));
  } catch (error) {
    if (error instanceof RnnWasmError) throw error;
    throw new FormatError(`${files.name} is damaged or hostile (${String(error)}).`, { cause: error });
  }
}

/**
 * Reads an architecture alone, as `model.to_json()` gives it: for models that get their first weights here.
 *
 * @throws {FormatError} If it is no architecture of Keras'.
 */
export function readArchitecture(given: object, name: string): Omit<ParsedModel, "weights"> {
  const json = checkJson(given, name) as JsonObject;
  const foreign = foreignJson(json);
  if (foreign) throw new FormatError(`${name} ${foreign}`);
  return toParsed(fromArchitecture(json, [], { byName: false, name }));
}

function read(files: ModelFiles, options: ReadOptions): KerasModel {
  const { bytes, name } = files;
  if (files.json) return fromJson(files.json, files, options);
  if (!bytes) throw new FormatError(`${name}: neither a file nor an architecture was given.`);
  const kind = sniff(bytes);
  if (kind === "zip") return fromKerasZip(bytes, options);
  if (kind === "hdf5") return fromHdf5(bytes, options);
  if (kind === "json") {
    const json = parseJson(new TextDecoder().decode(bytes), name);
    if (!isObject(json)) throw new FormatError(`${name} must hold a JSON object.`);
    return fromJson(json, files, options);
  }
  throw new FormatError(`${name} ${bytes.length === 0 ? "is empty." : notAModel(bytes)}`);
}

function notAModel(bytes: Uint8Array): string {
  return (
    foreignFile(bytes) ??
    "is not a model file: it is neither .keras (zip), HDF5, JSON nor YAML. It may be truncated at the front or encrypted."
  );
}

function fromJson(given: object, files: ModelFiles, options: ReadOptions): KerasModel {
  const json = checkJson(given, files.name) as JsonObject;
  const { weights } = files;
  const foreign = foreignJson(json);
  if (foreign) throw new FormatError(`${files.name} ${foreign}`);
  if (isTfjs(json)) tfjsTopology(json, files.name);
  if (!weights) {
    throw new FormatError(`${files.name} is an architecture without weights. Pass both: { json, weights }.`);
  }
  if (isTfjs(json)) return fromTfjs(json, weights, options);
  const list = weights instanceof Uint8Array ? { "the weights file": weights } : weights;
  return fromArchitecture(
    json,
    Object.keys(list).flatMap((key) => weightsFiles(key, list)),
    options,
  );
}

/** The HDF5 files in a weights file: itself, or what a `.keras` file holds; none in an index of shards. */
function weightsFiles(name: string, list: Readonly<Record<string, Uint8Array>>): readonly Uint8Array[] {
  const bytes = list[name]!;
  const kind = sniff(bytes);
  const shards = kind === "json" && shardNames(parseJson(new TextDecoder().decode(bytes), name), name);
  if (shards) {
    const missing = shards.filter((shard) => !Object.hasOwn(list, shard));
    if (missing.length === 0) return [];
    throw new FormatError(`${name} names shards that were not given: ${missing.join(", ")}. Pass all of them by name.`);
  }
  if (kind === "hdf5") return [bytes];
  if (kind === "zip") return readKerasZip(bytes, name).weights;
  if (bytes.length === 0) throw new FormatError(`${name} is empty.`);
  throw new FormatError(
    `${name} ${foreignFile(bytes) ?? "is no weights file: pass an .h5, .weights.h5 or .keras file."}`,
  );
}

function toParsed(model: KerasModel): ParsedModel {
  const { graph, profile, weights, format, notes, trainingConfig, optimizer } = model;
  const optimizerWeights = optimizer.map((array) => ({ name: array.name, shape: array.shape, data: array.read() }));
  return {
    graph,
    profile,
    weights,
    origin: {
      format,
      kerasVersion: profile.version,
      notes,
      ...(trainingConfig !== undefined && { trainingConfig }),
      ...(optimizerWeights.length > 0 && { optimizerWeights }),
    },
  };
}
