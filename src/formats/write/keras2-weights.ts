import type { Hdf5WriteGroup } from "../hdf5/write/tree.ts";
import { ensureGroup } from "../hdf5/write/tree.ts";
import { toSnake } from "../keras/names.ts";
import { nameLists } from "./name-lists.ts";
import { everyWeight, type WriteLayer } from "./write-tree.ts";

/**
 * The group of weights of a legacy `.h5`: per layer its weights' names, trainable ones first, and the arrays under them.
 */
export function keras2Weights(model: WriteLayer, version: string): Hdf5WriteGroup {
  const layers = model.children.map((child) => child.layer);
  const root: Hdf5WriteGroup = {
    attributes: {
      ...nameLists(
        "layer_names",
        layers.map((layer) => layer.name),
      ),
      backend: "tensorflow",
      keras_version: version,
    },
    children: new Map(),
  };
  for (const layer of layers) {
    const group = ensureGroup(root, layer.name);
    const all = [...everyWeight(layer, `${layer.name}/`)];
    const counts = ({ weight, frozen }: (typeof all)[number]): boolean => weight.trainable && !frozen;
    const ordered = [...all.filter(counts), ...all.filter((item) => !counts(item))];
    const used = new Set<string>();
    const names = ordered.map(({ path, weight }) => {
      let name = `${path}${toSnake(weight.name)}:0`;
      for (let n = 1; used.has(name); n++) name = `${path}${toSnake(weight.name)}_${n}:0`;
      used.add(name);
      const cut = name.lastIndexOf("/");
      ensureGroup(group, name.slice(0, cut)).children.set(name.slice(cut + 1), {
        shape: weight.shape,
        data: weight.data,
      });
      return name;
    });
    if (layer.className === "Normalization" && ordered.length > 0) {
      // How many values the statistics are of; of no use after adapt, but counted.
      const name = `${layer.name}/count:0`;
      ensureGroup(group, layer.name).children.set("count:0", { shape: [], data: new Int32Array(1) });
      names.push(name);
    }
    group.attributes = nameLists("weight_names", names);
  }
  return root;
}
