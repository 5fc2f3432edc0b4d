import type { LayerSpec } from "../layers/layer.ts";
import { type CustomObjects, LAYERS } from "../layers/registry.ts";
import type { GraphSpec } from "../model/graph-spec.ts";

/** Keys under which a config keeps layers; what else has a class name there (initialisers) is none. */
const INNER = ["layer", "backwardLayer", "cell", "cells"];

/** True if the graph, or a layer inside a layer of it, is of a class that is loaded on demand. */
function needsCompanions(graph: GraphSpec): boolean {
  // A walk with a stack of its own: wrappers and nested models may be deep.
  const stack: unknown[] = [...graph.layers];
  while (stack.length > 0) {
    const spec = stack.pop();
    if (Array.isArray(spec)) stack.push(...spec);
    if (typeof spec !== "object" || spec === null || !("className" in spec)) continue;
    const { className, config, graph: inner } = spec as Partial<LayerSpec>;
    if (inner) stack.push(...inner.layers);
    else if (!Object.hasOwn(LAYERS, String(className))) return true;
    for (const key of INNER) stack.push(config?.[key]);
  }
  return false;
}

/** The layers on demand, if a graph has one of them; they come as a part of the package of their own. */
export async function layersFor(graph: GraphSpec): Promise<CustomObjects> {
  if (!needsCompanions(graph)) return {};
  const { COMPANIONS } = await import("../layers/companions.ts");
  return COMPANIONS;
}
