import { handsMaskOn } from "../../keras/config/mask-ops.ts";
import type { WriteLayer } from "../write-tree.ts";

/** True for the classes that keep their state at masked steps. */
export function isRecurrent(className: string): boolean {
  return /^(LSTM|GRU|SimpleRNN|RNN|Bidirectional|ConvLSTM[123]D)$/.test(className);
}

/** True if a layer, or one inside it, computes otherwise at masked steps. */
export function usesMasks(layer: WriteLayer): boolean {
  return (
    isRecurrent(layer.className) ||
    /Attention$|^GlobalAveragePooling1D$/.test(layer.className) ||
    layer.children.some((child) => usesMasks(child.layer))
  );
}

/** True if a mask that a layer is given comes out with what it puts out, in Keras 3. */
export function handsOn(layer: WriteLayer): boolean {
  if (!isRecurrent(layer.className)) return handsMaskOn(layer.className, true) || layer.className.endsWith("Attention");
  const { config } = layer.className === "Bidirectional" ? layer.children[0]!.layer : layer;
  return config["returnSequences"] === true;
}
