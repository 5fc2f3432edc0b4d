import { FormatError, WeightsError } from "../../errors.ts";
import type { Layer, WeightArray, WeightSpec } from "../../layers/layer.ts";
import { isQuantizable, QuantizedWeight, scaleCount } from "../../layers/quantized.ts";
import { readSafetensors, type SafeTensor, safetensorToFloat32 } from "../safetensors.ts";
import { FORMAT, type NativeModel, VERSION } from "./format.ts";
import type { LateFile } from "./late-file.ts";
import { scalesKey, weightOwners } from "./weight-names.ts";

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
 * @param file - Given if `bytes` is its memory and yet to be filled: with all but the tables, whose rows come when needed.
 * @throws {WeightsError} If one is missing, left over or misshapen.
 */
export function assignNative(root: Layer, bytes: Uint8Array, file?: LateFile): void {
  const { tensors } = readSafetensors(bytes, file?.bring);
  const used = new Set<string>();
  for (const { path, layer } of weightOwners(root)) {
    const arrays = layer.weightSpecs().map((spec) => {
      const key = `${path}/${spec.name}`;
      const tensor = tensors.get(key);
      if (!tensor) throw new WeightsError(`${layer}: the weights file holds no "${key}".`);
      used.add(key);
      if (file && spec.quantize === "row" && tensor.dtype === "F32") {
        const data = tensor.data as Float32Array;
        return { data, shape: tensor.shape, late: file.later(data) };
      }
      file?.bring(tensor.data);
      if (tensor.dtype !== "I8") return { data: safetensorToFloat32(key, tensor), shape: tensor.shape };
      used.add(scalesKey(key));
      const scales = tensors.get(scalesKey(key));
      if (scales) file?.bring(scales.data);
      return int8Array(layer, spec, tensor, scales);
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

/** An int8 weight with its scales; expanded where the layer computes in float32. */
function int8Array(layer: Layer, spec: WeightSpec, tensor: SafeTensor, scales: SafeTensor | undefined): WeightArray {
  const { name, quantize: axis, trainable } = spec;
  const { shape } = tensor;
  if (!axis || shape.length !== 2) {
    throw new WeightsError(`${layer}: the weight ${name} is stored as int8, which this layer does not take.`);
  }
  const count = scaleCount(shape, axis);
  if (scales?.dtype !== "F32" || scales.data.length !== count) {
    const got = scales ? `${scales.data.length} of ${scales.dtype}` : "none";
    throw new WeightsError(`${layer}: the int8 weight ${name} needs ${count} scales of F32; the file has ${got}.`);
  }
  const quantized = { axis, values: tensor.data as Int8Array, scales: scales.data as Float32Array };
  const weight = new QuantizedWeight({ name, shape, trainable }, quantized);
  return isQuantizable(shape, axis) ? weight : { shape, data: weight.data };
}

/** The optimizer's variables in Keras' order. @throws {FormatError} If the file is damaged. */
export function readOptimizerState(
  bytes: Uint8Array,
): readonly { readonly name: string; readonly shape: readonly number[]; readonly data: Float32Array }[] {
  const { tensors } = readSafetensors(bytes);
  return Array.from({ length: tensors.size }, (_, i) => {
    const tensor = tensors.get(String(i));
    if (!tensor) throw new FormatError(`The optimizer's state lacks the array ${i}: the file is damaged.`);
    return { name: String(i), shape: tensor.shape, data: safetensorToFloat32(String(i), tensor) };
  });
}
