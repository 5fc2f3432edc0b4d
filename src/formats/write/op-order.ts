import type { ArgSpec, GraphSpec } from "../../model/graph-spec.ts";
import type { WriteLayer } from "./write-tree.ts";

/**
 * A graph's layers with every operation before the first layer that reads it: Keras 3.0 looks no layer up that comes
 * later in the file. All others keep their order, which their weights' names follow.
 */
export function opsBeforeReaders(layers: readonly WriteLayer[], graph: GraphSpec): readonly WriteLayer[] {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const sources = new Map<string, string[]>();
  const note = (reader: string, arg: ArgSpec): void => {
    if ("ref" in arg) sources.set(reader, [...(sources.get(reader) ?? []), arg.ref.layer]);
    else if ("list" in arg) for (const item of arg.list) note(reader, item);
  };
  for (const { layer, args, kwargs } of graph.calls) {
    for (const arg of [...args, ...Object.values(kwargs)]) note(layer, arg);
  }
  const ordered = new Set<WriteLayer>();
  const begun = new Set<WriteLayer>();
  for (const layer of layers) {
    // Chains of operations may be long: a stack of its own.
    const open = [layer];
    while (open.length > 0) {
      const top = open.at(-1)!;
      const missing = begun.has(top) ? undefined : opsRead(top);
      begun.add(top);
      if (missing && missing.length > 0) open.push(...missing);
      else ordered.add(open.pop()!);
    }
  }
  return [...ordered];

  function opsRead({ name }: WriteLayer): WriteLayer[] {
    const ops = (sources.get(name) ?? []).map((source) => byName.get(source));
    return ops.filter((op): op is WriteLayer => op?.className.startsWith("op:") === true && !begun.has(op));
  }
}
