import { UnsupportedLayerError } from "../../../errors.ts";
import type { Json, LayerConfig, LayerSpec } from "../../../layers/layer.ts";
import type { ArgSpec, CallSpec } from "../../../model/graph-spec.ts";
import { isObject } from "../safe-json.ts";
import type { ConfigContext } from "./context.ts";
import { ELEMENTWISE_OPS, REDUCTIONS } from "./tensorflow-names.ts";
import { fromNodeDef } from "./tensorflow-node-def.ts";

/** Layers by which tf.keras records TensorFlow functions. */
export const TENSORFLOW_OPS: ReadonlySet<string> = new Set(["TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"]);

/** A TensorFlow function with its arguments in camelCase. */
export interface TensorFlowCall {
  /** As in Python, without `tf.`: `math.add`, `__operators__.getitem`. */
  readonly name: string;
  readonly args: readonly ArgSpec[];
  readonly kwargs: Readonly<Record<string, ArgSpec>>;
}

/** What a function becomes: Keras 3's class, its constructor's arguments, and the arguments of the call. */
interface Operation {
  readonly op: string;
  readonly args: readonly ArgSpec[];
  readonly config?: LayerConfig;
}

/**
 * The same call under the name that Keras 3 gives the operation.
 *
 * @throws {UnsupportedLayerError} If the function is not one of those known here.
 */
export function normaliseTensorFlowOp(
  spec: LayerSpec,
  call: CallSpec,
  context: ConfigContext,
): { spec: LayerSpec; call: CallSpec } {
  const { config } = spec;
  const given: TensorFlowCall =
    spec.className === "TensorFlowOpLayer"
      ? fromNodeDef(config, call)
      : { name: String(config["function"] ?? "__operators__.getitem"), args: call.args, kwargs: call.kwargs };
  const found = toOperation(given);
  if (!found) {
    throw new UnsupportedLayerError(
      `${context.what}: the layer "${spec.name}" calls the TensorFlow function ${given.name}, which is not supported. Rebuild the model with Keras layers, or leave that step out and do it before or after predict.`,
    );
  }
  const { op, args, config: own = {} } = found;
  return {
    spec: { className: `op:${op}`, name: spec.name, config: own, trainable: true },
    call: { layer: call.layer, args, kwargs: {} },
  };
}

function toOperation({ name, args, kwargs }: TensorFlowCall): Operation | undefined {
  const short = name
    .replace(/^(tf\.)?(compat\.v1\.)?(math|nn|linalg|__operators__|keras\.backend)\./, "")
    .replace(/^compat\.v1\./, "");
  const all = [...args];
  for (const key of ["x", "a", "y", "b"]) if (kwargs[key]) all.push(kwargs[key]);
  const value = (key: string, at: number): Json | undefined => {
    const arg = kwargs[key] ?? args[at];
    return arg ? plain(arg) : undefined;
  };
  const x = all.slice(0, 1);
  if (Object.hasOwn(ELEMENTWISE_OPS, short)) return { op: ELEMENTWISE_OPS[short]!, args: all };
  if (Object.hasOwn(REDUCTIONS, short)) {
    const keepdims = value("keepdims", 2) ?? value("keepDims", 9) ?? false;
    return { op: REDUCTIONS[short]!, args: x, config: { axis: value("axis", 1) ?? null, keepdims } };
  }
  const axis = value("axis", 1);
  switch (short) {
    case "getitem":
      return { op: "GetItem", args: [...x, { value: slices(plain(kwargs["sliceSpec"] ?? args[1] ?? { value: [] })) }] };
    case "concat":
      return { op: "Concatenate", args: x, config: { axis: axis ?? -1 } };
    case "stack":
      return { op: "Stack", args: x, config: { axis: axis ?? 0 } };
    case "unstack":
      return { op: "Unstack", args: x, config: { num: value("num", 9) ?? null, axis: axis ?? 0 } };
    case "split": {
      const parts = value("numOrSizeSplits", 1) ?? null;
      const indicesOrSections = Array.isArray(parts) ? starts(parts as number[]) : parts;
      return { op: "Split", args: x, config: { indicesOrSections, axis: value("axis", 2) ?? 0 } };
    }
    case "reshape":
      return { op: "Reshape", args: x, config: { newshape: value("shape", 1) ?? null } };
    case "transpose":
      return { op: "Transpose", args: x, config: { axes: value("perm", 1) ?? null } };
    case "expand_dims":
      return { op: "ExpandDims", args: x, config: { axis: axis ?? 0 } };
    case "squeeze":
      return { op: "Squeeze", args: x, config: { axis: axis ?? null } };
    case "tile":
      return { op: "Tile", args: x, config: { repeats: value("multiples", 1) ?? null } };
    case "reverse":
      return { op: "Flip", args: x, config: { axis: axis ?? null } };
    case "softmax":
      return { op: "Softmax", args: x, config: { axis: axis ?? -1 } };
    case "log_softmax":
      return { op: "LogSoftmax", args: x, config: { axis: axis ?? -1 } };
    case "leaky_relu":
      return { op: "LeakyRelu", args: x, config: { negativeSlope: value("alpha", 1) ?? 0.2 } };
    case "gelu":
      return { op: "Gelu", args: x, config: { approximate: value("approximate", 1) ?? false } };
    case "clip_by_value":
      return {
        op: "Clip",
        args: x,
        config: { xMin: value("clipValueMin", 1) ?? null, xMax: value("clipValueMax", 2) ?? null },
      };
    case "one_hot":
      return { op: "OneHot", args: x, config: { numClasses: value("depth", 1) ?? null, axis: -1 } };
    case "cast":
      return { op: "Cast", args: x, config: { dtype: value("dtype", 1) ?? "float32" } };
    case "shape":
      return { op: "Shape", args: x };
    case "where":
      return { op: "Where", args: all };
    case "matmul":
      return {
        op: "Matmul",
        args: all,
        config: { transposeA: value("transposeA", 9) ?? false, transposeB: value("transposeB", 9) ?? false },
      };
    default:
      return undefined;
  }
}

/** A constant; tensors inside (a batch size read from a shape) stand for "whatever is left". */
function plain(arg: ArgSpec): Json {
  if ("value" in arg) return arg.value;
  return "list" in arg ? arg.list.map(plain) : -1;
}

/** Sizes of parts as the places where numpy splits. */
function starts(sizes: readonly number[]): number[] {
  let at = 0;
  return sizes.slice(0, -1).map((size) => {
    at += size;
    return at;
  });
}

/** tf.keras' slices in the form of Keras 3. */
function slices(spec: Json): Json {
  const one = (item: Json): Json => {
    if (!isObject(item)) return item;
    if (item["className"] === "__ellipsis__") return { className: "__ellipsis__", config: {} };
    if ("className" in item) return item;
    const { start = null, stop = null, step = null } = item;
    return { className: "__slice__", config: { start, stop, step } };
  };
  return Array.isArray(spec) ? spec.map(one) : one(spec);
}
