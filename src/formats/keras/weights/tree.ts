import { FormatError, WeightsError } from "../../../errors.ts";
import type { Layer } from "../../../layers/layer.ts";
import { GraphLayer } from "../../../model/graph-layer.ts";
import { plainSlots, type SlotLayout } from "../../../model/slot-layout.ts";
import type { Hdf5Group } from "../../hdf5/index.ts";
import { classToPath, toSnake } from "../names.ts";
import { type FileArray, fromDataset } from "./file-array.ts";
import { toToday } from "./leaf.ts";
import { owners } from "./legacy.ts";
import type { WeightOrigin, WeightReader } from "./weight-origin.ts";

/** One place in the tree of paths of a `.weights.h5`. */
interface TreeNode {
  readonly children: Map<string, TreeNode>;
  readonly arrays: Map<string, FileArray>;
}

const CONTAINERS = ["layers", "_layer_checkpoint_dependencies"];
const newNode = (): TreeNode => ({ children: new Map(), arrays: new Map() });

/** Adds a file's datasets to a tree. Windows' writers joined paths with backslashes: these count as separators. */
function addGroup(root: TreeNode, group: Hdf5Group, prefix: readonly string[]): void {
  for (const key of group.keys()) {
    const path = [...prefix, ...key.split(/[\\/]/).filter((part) => part !== "")];
    const item = group.get(key);
    if (item?.kind === "group") {
      if (path[0] !== "optimizer" && path[0] !== "metrics") addGroup(root, item, path);
      continue;
    }
    if (item) addArray(root, path, fromDataset(item, path.join("/")));
  }
}

function addArray(root: TreeNode, path: readonly string[], array: FileArray): void {
  let node = root;
  for (const part of path.slice(0, -1)) {
    const next = node.children.get(part) ?? newNode();
    node.children.set(part, next);
    node = next;
  }
  const name = path[path.length - 1]!;
  if (node.arrays.has(name)) throw new FormatError(`The weights file has ${path.join("/")} twice.`);
  node.arrays.set(name, array);
}

/** Weights of `.keras` and `.weights.h5` files, of every writer from tf.keras 2.12 on; several files are shards of one. */
export class TreeWeights implements WeightReader {
  readonly #root = newNode();
  readonly #origin: WeightOrigin;
  #assigned: Layer | undefined;

  /** @param source - Files, or arrays named by their paths. */
  constructor(
    source: { readonly files?: readonly Hdf5Group[]; readonly arrays?: readonly FileArray[] },
    origin: WeightOrigin,
  ) {
    for (const file of source.files ?? []) addGroup(this.#root, file, []);
    for (const array of source.arrays ?? []) addArray(this.#root, array.name.split(/[\\/]/), array);
    this.#origin = origin;
  }

  assign(root: Layer): void {
    this.#assigned = root;
    this.#assign(root, this.#root, "");
  }

  slots(): readonly SlotLayout[] {
    return plainSlots(this.#assigned!);
  }

  /** The values at a path; undefined if there are none. */
  numbers(path: string): readonly number[] | undefined {
    const parts = path.split("/");
    const name = parts.pop()!;
    let node: TreeNode | undefined = this.#root;
    for (const part of parts) node = node?.children.get(part);
    const array = node?.arrays.get(name);
    return array && [...array.read()];
  }

  #assign(layer: Layer, node: TreeNode, path: string): void {
    if (layer instanceof GraphLayer) {
      const container = CONTAINERS.map((name) => node.children.get(name)).find((found) => found !== undefined);
      this.#pair(layer.layers, container ?? newNode(), `${path}layers/`);
      return;
    }
    const specs = layer.weightSpecs();
    if (specs.length > 0) layer.setWeights(toToday(layer, ownArrays(node), this.#origin));
    const cells = node.children.get("cells");
    if (layer.className === "StackedRNNCells" && cells) {
      this.#pair(
        layer.children.map((child) => child.layer),
        cells,
        `${path}cells/`,
      );
      return;
    }
    for (const child of layer.children) {
      if (owners(child.layer).length === 0) continue;
      const name = toSnake(child.path);
      const next = node.children.get(name) ?? node.children.get(`_${name}`);
      if (!next) throw this.#missing(child.layer, `${path}${name}`);
      this.#assign(child.layer, next, `${path}${name}/`);
    }
  }

  /** Pairs the layers of a container with its groups: class by class, in order. */
  #pair(layers: readonly Layer[], container: TreeNode, path: string): void {
    const waiting = new Map<string, Layer[]>();
    for (const layer of new Set(layers)) {
      if (owners(layer).length === 0) continue;
      const key = classKey(layer);
      waiting.set(key, [...(waiting.get(key) ?? []), layer]);
    }
    for (const [key, group] of waiting) {
      const found = members(container, key);
      if (found.length !== group.length) {
        if (found.length === 0) throw this.#missing(group[0]!, `${path}${key}`);
        throw new WeightsError(
          `${this.#origin.what} has weights of ${found.length} layers of the class ${group[0]!.className} under ${path}; the model has ${group.length} (${group.map((layer) => layer.name).join(", ")}). Do they belong together?`,
        );
      }
      for (const [i, layer] of group.entries()) this.#assign(layer, found[i]!.node, `${path}${found[i]!.name}/`);
    }
  }

  #missing(layer: Layer, path: string): WeightsError {
    return new WeightsError(
      `${layer}: ${this.#origin.what} has no weights for it (expected under ${path}). Was the file saved with another architecture?`,
    );
  }
}

/** The word that Keras makes of a layer's class in paths. */
function classKey(layer: Layer): string {
  if (layer instanceof GraphLayer) return layer.graph.className === "Sequential" ? "sequential" : "functional";
  return classToPath(layer.className.slice(layer.className.indexOf(">") + 1));
}

/** The groups `<key>`, `<key>_1` … that hold arrays, in the order of their numbers. */
function members(container: TreeNode, key: string): { name: string; node: TreeNode }[] {
  const keys = key === "functional" ? ["functional", "model"] : [key];
  const found: { name: string; node: TreeNode; number: number }[] = [];
  for (const [name, node] of container.children) {
    const match = /^(.*?)(?:_(\d+))?$/.exec(name)!;
    const exact = keys.includes(name);
    if (!exact && !(keys.includes(match[1]!) && match[2])) continue;
    if (hasArrays(node)) found.push({ name, node, number: exact ? 0 : Number(match[2]) });
  }
  return found.sort((a, b) => a.number - b.number);
}

function hasArrays(node: TreeNode): boolean {
  return node.arrays.size > 0 || [...node.children.values()].some(hasArrays);
}

/** Parts of a layer that Keras keeps in objects of their own and this package in one layer. */
const PARTS = ["vars", "cell", "query_dense", "key_dense", "value_dense", "output_dense"];

/** The arrays of a layer in Keras' order: its own, or those of the parts that this package sees as one layer. */
function ownArrays(node: TreeNode): readonly FileArray[] {
  const found: FileArray[] = [];
  for (const part of PARTS) {
    const inner = node.children.get(part) ?? node.children.get(`_${part}`);
    if (!inner) continue;
    if (part === "vars") {
      const numbered = [...inner.arrays].filter(([key]) => /^\d+$/.test(key)).sort(([a], [b]) => Number(a) - Number(b));
      found.push(...numbered.map(([, array]) => array));
    } else {
      found.push(...ownArrays(inner));
    }
  }
  return found;
}
