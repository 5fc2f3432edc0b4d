import { UnsupportedLayerError } from "../../errors.ts";
import type { Json } from "../../layers/layer.ts";
import type { ArgSpec, TensorRef } from "../../model/graph-spec.ts";
import { toSnake } from "../keras/names.ts";
import { kerasConfig } from "./layer-config.ts";
import { childAt, isChain, type WriteLayer } from "./write-tree.ts";

/** Modules of Keras 3's operation nodes; everything else is in numpy. */
const OP_MODULES: Readonly<Record<string, ReadonlySet<string>>> = {
  nn: new Set(
    "Celu Elu Gelu Glu HardShrink HardSigmoid HardSilu HardTanh LeakyRelu LogSigmoid LogSoftmax Moments MultiHot Normalize OneHot Relu Relu6 Selu Sigmoid Silu SoftShrink Softmax Softplus Softsign SparsePlus SparseSigmoid Sparsemax Squareplus TanhShrink Threshold".split(
      " ",
    ),
  ),
  core: new Set(["Cast", "ConvertToTensor", "SaturateCast", "Slice", "StopGradient", "Unstack"]),
  image: new Set(["Resize"]),
  math: new Set(["Erf", "Erfc", "ExtractSequences", "Logsumexp", "Rsqrt", "TopK", "SegmentSum", "SegmentMax"]),
  linalg: new Set(["Norm"]),
};

function opModule(name: string): string {
  const found = Object.entries(OP_MODULES).find(([, names]) => names.has(name));
  return `keras.src.ops.${found?.[0] ?? "numpy"}`;
}

type JsonRecord = Record<string, Json>;

/** A layer as Keras 3 serialises it. */
export function keras3Layer(layer: WriteLayer): JsonRecord {
  if (layer.graph) return keras3Model(layer);
  if (layer.className.startsWith("op:")) {
    const name = layer.className.slice(3);
    return {
      module: opModule(name),
      class_name: name,
      config: opConfig(layer),
      registered_name: name,
    };
  }
  const { className } = layer;
  // Some layers of Keras 3 take no `trainable`.
  const trainable: JsonRecord = /^(SpatialDropout|Discretization|Hash)/.test(className)
    ? {}
    : { trainable: layer.trainable };
  const config: JsonRecord = { name: layer.name, ...trainable, ...dtypeOf(layer), ...kerasConfig(layer) };
  if (className === "Bidirectional") {
    config["layer"] = keras3Layer(childAt(layer, "forwardLayer")!);
    const { goBackwards } = childAt(layer, "forwardLayer")!.config;
    // Keras 3 would run both directions backwards.
    if (layer.config["backwardLayer"] || goBackwards === true) {
      config["backward_layer"] = keras3Layer(childAt(layer, "backwardLayer")!);
    }
  } else if (className === "TimeDistributed" || className === "SpectralNormalization") {
    const inner = layer.children[0]!.layer;
    config["layer"] = inner.graph ? ofOneTensor(keras3Model(inner)) : keras3Layer(inner);
  } else if (className === "RNN") {
    config["cell"] = keras3Layer(layer.children[0]!.layer);
  } else if (className === "StackedRNNCells") {
    config["cells"] = layer.children.map((child) => keras3Layer(child.layer));
  }
  if (className.includes(">")) {
    throw new UnsupportedLayerError(
      `${className} layer "${layer.name}" is a custom class, which only its own Python code can write.`,
    );
  }
  return { module: "keras.layers", class_name: className, config, registered_name: null };
}

/** What an operation's constructor takes; before 3.9 those that take something take no name. */
function opConfig(layer: WriteLayer): JsonRecord {
  const { dtype, ...rest } = layer.config;
  // Later Kerases list options that earlier ones do not take; these are what they do without them.
  if (/^op:Arg(max|min)$/.test(layer.className) && rest["keepdims"] === false) delete rest["keepdims"];
  if (layer.className === "op:Normalize" && rest["epsilon"] === null) delete rest["epsilon"];
  const config: JsonRecord = {
    ...kerasConfig({ ...layer, config: rest }),
    ...(typeof dtype === "string" && { dtype }),
  };
  return Object.keys(config).length > 0 ? config : { name: layer.name };
}

function dtypeOf(layer: WriteLayer): JsonRecord {
  const { dtype } = layer.config;
  if (layer.className === "InputLayer") return { dtype: typeof dtype === "string" ? dtype : "float32" };
  // Numbers of bins are whole.
  const isNumber = (layer.config["outputMode"] ?? "int") === "int";
  if (layer.className === "Hashing" && isNumber) return { dtype: "int32" };
  return { dtype: "float32" };
}

