import { FormatError, WeightsError } from "../../../errors.ts";
import { float16ToFloat32 } from "../../float16.ts";
import { isList, isObject, type JsonObject } from "../safe-json.ts";
import type { FileArray } from "../weights/file-array.ts";
import { inPython } from "./tfjs-camel.ts";

/** Bytes of one value of each dtype that layers models hold. */
const WIDTHS: Readonly<Record<string, number>> = { float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2 };

/** True for the `model.json` of a TF.js layers model or graph model. */
export function isTfjs(json: JsonObject): boolean {
  return "modelTopology" in json || ("weightsManifest" in json && !("class_name" in json));
}

/** A TF.js model's architecture, with `class_name`, `config` and `keras_version` side by side. */
export function tfjsTopology(json: JsonObject, what: string): JsonObject {
  const topology = json["modelTopology"];
  if (json["format"] === "graph-model" || (isObject(topology) && isList(topology["node"]))) {
    throw new FormatError(
      `${what} is a TF.js graph model: its layers were dissolved into TensorFlow operations. Convert the original Keras model instead (tensorflowjs_converter --output_format=tfjs_layers_model), or load the .keras or .h5 file itself.`,
    );
  }
  if (!isObject(topology)) throw new FormatError(`${what}: modelTopology is missing. It is no layers model.`);
  const model = topology["model_config"] ?? topology;
  if (!isObject(model)) throw new FormatError(`${what}: model_config is not an object.`);
  const { keras_version = "", backend = "" } = topology;
  return { ...inPython(model), keras_version, backend };
}

/**
 * The arrays of a TF.js weights manifest in its order.
 *
 * @param files - Shards by the paths of the manifest, or the bytes of all of them joined.
 */
export function readManifest(
  json: JsonObject,
  files: Uint8Array | Readonly<Record<string, Uint8Array>>,
  what: string,
): readonly FileArray[] {
  const manifest = json["weightsManifest"];
  if (!isList(manifest)) throw new FormatError(`${what}: weightsManifest is not a list.`);
  const found: FileArray[] = [];
  const seen = new Set<string>();
  let joinedAt = 0;
  for (const group of manifest) {
    if (!isObject(group) || !isList(group["weights"])) throw new FormatError(`${what}: weightsManifest is damaged.`);
    const paths = isList(group["paths"]) ? group["paths"].map(String) : [];
    for (const path of paths) {
      if (seen.has(path)) throw new FormatError(`${what}: weightsManifest names the shard ${path} twice.`);
      seen.add(path);
    }
    const bytes = files instanceof Uint8Array ? files.subarray(joinedAt) : join(paths, files, what);
    let at = 0;
    for (const entry of group["weights"]) {
      const weight = readEntry(entry, what);
      if (at + weight.size > bytes.length) {
        throw new WeightsError(
          `${what}: the weight ${weight.name} ends ${at + weight.size - bytes.length} bytes behind the end of ${paths.join(", ")}. A shard is missing or truncated.`,
        );
      }
      const own = bytes.subarray(at, at + weight.size);
      at += weight.size;
      // model.save(…, { includeOptimizer: true }) lists the optimizer's variables behind the weights.
      if (isObject(entry) && entry["group"] === "optimizer") continue;
      found.push({ name: weight.name, shape: weight.shape, read: () => decode(own, weight) });
    }
    joinedAt += at;
  }
  return found;
}

/** One weight of the manifest. */
interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly stored: string;
  readonly scale: number;
  readonly min: number;
  readonly round: boolean;
  readonly size: number;
}

function readEntry(entry: unknown, what: string): Entry {
  if (!isObject(entry) || typeof entry["name"] !== "string" || !isList(entry["shape"])) {
    throw new FormatError(`${what}: weightsManifest lists a weight without name or shape.`);
  }
  const { name, dtype, quantization } = entry;
  const shape = entry["shape"] as readonly number[];
  const quantised = isObject(quantization) ? quantization : undefined;
  const stored = String(quantised?.["dtype"] ?? dtype);
  const width = Object.hasOwn(WIDTHS, stored) ? WIDTHS[stored]! : undefined;
  const count = shape.reduce((product, n) => product * n, 1);
  if (width === undefined || !shape.every((n) => Number.isInteger(n) && n >= 0) || !Number.isSafeInteger(count)) {
    throw new FormatError(`${what}: the weight ${name} of dtype ${stored} and shape [${shape}] is not supported.`);
  }
  const affine = quantised && stored !== "float16";
  const [scale, min] = affine ? [quantised["scale"], quantised["min"]] : [1, 0];
  if (!Number.isFinite(scale) || !Number.isFinite(min)) {
    throw new FormatError(`${what}: the weight ${name} is quantized, but its scale and min are not given in numbers.`);
  }
  return {
    name,
    shape,
    stored,
    scale: scale as number,
    min: min as number,
    round: Boolean(affine) && (quantised!["original_dtype"] ?? dtype) === "int32",
    size: count * width,
  };
}

function join(paths: readonly string[], files: Readonly<Record<string, Uint8Array>>, what: string): Uint8Array {
  const parts = paths.map((path) => {
    const file = Object.hasOwn(files, path) ? files[path] : undefined;
    if (!file) {
      throw new WeightsError(`${what}: the shard ${path} is missing. Pass every file that weightsManifest names.`);
    }
    return file;
  });
  if (parts.length === 1) return parts[0]!;
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function decode(bytes: Uint8Array, { stored, scale, min, round }: Entry): Float32Array {
  // Weights follow one another without alignment.
  const copy = new Uint8Array(bytes);
  if (stored === "float32") return new Float32Array(copy.buffer);
  if (stored === "float16") return float16ToFloat32(new Uint16Array(copy.buffer));
  const integers =
    stored === "int32" ? new Int32Array(copy.buffer) : stored === "uint16" ? new Uint16Array(copy.buffer) : copy;
  const out = new Float32Array(integers.length);
  for (let i = 0; i < out.length; i++) {
    const value = integers[i]! * scale + min;
    out[i] = round ? Math.round(value) : value;
  }
  return out;
}
