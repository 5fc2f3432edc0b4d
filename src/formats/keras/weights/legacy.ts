import { WeightsError } from "../../../errors.ts";
import type { Layer } from "../../../layers/layer.ts";
import { IdfLayer } from "../../../layers/preprocessing/encoding.ts";
import { Skipped } from "../../../layers/skipped.ts";
import { GraphLayer } from "../../../model/graph-layer.ts";
import type { SlotLayout } from "../../../model/slot-layout.ts";
import { formatShape } from "../../../tensor.ts";
import { type FileArray, load } from "./file-array.ts";
import { toToday, trainableCount } from "./leaf.ts";
import { isFrozen, legacySlots } from "./legacy-slots.ts";
import type { WeightOrigin, WeightReader } from "./weight-origin.ts";

/** The weights that a legacy file keeps for one layer of the model, inner ones flattened. */
export interface LayerArrays {
  readonly name: string;
  readonly arrays: readonly FileArray[];
}

/** Gives a lookup layer the idf weights that tf.keras keeps among the weights. */
function takeIdf(layer: Layer, { name, arrays }: LayerArrays): boolean {
  if (!(layer instanceof IdfLayer) || layer.name !== name || arrays.length !== 1) return false;
  layer.idf = [...load(arrays[0]!).data];
  return true;
}

/** Layers, inner ones after their owner, that hold weights of their own; each once. */
export function owners(layer: Layer, seen = new Set<Layer>(), found: Layer[] = []): Layer[] {
  if (seen.has(layer)) return found;
  seen.add(layer);
  if (layer.weightSpecs().length > 0) found.push(layer);
  for (const child of layer.children) owners(child.layer, seen, found);
  return found;
}

/** Layers whose weights Keras lists together: a layer by itself, or all that a frozen wrapper holds. */
interface Unit {
  readonly leaves: readonly Layer[];
  readonly frozen: boolean;
}

/** The units of a layer in Keras' order. Freezing a model changes nothing of the order of its layers' weights. */
function unitsOf(layer: Layer, seen = new Set<Layer>()): readonly Unit[] {
  if (!(layer instanceof GraphLayer) && isFrozen(layer)) return [{ leaves: owners(layer, seen), frozen: true }];
  if (seen.has(layer)) return [];
  seen.add(layer);
  const own = layer.weightSpecs().length > 0 ? [{ leaves: [layer], frozen: false }] : [];
  return [...own, ...layer.children.flatMap((child) => unitsOf(child.layer, seen))];
}

/** Normalization keeps how many values it saw behind its statistics. */
function uncounted(leaf: Layer, rest: readonly FileArray[]): number {
  return leaf.className === "Normalization" && rest[0]?.shape.length === 0 ? 1 : 0;
}

/** The layers of a model with those of nested models in their place. */
function leafLayers(layer: Layer): readonly Layer[] {
  return layer instanceof GraphLayer ? [...new Set(layer.layers.flatMap(leafLayers))] : [layer];
}

const ownOf = (leaf: Layer): number => leaf.weightSpecs().filter((spec) => spec.trainable).length;

/** A list of arrays shared out among layers, each with its own. `count` is how many they take in all. */
function split(
  units: readonly Unit[],
  arrays: readonly FileArray[],
): { taken: Map<Layer, FileArray[]>; count: number } {
  const taken = new Map<Layer, FileArray[]>();
  let count = 0;
  const take = (leaf: Layer, more: number): void => {
    taken.set(leaf, [...(taken.get(leaf) ?? []), ...arrays.slice(count, count + more)]);
    count += more;
  };
  const takeTrainable = (leaf: Layer): void => take(leaf, trainableCount(leaf, ownOf(leaf), arrays.slice(count)));
  const takeOthers = (leaf: Layer): void => {
    const others = leaf.weightSpecs().length - ownOf(leaf);
    take(leaf, others + uncounted(leaf, arrays.slice(count + others)));
  };
  // Keras lists what is trainable of all inner layers first, then the rest.
  for (const { leaves, frozen } of units) if (!frozen) leaves.forEach(takeTrainable);
  for (const { leaves, frozen } of units) {
    if (frozen) leaves.forEach(takeTrainable);
    leaves.forEach(takeOthers);
  }
  return { taken, count };
}

/** The groups of files from before Keras 1. */
function isNumbered({ name }: LayerArrays): boolean {
  return name === "graph" || /^layer_\d+$/.test(name);
}

/**
 * Such files keep the weights of a Merge's branches, or of a whole Graph model, in one list: each list goes to the
 * layers that follow, as many as it has arrays for. Undefined if they do not fit.
 */
