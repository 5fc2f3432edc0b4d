import { callKey } from "../../model/call-order.ts";
import type { ArgSpec, CallSpec, GraphSpec } from "../../model/graph-spec.ts";

/**
 * The order in which Keras lists a graph's layers, and so their weights: by the longest way to an output, farthest first;
 * among equals as met on the way back from the outputs.
 */
export function containerOrder(graph: GraphSpec): readonly string[] {
  const calls = new Map<string, CallSpec>();
  const counts = new Map<string, number>();
  for (const call of graph.calls) {
    const count = counts.get(call.layer) ?? 0;
    counts.set(call.layer, count + 1);
    calls.set(callKey(call.layer, count), call);
  }
  const { met, finished } = walkBack(graph, calls);
  const callDepths = new Map<string, number>();
  const depths = new Map<string, number>();
  for (const key of finished.reverse()) {
    const call = calls.get(key)!;
    const depth = Math.max(callDepths.get(key) ?? 0, depths.get(call.layer) ?? 0);
    depths.set(call.layer, depth);
    for (const before of parents(call)) callDepths.set(before, Math.max(depth + 1, callDepths.get(before) ?? 0));
  }
  const index = new Map([...met].map((name, i) => [name, i]));
  const rank = (name: string): readonly [number, number] => [-(depths.get(name) ?? 0), index.get(name) ?? -1];
  return graph.layers.map((layer) => layer.name).sort((a, b) => rank(a)[0] - rank(b)[0] || rank(a)[1] - rank(b)[1]);
}

function parents({ args, kwargs }: CallSpec): readonly string[] {
  const keys = (arg: ArgSpec): readonly string[] => {
    if ("ref" in arg) return [callKey(arg.ref.layer, arg.ref.call)];
    return "list" in arg ? arg.list.flatMap(keys) : [];
  };
  return [...args, ...Object.values(kwargs)].flatMap(keys);
}

/** Layers as they are met from the outputs on, and calls as their inputs are all done; without recursion. */
function walkBack(
  graph: GraphSpec,
  calls: ReadonlyMap<string, CallSpec>,
): { met: ReadonlySet<string>; finished: string[] } {
  const met = new Set<string>();
  const entered = new Set<string>();
  const finished: string[] = [];
  for (const output of graph.outputs) {
    const stack = [{ key: callKey(output.layer, output.call), leave: false }];
    while (stack.length > 0) {
      const { key, leave } = stack.pop()!;
      const call = calls.get(key);
      if (leave) finished.push(key);
      else if (call && !entered.has(key)) {
        entered.add(key);
        met.add(call.layer);
        stack.push({ key, leave: true });
        for (const before of [...parents(call)].reverse()) stack.push({ key: before, leave: false });
      }
    }
  }
  return { met, finished };
}
