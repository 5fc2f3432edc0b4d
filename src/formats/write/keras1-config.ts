import type { Json } from "../../layers/layer.ts";
import type { ArgSpec, CallSpec, TensorRef } from "../../model/graph-spec.ts";
import type { Reached } from "../../model/open-shapes.ts";
import { cannotSay, keras1Words } from "./keras1-words.ts";
import type { Refusal } from "./repairs/carry-over.ts";
import { isChain, type WriteLayer } from "./write-tree.ts";

type JsonRecord = Record<string, Json>;

/** What the writer knows of a model's layers beside themselves. */
export interface Keras1Context {
  /** What the layers of every graph are called with. */
  readonly reached: ReadonlyMap<WriteLayer, Reached>;
  /** A mask goes into the layer that TimeDistributed repeats. */
  readonly timeDistributedGivesMask: boolean;
  readonly refuse: Refusal;
}

/** Classes that take a masked input in Keras 1; all others raise an error. */
const TAKES_MASK = new Set(
  "Masking Dropout SpatialDropout1D Activation ActivityRegularization LeakyReLU PReLU ELU ParametricSoftplus ThresholdedReLU SReLU TimeDistributed Bidirectional LSTM GRU SimpleRNN ConvLSTM2D BatchNormalization GaussianNoise GaussianDropout Add Multiply Average Concatenate Dot InputLayer".split(
    " ",
  ),
);
/** What makes another number of a masked sequence. */
const USES_MASK = new Set(["LSTM", "GRU", "SimpleRNN", "Bidirectional", "ConvLSTM2D", "GlobalAveragePooling1D"]);

/** A model as Keras 1 serialises it: Sequential as a list. */
export function keras1Model(model: WriteLayer, context: Keras1Context): { class_name: string; config: Json } {
  const graph = model.graph!;
  const layers = model.children.map((child) => child.layer);
  const entry = (layer: WriteLayer): { class_name: string; config: Json } =>
    layer.graph ? keras1Model(layer, context) : keras1Entry(layer, context);
  for (const layer of layers) if (layer.className === "InputLayer" && !isShape(layer)) cannotSay(layer, NO_SHAPE);
  if (isChain(graph) && layers.length > 1) {
    const entries = layers.slice(1).map(entry);
    if (!layers[1]!.graph) Object.assign(entries[0]!.config as JsonRecord, inputOf(layers[0]!));
    return { class_name: "Sequential", config: entries };
  }
  const nested = new Set(layers.filter((layer) => layer.graph).map((layer) => layer.name));
  // Nested models count their own construction as their first call.
  const place = ({ layer, call, tensor }: TensorRef): [string, number, number] => [
    layer,
    call + (nested.has(layer) ? 1 : 0),
    tensor,
  ];
  const nodes = new Map<string, Json[]>();
  for (const call of graph.calls) {
    const layer = layers.find((candidate) => candidate.name === call.layer)!;
    const refs = tensorsOf(call, layer);
    const list = nodes.get(call.layer) ?? [];
    if (refs.length > 0) list.push(refs.map(place));
    if (list.length > 1 && refs.length > 1 && !layer.graph) cannotSay(layer, "cannot call a merging layer twice");
    nodes.set(call.layer, list);
  }
  const config = {
    name: model.name,
    layers: layers.map((layer) => ({
      ...entry(layer),
      name: layer.name,
      inbound_nodes: nodes.get(layer.name) ?? [],
    })),
    input_layers: graph.inputs.map(place),
    output_layers: graph.outputs.map(place),
  };
  return { class_name: "Model", config };
}

const NO_SHAPE = "needs to know the shape of its input, and this model does not say it";

function isShape(layer: WriteLayer): boolean {
  return Array.isArray(layer.config["batchShape"]);
}

function inputOf(layer: WriteLayer): JsonRecord {
  const { batchShape, dtype } = layer.config;
  if (dtype === "string") cannotSay(layer, "takes no text");
  const isInteger = typeof dtype === "string" && dtype.includes("int");
  return { batch_input_shape: batchShape!, input_dtype: isInteger ? "int32" : "float32" };
}

