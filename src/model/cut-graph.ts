import { OptionError } from "../errors.ts";
import { callKey, collectRefs, orderCalls } from "./call-order.ts";
import type { ArgSpec, CallSpec, GraphSpec, TensorRef } from "./graph-spec.ts";

/**
 * The part of a model that some of its layers need, with their outputs as its own: of a layer that is called several
 * times the last call counts, of several outputs the first. Inputs that no one needs are left out.
 *
 * @throws {OptionError} If the model has no such layer.
 */
export function cutGraph(graph: GraphSpec, names: readonly string[]): GraphSpec {
  const outputs = names.map((layer): TensorRef => {
    const calls = graph.calls.filter((call) => call.layer === layer).length;
    if (calls > 0) return { layer, call: calls - 1, tensor: 0 };
    const known = graph.layers.map((spec) => spec.name).join(", ");
    throw new OptionError(`until: the model has no layer "${layer}" whose output it uses; it has ${known}.`);
  });
  const needed = orderCalls({ ...graph, outputs });
  const kept = new Set(needed.map((call) => callKey(call.layer, call.index)));
  const read = new Set(outputs.map((ref) => callKey(ref.layer, ref.call)));
  for (const call of needed) {
    const refs: TensorRef[] = [];
    for (const arg of [...call.args, ...Object.values(call.kwargs)]) collectRefs(arg, refs);
    for (const ref of refs) read.add(callKey(ref.layer, ref.call));
  }
  const inputs = graph.inputs.filter((ref) => read.has(callKey(ref.layer, ref.call)));
  for (const ref of inputs) kept.add(callKey(ref.layer, ref.call));

  // Calls that are left out shift the numbers of later calls of the same layer.
  const counts = new Map<string, number>();
  const renumbered = new Map<string, number>();
  const calls: CallSpec[] = [];
  for (const call of graph.calls) {
    const index = counts.get(call.layer) ?? 0;
    counts.set(call.layer, index + 1);
    if (!kept.has(callKey(call.layer, index))) continue;
    renumbered.set(callKey(call.layer, index), calls.filter((other) => other.layer === call.layer).length);
    calls.push(call);
  }
  const moved = (ref: TensorRef): TensorRef => ({ ...ref, call: renumbered.get(callKey(ref.layer, ref.call))! });
  const argument = (arg: ArgSpec): ArgSpec => {
    if ("ref" in arg) return { ref: moved(arg.ref) };
    return "list" in arg ? { list: arg.list.map(argument) } : arg;
  };
  const used = new Set(calls.map((call) => call.layer));
  return {
    ...graph,
    layers: graph.layers.filter((spec) => used.has(spec.name)),
    calls: calls.map((call) => ({
      ...call,
      args: call.args.map(argument),
      kwargs: Object.fromEntries(Object.entries(call.kwargs).map(([key, arg]) => [key, argument(arg)])),
    })),
    inputs: inputs.map(moved),
    outputs: outputs.map(moved),
  };
}
