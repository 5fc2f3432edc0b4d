import type { Layer } from "../layers/layer.ts";
import type { OutputSpec } from "./open-shapes.ts";

/** A layer and all layers inside it, each once, outer ones first. */
export function allLayers(root: Layer): readonly Layer[] {
  const seen = new Set<Layer>();
  const stack: Layer[] = [root];
  while (stack.length > 0) {
    const layer = stack.pop()!;
    if (seen.has(layer)) continue;
    seen.add(layer);
    for (const { layer: inner } of [...layer.children].reverse()) stack.push(inner);
  }
  return [...seen];
}

/** True if the layer keeps state between calls. */
export function isStateful(layer: Layer): boolean {
  return layer.config["stateful"] === true || layer.config["stateful"] === 1;
}

/**
 * True if every output row depends on its own input row alone, so that a batch may be cut: no layer mixes rows, and every
 * output has the batch in front.
 */
export function rowsAreIndependent(root: Layer, outputs: readonly OutputSpec[] | undefined): boolean {
  if (!outputs?.every((output) => output.shape[0] === null)) return false;
  return allLayers(root).every((layer) => !layer.className.startsWith("op:") && !layer.mixesRows);
}
