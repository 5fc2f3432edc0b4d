import { UnsupportedLayerError } from "../../errors.ts";
import type { Json } from "../../layers/layer.ts";
import type { ArgSpec, CallSpec, TensorRef } from "../../model/graph-spec.ts";
import { toSnake } from "../keras/names.ts";
import { kerasConfig } from "./layer-config.ts";
import type { Refusal } from "./repairs/carry-over.ts";
import { childAt, isChain, type WriteLayer } from "./write-tree.ts";

type JsonRecord = Record<string, Json>;

/** Names of activations and keys as Keras 2 and tf.keras write them. */
function oldConfig(layer: WriteLayer): JsonRecord {
  const config = kerasConfig(layer);
  if (layer.className === "LeakyReLU" && "negative_slope" in config) {
    config["alpha"] = config["negative_slope"]!;
    delete config["negative_slope"];
  }
  if (layer.className === "ZeroPadding1D") delete config["data_format"];
  if (layer.className === "MultiHeadAttention") {
    // tf-keras builds the layer from these before it reads the weights.
    for (const part of ["query", "key", "value"]) {
      const kernel = layer.weights.find(({ name }) => name.startsWith(part) && name.endsWith("ernel"));
      config[`${part}_shape`] = [null, null, kernel?.shape[0] ?? null];
    }
  }
  if (config["rms_scaling"] === false) delete config["rms_scaling"];
  for (const key of ["activation", "recurrent_activation"]) if (config[key] === "silu") config[key] = "swish";
  return config;
}

/** A layer's config as Keras 2 and tf.keras read it. */
function keras2Config(layer: WriteLayer, refuse: Refusal): JsonRecord {
  const { className } = layer;
  if (className.startsWith("op:")) {
    // Nothing comes near it, so that there is nothing to approximate.
    throw new UnsupportedLayerError(
      `${className} layer "${layer.name}": operation nodes have no form that Keras 2 reads. Write .keras instead.`,
    );
  }
  const config: JsonRecord = { name: layer.name, trainable: layer.trainable, dtype: "float32", ...oldConfig(layer) };
  // With a module Keras 3 reads inner layers, too; older loaders look at class_name and config alone.
  const inner = (child: WriteLayer): JsonRecord =>
    child.graph
      ? keras2Model(child, refuse)
      : {
          module: "keras.layers",
          class_name: child.className,
          config: keras2Config(child, refuse),
          registered_name: null,
        };
  if (className === "InputLayer") {
    const { batchShape, dtype } = layer.config;
    return { name: layer.name, batch_input_shape: batchShape ?? null, dtype: dtype ?? "float32", sparse: false };
  }
  if (className === "Bidirectional") {
    config["layer"] = inner(childAt(layer, "forwardLayer")!);
    if (layer.config["backwardLayer"]) config["backward_layer"] = inner(childAt(layer, "backwardLayer")!);
  } else if (className === "TimeDistributed" || className === "SpectralNormalization") {
    config["layer"] = inner(layer.children[0]!.layer);
  } else if (className === "RNN") config["cell"] = inner(layer.children[0]!.layer);
  else if (className === "StackedRNNCells") config["cells"] = layer.children.map((child) => inner(child.layer));
  return config;
}

/** A model as Keras 2 (from 2.2.3) and tf.keras serialise it. */
export function keras2Model(model: WriteLayer, refuse: Refusal): JsonRecord {
  const graph = model.graph!;
  const layers = model.children.map((child) => child.layer);
  const entry = (layer: WriteLayer): JsonRecord =>
    layer.graph ? keras2Model(layer, refuse) : { class_name: layer.className, config: keras2Config(layer, refuse) };
  if (isChain(graph)) {
    const entries = layers.map(entry);
    const shape = layers[0]!.config["batchShape"];
    const first = entries[1]?.["config"];
    if (shape && first && !layers[1]!.graph) (first as JsonRecord)["batch_input_shape"] = shape;
    return { class_name: "Sequential", config: { name: model.name, layers: entries } };
  }
  // Nested models count their own construction as their first call.
  const nested = new Set(layers.filter((layer) => layer.graph).map((layer) => layer.name));
  const place = (ref: TensorRef): [string, number, number] => [
    ref.layer,
    ref.call + (nested.has(ref.layer) ? 1 : 0),
    ref.tensor,
  ];
  const nodes = new Map<string, Json[]>();
  for (const call of graph.calls) {
    const list = nodes.get(call.layer) ?? [];
    const node = keras2Node(call, place, layers.find((layer) => layer.name === call.layer)!, refuse);
    if (node.length > 0) list.push(node);
    nodes.set(call.layer, list);
  }
  return {
    class_name: "Model",
    config: {
      name: model.name,
      layers: layers.map((layer) => ({
        ...entry(layer),
        name: layer.name,
        inbound_nodes: nodes.get(layer.name) ?? [],
      })),
      input_layers: graph.inputs.map((ref) => [...place(ref)]),
      output_layers: graph.outputs.map((ref) => [...place(ref)]),
    },
  };
}

function tensors(arg: ArgSpec): TensorRef[] {
  if ("ref" in arg) return [arg.ref];
  return "list" in arg ? arg.list.flatMap(tensors) : [];
}

/** One node: its tensors in a row, the initial states and constants behind the sequence. */
function keras2Node(
  call: CallSpec,
  place: (ref: TensorRef) => [string, number, number],
  layer: WriteLayer,
  refuse: Refusal,
): Json[] {
  const { initialState, constants, mask, ...others } = call.kwargs;
  const refs = call.args.flatMap(tensors);
  if (initialState) refs.push(...tensors(initialState));
  if (constants) {
    const extra = tensors(constants);
    refs.push(...extra);
    layer.config["numConstants"] = extra.length;
  }
  const kwargs: JsonRecord = {};
  // tf.keras' own layer, which takes its tensors one by one: the query as the node's, the others by name.
  const isByName = layer.className === "MultiHeadAttention";
  for (const [key, arg] of Object.entries(others)) {
    const [ref] = tensors(arg);
    if ("value" in arg && key !== "training") kwargs[toSnake(key)] = arg.value;
    else if (ref && isByName) kwargs[toSnake(key)] = [...place(ref)];
    else if (ref) refuse(layer, `the tensor argument ${key} has no form that Keras 2 reads`);
  }
  if (isByName) {
    for (const [i, key] of ["value", "key"].entries()) {
      const ref = refs[i + 1];
      if (ref) kwargs[key] = [...place(ref)];
    }
  }
  if (mask && tensors(mask).length > 0) kwargs["mask"] = maskArgument(mask, place);
  return (isByName ? refs.slice(0, 1) : refs).map((ref) => [...place(ref), kwargs]);
}

/** A mask, or one for each input with null where there is none. */
function maskArgument(mask: ArgSpec, place: (ref: TensorRef) => [string, number, number]): Json {
  if ("ref" in mask) return [...place(mask.ref)];
  return "list" in mask ? mask.list.map((item) => maskArgument(item, place)) : null;
}
