import { FormatError, OptionError } from "../errors.ts";
import { shardNames } from "../formats/keras/containers/shards.ts";
import { type NativeModel, WEIGHTS_FILE } from "../formats/native/format.ts";
import type { LateFile } from "../formats/native/late-file.ts";
import { isNative } from "../formats/native/read.ts";
import type { ModelFiles } from "../formats/read-model.ts";
import type { ProgressScreen } from "../training/callbacks/progress.ts";
import type { CompileOptions } from "../training/options/compile-options.ts";
import type { TrainableModel } from "./trainable-model.ts";
import type { ModelTraining } from "./training.ts";
import type { WorkerPort } from "./workers/worker-messages.ts";

/** A rim that has the kernels as files says so. */
export { type Build, readKernelsBy } from "../engine/load-module.ts";

/** A model's architecture and its weights, in memory. */
export interface ModelParts {
  /** `model.json`, architecture JSON or YAML: parsed, as text, or as bytes. */
  readonly json: object | string | Uint8Array;
  /** One weights file, or several by the names that the JSON calls them (TF.js shards, sharded `.weights.h5`). */
  readonly weights?: Uint8Array | ArrayBuffer | Readonly<Record<string, Uint8Array | ArrayBuffer>>;
}

/** What `loadModel` takes: a path or URL, a file's bytes, or parts. A path may be a folder that holds a `model.json`. */
export type ModelSource = string | URL | Uint8Array | ArrayBuffer | ModelParts;

/** A file that a platform has opened, with a way to the files beside it. */
export interface OpenedFile {
  readonly bytes: Uint8Array;
  /** How messages call the file. */
  readonly name: string;
  /** Reads a file beside this one; the name never leads outside its folder. */
  sibling(name: string): Promise<Uint8Array>;
  /**
   * Opens a file beside this one to be read in parts; undefined if it is better read whole.
   *
   * @param wanted - Bytes of it that can wait.
   */
  late?(name: string, wanted: number): LateFile | undefined;
}

/** What the rim gives the core: a way to read files. */
export interface Platform {
  open(source: string | URL): Promise<OpenedFile>;
  /** Writes files whole: one by its own path, several into a folder. */
  write?(target: string, files: Readonly<Record<string, Uint8Array>>): Promise<void>;
  /** Adds to the end of a file; makes it, and its folder. */
  append?(path: string, bytes: Uint8Array): Promise<void>;
  /** A file's bytes; undefined if there is no such file. */
  read?(path: string): Promise<Uint8Array | undefined>;
  /** The training of a model, where its code is there already: models that are built here. */
  train?(model: TrainableModel, options: CompileOptions): ModelTraining;
  /** Where training shows how far it is. */
  screen?(): Promise<ProgressScreen>;
  /** Starts a worker that runs `workerLoop`. */
  spawn(): WorkerPort;
}

function asBytes(value: Uint8Array | ArrayBuffer): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array(value);
}

function isBytes(value: unknown): value is Uint8Array | ArrayBuffer {
  return value instanceof Uint8Array || value instanceof ArrayBuffer;
}

/** True if the first character that is not white space opens a JSON object. */
function looksLikeJson(bytes: Uint8Array): boolean {
  for (const byte of bytes.subarray(0, 64)) {
    if (byte === 0x7b) return true;
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09 && ![0xef, 0xbb, 0xbf].includes(byte)) {
      return false;
    }
  }
  return false;
}

/** @throws {FormatError} If the text is not a JSON object. */
export function parseJson(text: string, name: string): object {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw new FormatError(`${name} is not valid JSON (${cause instanceof Error ? cause.message : String(cause)}).`, {
      cause,
    });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new FormatError(`${name} must hold a JSON object with the model's architecture.`);
  }
  return json;
}

/** The files beside a model JSON that it needs. */
function namedFiles(json: object): readonly string[] {
  if (isNative(json)) return [json.weights?.file ?? WEIGHTS_FILE];
  const manifest = "weightsManifest" in json ? json.weightsManifest : undefined;
  if (!Array.isArray(manifest)) return [];
  return manifest.flatMap((group: unknown) => {
    const paths = typeof group === "object" && group !== null && "paths" in group ? group.paths : [];
    return Array.isArray(paths) ? paths.filter((path): path is string => typeof path === "string") : [];
  });
}

/** Bytes of the float32 tables that a model looks rows up in. */
function tableBytes({ graph }: NativeModel): number {
  let bytes = 0;
  for (const layer of Array.isArray(graph?.layers) ? graph.layers : []) {
    const { inputDim, outputDim } = (layer?.className === "Embedding" && layer.config) || {};
    bytes += 4 * Number(inputDim ?? 0) * Number(outputDim ?? 0);
  }
  return bytes;
}

