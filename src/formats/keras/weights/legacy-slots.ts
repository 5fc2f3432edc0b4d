import type { Layer } from "../../../layers/layer.ts";
import { GraphLayer } from "../../../model/graph-layer.ts";
import { type SlotArray, type SlotLayout, trainedLayers } from "../../../model/slot-layout.ts";
import { since } from "../profile-of.ts";
import { isCudnn } from "./cudnn.ts";
import type { FileArray } from "./file-array.ts";
import { toToday } from "./leaf.ts";
import type { WeightOrigin } from "./weight-origin.ts";

/**
 * True if Keras takes all weights of a layer for frozen because of the layer's own flag. Keras before 1.0.7 never does, and
 * old wrappers ask what they wrap.
 */
export function isFrozen({ className, trainable, profile }: Layer): boolean {
  const { era, version } = profile;
  const asks =
    (era === "keras1" && (className === "Bidirectional" || !since(version, 1, 0, 7))) ||
    (era === "keras2" && /^(Bidirectional|TimeDistributed)$/.test(className) && !since(version, 2, 1, 4));
  return !trainable && !asks;
}

/** A weight of the file that trained. */
interface Trained {
  readonly layer: Layer;
  readonly name: string;
  readonly shape: FileArray["shape"];
}

/**
 * Where the slots of a legacy file's optimizer belong: they lie as the file's weights do, gate by gate where those do, in
 * the order of the trainable weights; until Keras 2.0.5 that is the order of their names.
 *
 * @param arrays - The arrays that the file has for a layer, trainable ones first.
 * @param counts - How many of a layer's arrays are trainable.
 */
function slotsOf(
  trained: readonly Layer[],
  origin: WeightOrigin,
  arrays: ReadonlyMap<Layer, readonly FileArray[]>,
  counts: (layer: Layer, arrays: readonly FileArray[]) => number,
): SlotLayout {
  const listed = trained.flatMap((layer) => {
    const own = arrays.get(layer) ?? [];
    return own.slice(0, counts(layer, own)).map(({ name, shape }): Trained => ({ layer, name, shape }));
  });
  const { era, version } = origin;
  const byName = era === "keras1" || (era === "keras2" && version !== "" && !since(version, 2, 0, 6));
  const order = byName ? [...listed].sort((a, b) => compare(a.name, b.name)) : listed;
  return {
    shapes: order.map(({ shape }) => shape),
    paths: order.map(({ layer, name }) => `${layer.name}/${name}`),
    byLayer(slot) {
      const of = new Map(order.map((weight, i) => [weight, slot[i]]));
      return new Map(
        [...new Set(listed.map(({ layer }) => layer))].map((layer) => {
          const weights = listed.filter((weight) => weight.layer === layer);
          const own = weights.map((weight) => of.get(weight));
          // A slot that is shaped otherwise than the weights (Adafactor's) is of a Keras that keeps weights as today's.
          const isAlike = own.every((array, i) => array?.shape.join() === weights[i]!.shape.join());
          return [layer, isAlike ? slotsToToday(layer, own as readonly SlotArray[], origin) : own];
        }),
      );
    },
  };
}

/** The layouts that a legacy file may have: for what trains, or for all that could, see {@link plainSlots}. */
export function legacySlots(
  root: Layer,
  ...others: Parameters<typeof slotsOf> extends [unknown, ...infer R] ? R : never
): readonly SlotLayout[] {
  const frozen = (layer: Layer) => (layer instanceof GraphLayer ? !layer.trainable : isFrozen(layer));
  return [
    slotsOf(trainedLayers(root, frozen), ...others),
    slotsOf(
      trainedLayers(root, () => false),
      ...others,
    ),
  ];
}

/** As Python compares strings. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A slot is converted as the weights are, but that of cuDNN's two biases is the same for both, and not their sum. */
function slotsToToday(layer: Layer, own: readonly SlotArray[], origin: WeightOrigin): readonly SlotArray[] {
  const files = own.map(({ shape, data }, i): FileArray => ({ name: `slot ${i}`, shape, read: () => data }));
  const today = toToday(layer, files, origin);
  if (layer.className !== "LSTM" || !isCudnn(4, files)) return today as readonly SlotArray[];
  return today.map(({ shape, data }) => ({ shape, data: shape.length === 1 ? data.map((x) => x / 2) : data }));
}
