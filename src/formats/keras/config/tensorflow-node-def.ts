import type { Json, LayerConfig } from "../../../layers/layer.ts";
import type { ArgSpec, CallSpec } from "../../../model/graph-spec.ts";
import { isList, isObject, type JsonObject } from "../safe-json.ts";
import { ELEMENTWISE_OPS, REDUCTIONS } from "./tensorflow-names.ts";
import type { TensorFlowCall } from "./tensorflow-ops.ts";

/** Operations whose inputs have names in Python. */
const PYTHON_NAMES: Readonly<Record<string, { readonly name: string; readonly second?: string }>> = {
  ExpandDims: { name: "expand_dims", second: "axis" },
  Reshape: { name: "reshape", second: "shape" },
  Transpose: { name: "transpose", second: "perm" },
  Tile: { name: "tile", second: "multiples" },
  MatMul: { name: "matmul", second: "b" },
  BatchMatMulV2: { name: "matmul", second: "b" },
  Softmax: { name: "softmax" },
  Cast: { name: "cast" },
  Shape: { name: "shape" },
  BroadcastTo: { name: "broadcast_to", second: "shape" },
  Fill: { name: "fill", second: "value" },
  Cumprod: { name: "cumprod", second: "axis" },
  GatherNd: { name: "gather_nd", second: "indices" },
  LogSoftmax: { name: "log_softmax" },
  ReverseV2: { name: "reverse", second: "axis" },
  TopKV2: { name: "top_k", second: "k" },
};

/** A TensorFlowOpLayer's graph node (TF 1.15 to 2.3) as the Python call that it stands for. */
export function fromNodeDef(config: LayerConfig, call: CallSpec): TensorFlowCall {
  const node = isObject(config["nodeDef"]) ? config["nodeDef"] : {};
  const attributes = isObject(node["attr"]) ? node["attr"] : {};
  const op = String(node["op"]);
  const inputs = allInputs(config, call);
  const [x, second] = inputs;
  const first = x ? [x] : [];
  if (Object.hasOwn(ELEMENTWISE_OPS, op)) return { name: op, args: inputs, kwargs: {} };
  if (Object.hasOwn(REDUCTIONS, op)) {
    const keepdims = flag(attributes["keepDims"]);
    return { name: op, args: first, kwargs: { ...(second && { axis: second }), keepdims: { value: keepdims } } };
  }
  if (op === "ConcatV2") {
    return { name: "concat", args: [{ list: inputs.slice(0, -1) }], kwargs: { axis: inputs.at(-1)! } };
  }
  if (op === "SplitV" || op === "Split") {
    // Split has the axis in front.
    const [value, sizes, axis] = op === "Split" ? [inputs[1]!, { value: integer(attributes["numSplit"]) }, x!] : inputs;
    return { name: "split", args: [value!], kwargs: { numOrSizeSplits: sizes!, axis: axis! } };
  }
  if (op === "Unpack") {
    return { name: "unstack", args: first, kwargs: { axis: { value: integer(attributes["axis"]) } } };
  }
  if (op === "Roll") return { name: "roll", args: first, kwargs: { shift: second!, axis: inputs[2]! } };
  if (op === "Slice") return { name: "slice", args: first, kwargs: { begin: second!, size: inputs[2]! } };
  if (op === "ResizeBilinear" && flag(attributes["halfPixelCenters"])) {
    return { name: "resize", args: first, kwargs: { size: second! } };
  }
  if (op === "GatherV2") {
    const batchDims = { value: integer(attributes["batchDims"]) };
    return { name: "gather", args: first, kwargs: { indices: second!, axis: inputs[2]!, batchDims } };
  }
  if (op === "Pad" || op === "PadV2" || op === "MirrorPad") {
    const fill = inputs[2] && { constantValues: inputs[2] };
    return {
      name: "pad",
      args: first,
      kwargs: { paddings: second!, ...fill, mode: { value: textOf(attributes["mode"]) } },
    };
  }
  if (op === "OneHot") {
    const [depth, onValue, offValue] = inputs.slice(1);
    const axis = { value: integer(attributes["axis"]) };
    return { name: "one_hot", args: first, kwargs: { depth: depth!, onValue: onValue!, offValue: offValue!, axis } };
  }
  if (op === "Cumsum") {
    const [exclusive, reverse] = [{ value: flag(attributes["exclusive"]) }, { value: flag(attributes["reverse"]) }];
    return { name: "cumsum", args: first, kwargs: { axis: second!, exclusive, reverse } };
  }
  if (op === "ArgMax" || op === "ArgMin") return { name: op.toLowerCase(), args: first, kwargs: { axis: second! } };
  if (op === "Einsum") {
    return { name: "einsum", args: [{ value: textOf(attributes["equation"]) }, { list: inputs }], kwargs: {} };
  }
  if (op === "LeakyRelu") {
    const alpha = isObject(attributes["alpha"]) ? Number(attributes["alpha"]["f"] ?? 0.2) : 0.2;
    return { name: "leaky_relu", args: first, kwargs: { alpha: { value: alpha } } };
  }
  if (op === "Cast") {
    return {
      name: "cast",
      args: first,
      kwargs: { dtype: { value: dtypeOf(attributes["DstT"] ?? attributes["dstT"]) } },
    };
  }
  if (op === "Pack") {
    return { name: "stack", args: [{ list: inputs }], kwargs: { axis: { value: integer(attributes["axis"]) } } };
  }
  if (op === "Squeeze") {
    const list = isObject(attributes["squeezeDims"]) ? attributes["squeezeDims"]["list"] : undefined;
    const axes = isObject(list) && isList(list["i"]) ? list["i"].map(Number) : null;
    return { name: "squeeze", args: first, kwargs: { axis: { value: axes } } };
  }
  if (op === "StridedSlice") {
    return { name: "getitem", args: first, kwargs: { sliceSpec: { value: stridedSlice(inputs, attributes) } } };
  }
  const known = Object.hasOwn(PYTHON_NAMES, op) ? PYTHON_NAMES[op]! : undefined;
  if (!known) return { name: op, args: inputs, kwargs: {} };
  const transposed = {
    transposeA: { value: flag(attributes["transposeA"] ?? attributes["adjX"]) },
    transposeB: { value: flag(attributes["transposeB"] ?? attributes["adjY"]) },
  };
  return {
    name: known.name,
    args: first,
    kwargs: { ...(known.second && second && { [known.second]: second }), ...(known.name === "matmul" && transposed) },
  };
}

