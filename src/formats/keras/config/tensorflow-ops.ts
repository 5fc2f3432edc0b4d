import { UnsupportedLayerError } from "../../../errors.ts";
import type { Json, LayerConfig, LayerSpec } from "../../../layers/layer.ts";
import type { ArgSpec, CallSpec } from "../../../model/graph-spec.ts";
import { isObject } from "../safe-json.ts";
import type { ConfigContext } from "./context.ts";
import { BACKEND_RULES, FUNCTION_RULES, type FunctionRule } from "./tensorflow-functions.ts";
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
  readonly kwargs?: CallSpec["kwargs"];
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
  const { op, args, config: own = {}, kwargs = {} } = plainest(found);
  return {
    spec: { className: `op:${op}`, name: spec.name, config: own, trainable: true },
    call: { layer: call.layer, args, kwargs },
  };
}

/** Prefixes of modules whose functions have names of their own. */
const MODULES =
  /^(tf\.)?(compat\.v1\.)?(keras\.backend|keras\.activations|math|nn|linalg|image|__operators__)\.|^(tf\.)?(compat\.v1\.)/;

function toOperation({ name, args, kwargs }: TensorFlowCall): Operation | undefined {
  const short = name.replace(MODULES, "");
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
  const backend =
    /keras\.backend\./.test(name) && Object.hasOwn(BACKEND_RULES, short) ? BACKEND_RULES[short] : undefined;
  const rule = backend ?? (Object.hasOwn(FUNCTION_RULES, short) ? FUNCTION_RULES[short] : undefined);
  return rule ? byRule(rule, args, kwargs) : special(short, args, kwargs, value);
}

function byRule(rule: FunctionRule, given: readonly ArgSpec[], kwargs: TensorFlowCall["kwargs"]): Operation {
  const args = given.slice(0, 1);
  const tensors = (rule.tensors ?? []).map((key, i) => kwargs[key] ?? given[i + 1]);
  const config: Record<string, Json> = {};
  let computed: ArgSpec | undefined;
  for (const [key, [keyword, place, fallback = null]] of Object.entries(rule.config ?? {})) {
    const arg = kwargs[keyword] ?? given[place];
    // Sizes that the model computes: one of a reshape is whatever is left, others are read when the model is planned.
    if (arg && tensorsIn(arg) > (rule.op === "Reshape" && "list" in arg ? 1 : 0)) computed ??= arg;
    else config[key] = arg ? plain(arg) : fallback;
  }
  const rest = tensors.filter((arg) => arg !== undefined);
  return { op: rule.op, args: [...args, ...rest, ...(computed ? [computed] : [])], config };
}

/** Functions whose arguments need more than another name. */
function special(
  short: string,
  args: readonly ArgSpec[],
  kwargs: TensorFlowCall["kwargs"],
  value: (key: string, at: number) => Json | undefined,
): Operation | undefined {
  const x = args.slice(0, 1);
  switch (short) {
    case "getitem":
      return { op: "GetItem", args: [...x, { value: slices(plain(kwargs["sliceSpec"] ?? args[1] ?? { value: [] })) }] };
    case "split": {
      const parts = value("numOrSizeSplits", 1) ?? null;
      const indicesOrSections = Array.isArray(parts) ? starts(parts as number[]) : parts;
      return { op: "Split", args: x, config: { indicesOrSections, axis: value("axis", 2) ?? 0 } };
    }
    case "gather":
    case "embedding_lookup": {
      const indices = kwargs["indices"] ?? kwargs["ids"] ?? args[1];
      const batchDims = value("batchDims", 9) ?? 0;
      const axis = value("axis", 9) ?? batchDims;
      return {
        op: batchDims === 0 ? "Take" : "tf.gather",
        args: indices ? [...x, indices] : x,
        config: { axis, ...(batchDims !== 0 && { batchDims }) },
      };
    }
    case "one_hot": {
      const [on, off] = [value("onValue", 2) ?? 1, value("offValue", 3) ?? 0];
      if (Number(on) !== 1 || Number(off) !== 0) return undefined;
      return {
        op: "OneHot",
        args: x,
        config: { numClasses: value("depth", 1) ?? value("numClasses", 1) ?? null, axis: value("axis", 4) ?? -1 },
      };
    }
    case "pad": {
      const mode = String(value("mode", 2) ?? "CONSTANT").toLowerCase();
      const config = { padWidth: value("paddings", 1) ?? null, mode };
      const constantValues = { value: value("constantValues", 3) ?? 0 };
      return { op: "Pad", args: x, config, ...(mode === "constant" && { kwargs: { constantValues } }) };
    }
    case "temporal_padding": {
      const padding = value("padding", 1) ?? [1, 1];
      return { op: "Pad", args: x, config: { padWidth: [[0, 0], padding, [0, 0]], mode: "constant" } };
    }
    case "cast":
      return { op: "Cast", args: x, config: { dtype: value("dtype", 1) ?? "float32" } };
    case "switch": {
      const branches = [kwargs["thenExpression"] ?? args[1], kwargs["elseExpression"] ?? args[2]];
      return branches.every((arg) => arg !== undefined) ? { op: "Where", args: [...x, ...branches] } : undefined;
    }
    case "einsum":
      return {
        op: "Einsum",
        args: [{ list: args.slice(1).flatMap((arg) => ("list" in arg ? arg.list : [arg])) }],
        config: { subscripts: value("equation", 0) ?? null },
      };
    case "matmul":
    case "batch_matmul": {
      const flagged = (a: string, b: string) => value(a, 9) === true || value(b, 9) === true;
      return {
        op: "Matmul",
        args: [...args, ...["a", "b"].flatMap((key) => (kwargs[key] ? [kwargs[key]] : []))],
        config: {
          transposeA: flagged("transposeA", "adjointA"),
          transposeB: flagged("transposeB", "adjointB"),
        },
      };
    }
    default:
      return undefined;
  }
}

/** Keras 3's own operation where TensorFlow's says no more than that can. */
function plainest(found: Operation): Operation {
  const { op, config = {} } = found;
  if (config["ord"] === "euclidean") return { ...found, config: { ...config, ord: null } };
  const { direction, exclusive, reverse, ...rest } = config;
  if ((op === "tf.sort" || op === "tf.argsort") && direction === "ASCENDING") {
    return { ...found, op: op === "tf.sort" ? "Sort" : "Argsort", config: rest };
  }
  if (op === "tf.cumsum" && exclusive !== true && reverse !== true) return { ...found, op: "Cumsum", config: rest };
  return found;
}

/** How many tensors an argument holds. */
function tensorsIn(arg: ArgSpec): number {
  if ("ref" in arg) return 1;
  return "list" in arg ? arg.list.reduce((sum, item) => sum + tensorsIn(item), 0) : 0;
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
