import type { Layer, Weight } from "../layers/layer.ts";
import type { Shape } from "../tensor.ts";

/** An array of an optimizer's slot. */
export interface SlotArray {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** One slot of some weights, in their order. */
export type SlotOfWeights = readonly (SlotArray | undefined)[];

/** To which weights the slots of a file's optimizer belong, and how they are laid out there. */
export interface SlotLayout {
  /** Shapes of the weights that trained when the file was written, in its optimizer's order and layout. */
  readonly shapes: readonly Shape[];
  /** What the weights are called, their layer first: "lstm/kernel". */
  readonly paths: readonly string[];
  /**
   * Hands out one slot.
   *
   * @param slot - An array for each of {@link shapes}; undefined for a weight that has none.
   * @returns The arrays of each layer, in today's layout, in the order of its trainable weights.
   */
  byLayer(slot: SlotOfWeights): ReadonlyMap<Layer, SlotOfWeights>;
}

/** The weights of a layer that train when the layer does. */
function ownTrainable(layer: Layer): readonly Weight[] {
  return layer.weights.filter(({ trainable }) => trainable);
}

/**
 * The layers that train, in the order in which Keras lists their weights; each once.
 *
 * @param isFrozen - Whether Keras takes a layer with all that is in it for frozen.
 */
export function trainedLayers(root: Layer, isFrozen: (layer: Layer) => boolean): readonly Layer[] {
  const found = new Set<Layer>();
  const seen = new Set<Layer>();
  const walk = (layer: Layer): void => {
    if (seen.has(layer) || isFrozen(layer)) return;
    seen.add(layer);
    if (ownTrainable(layer).length > 0) found.add(layer);
    for (const child of layer.children) walk(child.layer);
  };
  walk(root);
  return [...found];
}

/**
 * The layouts that files may have which keep slots as they keep weights today: those of Keras 3 and of this package. The
 * second one is that of a model whose layers were frozen after it was compiled: its optimizer still has slots for them.
 */
export function plainSlots(root: Layer): readonly SlotLayout[] {
  return [
    plainSlotsOf(trainedLayers(root, ({ trainable }) => !trainable)),
    plainSlotsOf(trainedLayers(root, () => false)),
  ];
}

function plainSlotsOf(trained: readonly Layer[]): SlotLayout {
  const layers = trained.map((layer) => ({
    layer,
    weights: ownTrainable(layer),
  }));
  return {
    shapes: layers.flatMap(({ weights }) => weights.map(({ shape }) => shape)),
    paths: layers.flatMap(({ layer, weights }) => weights.map(({ name }) => `${layer.name}/${name}`)),
    byLayer(slot) {
      let next = 0;
      const take = (count: number) => {
        next += count;
        return slot.slice(next - count, next);
      };
      return new Map(layers.map(({ layer, weights }) => [layer, take(weights.length)]));
    },
  };
}
