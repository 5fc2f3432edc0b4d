import { FORMAT, type NativeModel, VERSION, WEIGHTS_FILE } from "../../src/formats/native/format.ts";
import { type SafeTensor, writeSafetensors } from "../../src/formats/safetensors.ts";
import type { LayerConfig, LayerSpec } from "../../src/layers/layer.ts";
import { KERAS3 } from "../../src/layers/profile.ts";
import type { CallSpec, GraphSpec } from "../../src/model/graph-spec.ts";
import type { Workload, WorkloadLayer } from "../workloads.ts";

function recurrentConfig({ type, name, units, returnSequences }: WorkloadLayer): LayerConfig {
  const gates: LayerConfig = type === "SimpleRNN" ? {} : { recurrentActivation: "sigmoid" };
  const reset: LayerConfig = type === "GRU" ? { resetAfter: true } : {};
  return { name, units, activation: "tanh", ...gates, ...reset, returnSequences };
}

function specOf(layer: WorkloadLayer): LayerSpec {
  const { type, name, units, inputs } = layer;
  const base = { name, trainable: true };
  if (type === "Embedding") return { ...base, className: type, config: { inputDim: inputs, outputDim: units } };
  if (type === "Dense") return { ...base, className: type, config: { units, activation: "sigmoid" } };
  const config = recurrentConfig(layer);
  if (!layer.bidirectional) return { ...base, className: type, config };
  const inner = { className: type, config };
  return { ...base, className: "Bidirectional", config: { layer: inner, mergeMode: "concat" } };
}

function graphOf({ features, layers, batch, kind }: Workload): GraphSpec {
  const input = "input";
  const inputShape = features === 0 ? [null, null] : [null, null, features];
  const dtype = features === 0 ? "int32" : "float32";
  const specs: LayerSpec[] = [
    { className: "InputLayer", name: input, trainable: true, config: { batchShape: inputShape, dtype } },
    ...layers.map(specOf),
  ];
  const calls: CallSpec[] = specs.map(({ name }, i) => ({
    layer: name,
    args: i === 0 ? [] : [{ ref: { layer: specs[i - 1]!.name, call: 0, tensor: 0 } }],
    kwargs: {},
  }));
  const last = { layer: specs.at(-1)!.name, call: 0, tensor: 0 };
  return {
    name: `${kind}_b${batch}`,
    className: "Sequential",
    layers: specs,
    calls,
    inputs: [{ layer: input, call: 0, tensor: 0 }],
    outputs: [last],
  };
}

function weightsOf(layer: WorkloadLayer): [string, SafeTensor][] {
  return layer.weights.map(({ name, shape, data }, i) => {
    const inner = layer.bidirectional ? (i < 3 ? "/forwardLayer" : "/backwardLayer") : "";
    return [`${layer.name}${inner}/${name}`, { dtype: "F32", shape, data }];
  });
}

/** The workload as a model in the package's own format: what `loadModel` and `loadModelSync` read. */
export function writeWorkload(workload: Workload): Record<string, Uint8Array> {
  const tensors = workload.layers.flatMap(weightsOf);
  const model: NativeModel = {
    format: FORMAT,
    version: VERSION,
    generatedBy: "rnn-wasm bench",
    profile: KERAS3,
    graph: graphOf(workload),
    weights: { file: WEIGHTS_FILE, parameters: tensors.reduce((sum, [, { data }]) => sum + data.length, 0) },
  };
  return {
    "model.json": new TextEncoder().encode(JSON.stringify(model)),
    [WEIGHTS_FILE]: writeSafetensors(tensors),
  };
}
