import { FormatError, WeightsError } from "../../errors.ts";
import type { Layer } from "../../layers/layer.ts";
import { readSafetensors, safetensorToFloat32 } from "../safetensors.ts";
import { FORMAT, type NativeModel, VERSION } from "./format.ts";
import { weightOwners } from "./weight-names.ts";

/** True if a parsed JSON is a model in our own format. */
export function isNative(json: unknown): json is NativeModel {
  return typeof json === "object" && json !== null && "format" in json && json.format === FORMAT;
}

/**
 * Checks the outer form of a `model.json`.
 *
 * @throws {FormatError} If a part is missing or the version is newer than this package.
 */
export function checkNative(json: NativeModel): NativeModel {
  if (typeof json.version !== "number" || json.version > VERSION || json.version < 1) {
    throw new FormatError(
      `model.json is of version ${String(json.version)} of the rnn-wasm format; this package reads up to ${VERSION}. Update rnn-wasm.`,
    );
  }
  const { graph, profile } = json;
  const isGraph =
    typeof graph === "object" &&
    graph !== null &&
    [graph.layers, graph.calls, graph.inputs, graph.outputs].every(Array.isArray);
  if (!isGraph || typeof profile !== "object" || profile === null) {
    throw new FormatError("model.json of the rnn-wasm format must hold `graph` and `profile`; the file is incomplete.");
  }
  return json;
}

/**
 * Gives every layer its weights from a safetensors file.
 *
 * @throws {WeightsError} If one is missing, left over or misshapen.
 */
export function assignNative(root: Layer, bytes: Uint8Array): void {
  const { tensors } = readSafetensors(bytes);
  const used = new Set<string>();
  for (const { path, layer } of weightOwners(root)) {
    const arrays = layer.weightSpecs().map((spec) => {
      const key = `${path}/${spec.name}`;
      const tensor = tensors.get(key);
      if (!tensor) throw new WeightsError(`${layer}: the weights file holds no "${key}".`);
      used.add(key);
      return { data: safetensorToFloat32(key, tensor), shape: tensor.shape };
    });
    layer.setWeights(arrays);
  }
  const left = [...tensors.keys()].filter((key) => !used.has(key));
  if (left.length > 0) {
    throw new WeightsError(
      `The weights file holds ${left.length} arrays that no layer takes: ${left.slice(0, 5).join(", ")}. Is it of another model?`,
    );
  }
}