function splitJoined(own: readonly Layer[], files: readonly LayerArrays[]): Map<Layer, FileArray[]> | undefined {
  const all = new Map<Layer, FileArray[]>();
  let at = 0;
  for (const { arrays } of files) {
    let units: readonly Unit[] = [];
    let part = split(units, arrays);
    while (part.count < arrays.length && at < own.length) {
      units = [...units, ...unitsOf(own[at++]!)];
      part = split(units, arrays);
    }
    if (part.count !== arrays.length) return undefined;
    for (const [leaf, list] of part.taken) all.set(leaf, list);
  }
  return at === own.length ? all : undefined;
}

/**
 * Weights of Keras 1, 2, tf.keras and 3 in the legacy layout: pairs layers in order, or by name where all names agree,
 * and splits each layer's list as its writer joined it.
 *
 */
export class LegacyWeights implements WeightReader {
  readonly #layers: readonly LayerArrays[];
  readonly #origin: WeightOrigin;
  readonly #byName: boolean;
  readonly #flat: boolean;
  /** By layer, the arrays that it was given: their names and shapes. */
  readonly #given = new Map<Layer, readonly FileArray[]>();
  #assigned: Layer | undefined;

  /**
   * @param options.byName - Only by name; layers of the file that have no counterpart are left out.
   * @param options.flat - The file lists the layers inside nested models beside the others (TF.js).
   */
  constructor(
    layers: readonly LayerArrays[],
    origin: WeightOrigin,
    options: { readonly byName?: boolean; readonly flat?: boolean } = {},
  ) {
    this.#layers = layers.filter((layer) => layer.arrays.length > 0);
    this.#origin = origin;
    this.#byName = options.byName ?? false;
    this.#flat = options.flat ?? false;
  }

  assign(root: Layer): void {
    this.#assigned = root;
    const layers = this.#flat ? leafLayers(root) : root instanceof GraphLayer ? root.layers : [root];
    const own = layers.filter((layer) => owners(layer).length > 0);
    const files = this.#layers.filter(
      (file) => !layers.some((layer) => takeIdf(layer, file) || (layer instanceof Skipped && layer.name === file.name)),
    );
    const joined = own.length > files.length && files.every(isNumbered) ? splitJoined(own, files) : undefined;
    if (joined) {
      this.#set(joined);
      return;
    }
    for (const [layer, arrays] of this.#pair(own, files)) this.#assignLayer(layer, arrays);
  }

  #pair(own: readonly Layer[], files: readonly LayerArrays[]): [Layer, LayerArrays][] {
    const { what } = this.#origin;
    const byName = new Map(files.map((layer) => [layer.name, layer]));
    if (this.#byName) {
      return own.flatMap((layer): [Layer, LayerArrays][] => {
        const found = byName.get(layer.name);
        if (found) return [[layer, found]];
        throw new WeightsError(
          `${layer}: ${what} has no weights of that name. Layers in the file: ${[...byName.keys()].join(", ")}.`,
        );
      });
    }
    if (own.length !== files.length) {
      const wanted = own.map((layer) => layer.name).join(", ") || "none";
      const got = files.map((layer) => layer.name).join(", ") || "none";
      throw new WeightsError(
        `The model has ${own.length} layers with weights (${wanted}); ${what} has ${files.length} (${got}). Do the weights belong to this architecture? To take them by layer name, pass { byName: true }.`,
      );
    }
    const named = byName.size === own.length && own.every((layer) => byName.has(layer.name));
    return own.map((layer, i) => [layer, named ? byName.get(layer.name)! : files[i]!]);
  }

  #assignLayer(layer: Layer, { name, arrays }: LayerArrays): void {
    const { taken, count } = split(unitsOf(layer), arrays);
    if (count !== arrays.length) {
      const wanted = owners(layer).flatMap((leaf) =>
        leaf.weightSpecs().map((spec) => `${spec.name} ${formatShape(spec.shape)}`),
      );
      throw new WeightsError(
        `${layer}: expected ${count} weights (${wanted.join(", ")}); ${this.#origin.what} has ${arrays.length} in "${name}" (${arrays.map((array) => `${array.name} ${formatShape(array.shape)}`).join(", ")}).`,
      );
    }
    this.#set(taken);
  }

  #set(taken: ReadonlyMap<Layer, readonly FileArray[]>): void {
    for (const [leaf, arrays] of taken) {
      leaf.setWeights(toToday(leaf, arrays, this.#origin));
      this.#given.set(leaf, arrays);
    }
  }

  slots(): readonly SlotLayout[] {
    const count = (leaf: Layer, arrays: readonly FileArray[]) => trainableCount(leaf, ownOf(leaf), arrays);
    return legacySlots(this.#assigned!, this.#origin, this.#given, count);
  }
}