/** Tensors of the call, with the node's constants at the places that they are kept under. */
function allInputs(config: LayerConfig, call: CallSpec): readonly ArgSpec[] {
  const tensors = call.args.flatMap((arg) => ("list" in arg ? arg.list : [arg]));
  const constants = isObject(config["constants"]) ? config["constants"] : {};
  const total = tensors.length + Object.keys(constants).length;
  const out: ArgSpec[] = [];
  for (let i = 0; i < total; i++) {
    const constant = constants[String(i)];
    const next = constant !== undefined ? { value: constant } : tensors.shift();
    if (next) out.push(next);
  }
  return out;
}

/** Protobuf writes integers as text and leaves out what is zero. */
function integer(attribute: Json | undefined): number {
  return isObject(attribute) ? Number(attribute["i"] ?? 0) : 0;
}

/** A string of a node's attributes: base64, as JSON writes bytes. */
function textOf(attribute: Json | undefined): Json {
  return isObject(attribute) && typeof attribute["s"] === "string" ? atob(attribute["s"]) : null;
}

/** DT_FLOAT and its like as Keras names dtypes. */
function dtypeOf(attribute: Json | undefined): Json {
  const type = isObject(attribute) ? String(attribute["type"]) : "DT_FLOAT";
  return type === "DT_BOOL" ? "bool" : /INT/.test(type) ? "int32" : "float32";
}

function flag(attribute: Json | undefined): boolean {
  return isObject(attribute) && attribute["b"] === true;
}

function stridedSlice(inputs: readonly ArgSpec[], attributes: JsonObject): Json {
  const list = (at: number): readonly Json[] => {
    const input = inputs[at];
    return input && "value" in input && isList(input.value) ? input.value : [];
  };
  const mask = (name: string, axis: number): boolean => ((integer(attributes[name]) >> axis) & 1) === 1;
  const [begin, end, steps] = [list(1), list(2), list(3)];
  return begin.map((start, axis) => {
    if (mask("ellipsisMask", axis)) return { className: "__ellipsis__", config: {} };
    if (mask("newAxisMask", axis)) return null;
    if (mask("shrinkAxisMask", axis)) return start;
    return {
      start: mask("beginMask", axis) ? null : start,
      stop: mask("endMask", axis) ? null : (end[axis] ?? null),
      step: steps[axis] ?? null,
    };
  });
}