function tensorsOf({ args, kwargs }: CallSpec, layer: WriteLayer): readonly TensorRef[] {
  for (const [key, arg] of Object.entries(kwargs)) {
    if ("value" in arg && (arg.value === null || key === "training")) continue;
    cannotSay(layer, key === "initialState" ? "takes no initial states" : `takes no argument ${key} in a call`);
  }
  const refs = (arg: ArgSpec): readonly TensorRef[] => {
    if ("ref" in arg) return [arg.ref];
    return "list" in arg ? arg.list.flatMap(refs) : cannotSay(layer, "takes no constant in a call");
  };
  return args.flatMap(refs);
}

function keras1Entry(layer: WriteLayer, context: Keras1Context): { class_name: string; config: JsonRecord } {
  const reached = context.reached.get(layer);
  if (reached?.masked) checkMask(layer, context);
  if (layer.className === "InputLayer") {
    return { class_name: "InputLayer", config: { name: layer.name, ...inputOf(layer), sparse: false } };
  }
  if (reached) return atRank(layer, reached.rank, context);
  return named(layer, {}, context);
}

function checkMask(layer: WriteLayer, { refuse, timeDistributedGivesMask }: Keras1Context): void {
  const { className } = layer;
  // Dense is written inside TimeDistributed, which takes masks.
  if (className !== "Dense" && !TAKES_MASK.has(className) && !isActivation(layer)) {
    cannotSay(layer, "refuses a masked input here");
  }
  const inner = layer.children[0]?.layer;
  if (
    className === "TimeDistributed" &&
    timeDistributedGivesMask &&
    inner &&
    (inner.graph || USES_MASK.has(inner.className))
  ) {
    refuse(layer, "Keras 1 does not hand a mask on to the layer inside TimeDistributed");
  }
}

function isActivation({ className }: WriteLayer): boolean {
  return className === "ReLU" || className === "Softmax";
}

/** Dense works on vectors alone in Keras 1: sequences go through TimeDistributed, once for each axis. */
function atRank(layer: WriteLayer, rank: number, context: Keras1Context): { class_name: string; config: JsonRecord } {
  const { className } = layer;
  if (className === "Dense" && rank > 2) {
    const inner = { ...layer, name: `${layer.name}_step` };
    return {
      class_name: "TimeDistributed",
      config: {
        name: layer.name,
        trainable: layer.trainable,
        layer: atRank(inner, rank - 1, context) as unknown as Json,
      },
    };
  }
  if (className === "TimeDistributed") {
    const inner = layer.children[0]!.layer;
    const written = inner.graph ? keras1Model(inner, context) : atRank(inner, rank - 1, context);
    return named(layer, { layer: written as unknown as Json }, context);
  }
  return named(layer, {}, context);
}

function named(
  layer: WriteLayer,
  more: JsonRecord,
  context: Keras1Context,
): { class_name: string; config: JsonRecord } {
  const { className, config } = keras1Words(layer);
  const inner: JsonRecord = { ...more };
  if (layer.className === "Bidirectional") {
    const [forward, backward] = layer.children.map((child) => child.layer) as [WriteLayer, WriteLayer];
    const words = named(forward, {}, context);
    if (!isMirror(words.config, named(backward, {}, context).config)) {
      cannotSay(layer, "runs a mirror image of the forward layer backwards, not another layer");
    }
    inner["layer"] = words as unknown as Json;
  }
  // Merge takes no `trainable`.
  const trainable: JsonRecord = className === "Merge" ? {} : { trainable: layer.trainable };
  return { class_name: className, config: { name: layer.name, ...trainable, ...config, ...inner } };
}

function isMirror(forward: JsonRecord, backward: JsonRecord): boolean {
  const { name: _, go_backwards: one = false, ...rest } = forward;
  const { name: __, go_backwards: other = false, ...others } = backward;
  const sorted = (record: JsonRecord) => JSON.stringify(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
  return one !== other && sorted(rest) === sorted(others);
}