function fromParts(parts: ModelParts): ModelFiles {
  const { json, weights } = parts;
  const given =
    weights === undefined
      ? {}
      : {
          weights: isBytes(weights)
            ? asBytes(weights)
            : Object.fromEntries(Object.entries(weights).map(([name, bytes]) => [name, asBytes(bytes)])),
        };
  if (typeof json === "object" && !isBytes(json)) return { json, name: "the given JSON", ...given };
  const text = typeof json === "string" ? json : new TextDecoder().decode(json);
  if (!/^[\uFEFF\s]*\{/.test(text)) return { yaml: text, name: "the given architecture", ...given };
  return { json: parseJson(text, "the given JSON"), name: "the given JSON", ...given };
}

/**
 * Reads whatever a caller names.
 *
 * @param meanwhile - Called once while the weights that belong to a JSON are on their way.
 * @throws {OptionError} If the source is none of the accepted kinds.
 */
export async function readSource(
  source: ModelSource,
  platform: Platform,
  meanwhile: () => void = () => undefined,
): Promise<ModelFiles> {
  if (isBytes(source)) return fromBytes(asBytes(source), "the given bytes");
  if (typeof source === "string" || source instanceof URL) {
    const file = await platform.open(source);
    const files = fromBytes(file.bytes, file.name);
    if (!files.json) return files;
    if (isUnpacked(file, files.json)) return unpacked(file, files.json);
    const names = namedFiles(files.json);
    if (names.length === 0) return files;
    const late = isNative(files.json) ? file.late?.(names[0]!, tableBytes(files.json)) : undefined;
    const read = names.map(async (name) => [name, late?.bytes ?? (await file.sibling(name))] as const);
    const optimizer = isNative(files.json) ? files.json.optimizer?.file : undefined;
    // A model predicts without it.
    const more = optimizer === undefined ? undefined : file.sibling(optimizer).catch(() => undefined);
    const weights = Promise.all(read);
    // Should one fail before it is waited for, it is reported below.
    weights.catch(() => undefined);
    meanwhile();
    const state = await more;
    return {
      ...files,
      ...(late && { late }),
      weights: { ...Object.fromEntries(await weights), ...(state && { [optimizer!]: state }) },
    };
  }
  if (typeof source === "object" && source !== null && "json" in source) return fromParts(source);
  throw new OptionError(
    "loadModel takes a path, a URL, a Uint8Array, an ArrayBuffer or { json, weights }; see ModelSource.",
  );
}

/** True for the config.json of an unpacked `.keras` file (Keras 3 saves folders with `zipped=False`). */
function isUnpacked({ name }: OpenedFile, json: object): boolean {
  return /(^|[\\/])config\.json$/.test(name) && "class_name" in json && "config" in json;
}

async function unpacked(file: OpenedFile, json: object): Promise<ModelFiles> {
  const weights = await file.sibling("model.weights.h5").catch(async (missing: unknown) => {
    const name = "model.weights.json";
    const index = await file.sibling(name).catch(() => undefined);
    if (!index) throw missing;
    return withShards({ ...file, bytes: index, name });
  });
  const metadata = await file.sibling("metadata.json").catch(() => undefined);
  const version = metadata ? parseJson(new TextDecoder().decode(metadata), "metadata.json") : {};
  const { keras_version = "" } = version as { keras_version?: string };
  return { json: { ...json, keras_version }, name: file.name, weights };
}

/**
 * A weights file with its shards, if it is an index of such.
 *
 * @throws {FormatError} If a shard is missing.
 */
export async function withShards(file: OpenedFile): Promise<Uint8Array | Readonly<Record<string, Uint8Array>>> {
  const { bytes, name } = file;
  const shards = looksLikeJson(bytes) && shardNames(parseJson(new TextDecoder().decode(bytes), name), name);
  if (!shards) return bytes;
  const read = shards.map(async (shard) => [shard, await file.sibling(shard)] as const);
  return { [name]: bytes, ...Object.fromEntries(await Promise.all(read)) };
}

function fromBytes(bytes: Uint8Array, name: string): ModelFiles {
  if (bytes.length === 0) throw new FormatError(`${name} is empty.`);
  if (!looksLikeJson(bytes)) return { bytes, name };
  return { bytes, json: parseJson(new TextDecoder().decode(bytes), name), name };
}