/** A model as Keras 3 serialises it: Sequential where it is a chain, else a graph under the class name Model. */
export function keras3Model(model: WriteLayer): JsonRecord {
  const graph = model.graph!;
  const layers = model.children.map((child) => child.layer);
  const shared = { name: model.name, trainable: model.trainable };
  if (isChain(graph)) {
    const config = { ...shared, layers: layers.map(keras3Layer) };
    return { module: "keras", class_name: "Sequential", config, registered_name: null };
  }
  const calls = new Map<string, Json[]>();
  for (const call of graph.calls) {
    const nodes = calls.get(call.layer) ?? [];
    const called = layers.find((layer) => layer.name === call.layer)!;
    const takesArrays = ELEMENTWISE.has(called.className);
    const args = call.args.map((arg) => (takesArrays && "value" in arg ? array(arg.value) : argument(arg)));
    // Several tensors in a row are one list for merge layers; recurrent layers take their states by keyword.
    const named = Object.entries(call.kwargs).map(([key, arg]) => [
      toSnake(key),
      key === "weights" && "value" in arg
        ? array(arg.value)
        : argument(arg, key === "initialState" ? called : undefined),
    ]);
    const kwargs = Object.fromEntries(named) as JsonRecord;
    if (/^op:(Zeros|Ones)Like$/.test(called.className) && typeof kwargs["dtype"] === "string") {
      // Keras 3.9 and later take it with the operation, not with its call.
      called.config["dtype"] = kwargs["dtype"];
      delete kwargs["dtype"];
    }
    if (args.length > 0 || Object.keys(kwargs).length > 0) nodes.push({ args, kwargs });
    calls.set(call.layer, nodes);
  }
  const entries = layers.map((layer) => ({
    ...keras3Layer(layer),
    name: layer.name,
    inbound_nodes: calls.get(layer.name) ?? [],
  }));
  const nested = new Set(layers.filter((layer) => layer.graph && !isChain(layer.graph)).map((layer) => layer.name));
  // A nested functional model counts its own construction as its first call, in output_layers alone.
  const border = (ref: TensorRef): Json => [ref.layer, ref.call + (nested.has(ref.layer) ? 1 : 0), ref.tensor];
  const config = {
    ...shared,
    layers: entries,
    input_layers: graph.inputs.map(border),
    output_layers: graph.outputs.map(border),
  };
  return { module: "keras", class_name: "Model", config, registered_name: null };
}

/** A model inside TimeDistributed: that asks it for the shape of one tensor, which one of lists does not know. */
function ofOneTensor(model: JsonRecord): JsonRecord {
  const { input_layers: inputs, output_layers: outputs, ...config } = model["config"] as JsonRecord;
  const single = (list: Json | undefined): Json =>
    Array.isArray(list) && list.length === 1 ? list[0]! : (list ?? null);
  if (inputs === undefined) return model;
  return { ...model, config: { ...config, input_layers: single(inputs), output_layers: single(outputs) } };
}

/** States of stacked cells are a list per cell. */
function statesPerCell(states: readonly Json[], layer: WriteLayer): Json {
  const stack = layer.className === "RNN" ? layer.children[0]?.layer : undefined;
  if (stack?.className !== "StackedRNNCells") return states;
  let next = 0;
  return stack.children.map(({ layer: cell }) => {
    const count = cell.className === "LSTMCell" ? 2 : 1;
    next += count;
    return states.slice(next - count, next);
  });
}

/** Constants of operations: slices under Keras' own keys, arrays as numpy's. */
function constant(value: Json): Json {
  if (Array.isArray(value)) return isFloatArray(value) ? array(value) : (value.map(constant) as Json[]);
  if (typeof value !== "object" || value === null) return value;
  const { className, config } = value as { className?: Json; config?: Json };
  return className === undefined ? value : { class_name: className, config: config ?? {} };
}

/** Operations whose lists of numbers can be nothing but arrays. */
const ELEMENTWISE = new Set(
  "Arctan2 Average DivideNoNan Dot Inner Logaddexp Matmul Outer Tensordot Vdot Add Subtract Multiply Divide TrueDivide FloorDivide Mod Power Maximum Minimum Equal NotEqual Less LessEqual Greater GreaterEqual Where"
    .split(" ")
    .map((name) => `op:${name}`),
);

function array(value: Json): Json {
  return Array.isArray(value) ? { class_name: "__numpy__", config: { value, dtype: "float32" } } : constant(value);
}

/** Lists of whole numbers may be axes or indices and stay lists. */
function isFloatArray(value: Json): boolean {
  const flat = (Array.isArray(value) ? value.flat(8) : []) as Json[];
  return (
    flat.length > 0 && flat.every((item) => typeof item === "number") && flat.some((item) => !Number.isInteger(item))
  );
}

function argument(arg: ArgSpec, stateful?: WriteLayer): Json {
  if ("list" in arg && stateful) {
    return statesPerCell(
      arg.list.map((item) => argument(item)),
      stateful,
    );
  }
  if ("list" in arg) return arg.list.map((item) => argument(item));
  if ("value" in arg) return constant(arg.value);
  const { layer, call, tensor } = arg.ref;
  return {
    class_name: "__keras_tensor__",
    config: { shape: [null], dtype: "float32", keras_history: [layer, call, tensor] },
  };
}
