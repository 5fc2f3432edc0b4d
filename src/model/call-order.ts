import { FormatError } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import { type Value, withMask } from "../plan/buffer.ts";
import type { ArgSpec, CallSpec, GraphSpec, TensorRef } from "./graph-spec.ts";

/** A call with its number among the calls of its layer. */
export interface OrderedCall extends CallSpec {
  /** From 0, in the order in which the graph lists the calls of this layer. */
  readonly index: number;
}

/** Appends every tensor that an argument refers to. */
export function collectRefs(arg: ArgSpec, into: TensorRef[]): void {
  if ("ref" in arg) into.push(arg.ref);
  else if ("list" in arg) for (const item of arg.list) collectRefs(item, into);
}

/** The name of a call's outputs in tables. */
export function callKey(layer: string, index: number): string {
  return `${index}:${layer}`;
}

/**
 * The calls that the graph's outputs need, each after the calls that it takes tensors from.
 *
 * @throws {FormatError} If a layer is listed twice, a call has no input, a call or tensor refers to nothing, or the graph
 * has a cycle.
 */
export function orderCalls(graph: GraphSpec): readonly OrderedCall[] {
  const classes = new Map<string, string>();
  for (const { name, className } of graph.layers) {
    if (classes.has(name)) throw new FormatError(`Model "${graph.name}" has two layers named "${name}".`);
    classes.set(name, className);
  }
  const byKey = new Map<string, OrderedCall>();
  const counts = new Map<string, number>();
  for (const call of graph.calls) {
    if (!classes.has(call.layer)) {
      throw new FormatError(`Model "${graph.name}" calls the layer "${call.layer}", which it does not list.`);
    }
    const index = counts.get(call.layer) ?? 0;
    counts.set(call.layer, index + 1);
    byKey.set(callKey(call.layer, index), { ...call, index });
  }
  const done = new Set(graph.inputs.map((ref) => callKey(ref.layer, ref.call)));
  const ordered: OrderedCall[] = [];
  const open = new Set<string>();
  // A walk with a stack of its own: graphs may be deeper than JavaScript's.
  const stack = graph.outputs.map((ref) => callKey(ref.layer, ref.call)).reverse();
  while (stack.length > 0) {
    const key = stack[stack.length - 1]!;
    const call = byKey.get(key);
    if (done.has(key)) {
      stack.pop();
      continue;
    }
    if (!call) {
      throw new FormatError(
        `Model "${graph.name}" refers to call ${key.replace(":", ' of layer "')}", which it does not have.`,
      );
    }
    const all = sources(call);
    if (all.length === 0 && !/^op:|^InputLayer$/.test(classes.get(call.layer)!)) {
      throw new FormatError(`Model "${graph.name}" calls the layer "${call.layer}" without an input.`);
    }
    const missing = all.filter((source) => !done.has(source));
    if (missing.length === 0) {
      ordered.push(call);
      done.add(key);
      open.delete(key);
      stack.pop();
    } else {
      if (open.has(key) && missing.some((source) => open.has(source))) {
        throw new FormatError(`Model "${graph.name}": the layer "${call.layer}" depends on its own output.`);
      }
      open.add(key);
      stack.push(...missing);
    }
  }
  return graph.layers.some(({ className }) => className === "MultiHeadAttention") ? byDepth(ordered) : ordered;
}

/** The order in which Keras calls: what is further from the outputs first. It shows where a call changes what others get. */
function byDepth(ordered: readonly OrderedCall[]): readonly OrderedCall[] {
  const depths = new Map<string, number>();
  const depthOf = ({ layer, index }: OrderedCall) => depths.get(callKey(layer, index)) ?? 0;
  for (const call of ordered.toReversed()) {
    for (const source of sources(call)) depths.set(source, Math.max(depths.get(source) ?? 0, depthOf(call) + 1));
  }
  return ordered.toSorted((a, b) => depthOf(b) - depthOf(a));
}

/** Takes the masks off what a call was given, for the calls after it, if its layer does so. */
export function takeMasks(layer: Layer, spec: CallSpec, values: Map<string, readonly Value[]>): void {
  if (!layer.takesMasks) return;
  for (const source of sources(spec)) {
    const taken = values.get(source)!.map((value) => withMask(value, value.mask && { ...value.mask, taken: true }));
    values.set(source, taken);
  }
}

function sources(call: CallSpec): string[] {
  const refs: TensorRef[] = [];
  for (const arg of [...call.args, ...Object.values(call.kwargs)]) collectRefs(arg, refs);
  return refs.map((ref) => callKey(ref.layer, ref.call));
}
