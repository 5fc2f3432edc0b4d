import type { LayerSpec } from "../../../layers/layer.ts";
import type { ArgSpec, CallSpec, TensorRef } from "../../../model/graph-spec.ts";
import { toCamel } from "../names.ts";
import type { RawArg, RawCall, RawRef } from "./nodes.ts";

const RECURRENT = new Set([
  "LSTM",
  "GRU",
  "SimpleRNN",
  "RNN",
  "Bidirectional",
  "ConvLSTM1D",
  "ConvLSTM2D",
  "ConvLSTM3D",
]);

/** Query, value, key: the order of positional tensors of attention layers with several. */
const ATTENTION = ["query", "value", "key"];

/** Arguments that only matter in training, or that every layer ignores. */
const IGNORED = new Set(["training", "name"]);

/**
 * A call with references resolved and wired in one way for all eras: a recurrent layer has one positional argument, its
 * states in `initialState` and constants in `constants`; MultiHeadAttention has query, value and key as positional
 * arguments. Keyword arguments of layers that are null are left out.
 */
export function canonicalCall(
  spec: LayerSpec,
  raw: RawCall,
  resolve: (ref: RawRef) => TensorRef,
  ambiguous: ReadonlySet<string>,
): CallSpec {
  const isOp = spec.className.startsWith("op:");
  const convert = (arg: RawArg): ArgSpec => {
    if ("list" in arg) return { list: arg.list.map(convert) };
    return "layer" in arg ? { ref: resolve(arg) } : arg;
  };
  const kwargs: Record<string, ArgSpec> = {};
  for (const [key, arg] of Object.entries(raw.kwargs)) {
    if (IGNORED.has(key) || (!isOp && "value" in arg && arg.value === null)) continue;
    // A mask under a name that is not unique is one that Keras derived.
    if (/mask$/.test(key) && refersTo(arg, ambiguous)) continue;
    kwargs[toCamel(key)] = convert(arg);
  }
  const args = raw.args.map(convert);
  const base: CallSpec = { layer: spec.name, args, kwargs };
  if (RECURRENT.has(spec.className)) return recurrentCall(base, spec);
  if (spec.className === "MultiHeadAttention" || spec.className === "GroupQueryAttention") return attentionCall(base);
  return base;
}

function refersTo(arg: RawArg, names: ReadonlySet<string>): boolean {
  if ("list" in arg) return arg.list.some((item) => refersTo(item, names));
  return "layer" in arg && names.has(arg.layer);
}

function recurrentCall({ layer, args, kwargs }: CallSpec, spec: LayerSpec): CallSpec {
  const [first, positionalStates, positionalMask] = args;
  const named = { ...kwargs };
  if (positionalStates && !isNull(positionalStates)) named["initialState"] ??= positionalStates;
  if (positionalMask && !isNull(positionalMask)) named["mask"] ??= positionalMask;
  let sequence = first;
  if (first && "list" in first) {
    const [head, ...rest] = first.list;
    const tensors = rest.flatMap(flatten);
    const { numConstants } = spec.config;
    const count = typeof numConstants === "number" && !named["constants"] ? Math.min(numConstants, tensors.length) : 0;
    const states = tensors.slice(0, tensors.length - count);
    if (states.length > 0) named["initialState"] ??= { list: states };
    if (count > 0) named["constants"] = { list: tensors.slice(-count) };
    sequence = head;
  }
  for (const key of ["initialState", "constants"]) {
    if (named[key]) named[key] = { list: flatten(named[key]) };
  }
  return { layer, args: sequence ? [sequence] : [], kwargs: named };
}

function attentionCall({ layer, args, kwargs }: CallSpec): CallSpec {
  const positional = [...args];
  const named = { ...kwargs };
  for (const [i, key] of ATTENTION.entries()) {
    if (!named[key]) continue;
    positional[i] ??= named[key];
    delete named[key];
  }
  return { layer, args: positional.filter((arg) => arg !== undefined && !isNull(arg)), kwargs: named };
}

function flatten(arg: ArgSpec): readonly ArgSpec[] {
  return "list" in arg ? arg.list.flatMap(flatten) : isNull(arg) ? [] : [arg];
}

function isNull(arg: ArgSpec): boolean {
  return "value" in arg && arg.value === null;
}
