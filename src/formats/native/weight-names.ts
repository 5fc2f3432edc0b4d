import type { Layer } from "../../layers/layer.ts";

/** A layer that owns weights, with its path in the model. */
export interface OwnedWeights {
  readonly path: string;
  readonly layer: Layer;
}

/** "/" separates the parts of a path, so that it is written ~1 inside a name, as in JSON pointers. */
function escapeName(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** Where the scales of an int8 weight are. */
export function scalesKey(key: string): string {
  return `${key}.scales`;
}

/** Every layer that holds weights of its own, each once, in the order of the graph. */
export function weightOwners(root: Layer): readonly OwnedWeights[] {
  const found: OwnedWeights[] = [];
  const seen = new Set<Layer>();
  const walk = (layer: Layer, path: string): void => {
    if (seen.has(layer)) return;
    seen.add(layer);
    if (layer.weightSpecs().length > 0) found.push({ path, layer });
    for (const child of layer.children)
      walk(child.layer, path ? `${path}/${escapeName(child.path)}` : escapeName(child.path));
  };
  walk(root, "");
  return found;
}
