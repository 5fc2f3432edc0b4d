import { UnsupportedLayerError } from "../../../errors.ts";
import { anyActivation } from "../../../layers/activation.ts";
import type { LayerSpec } from "../../../layers/layer.ts";
import type { Era, Profile } from "../../../layers/profile.ts";
import type { JsonObject } from "../safe-json.ts";

/**
 * What the configs of layers whose names authors like, too, always have. Keras before tf.keras had none of them; files of
 * that time that hold one of Keras' own were written later for its readers.
 */
const OWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  AdditiveAttention: ["use_scale"],
  Attention: ["use_scale"],
  GroupNormalization: ["groups"],
  LayerNormalization: ["axis", "epsilon"],
  MultiHeadAttention: ["key_dim"],
};

/**
 * The name of a layer's class, marked as the author's own if it only happens to be that of a class of Keras': such a
 * layer would be computed wrongly, or fail for reasons that tell nothing.
 */
export function withoutNamesakes(className: string, config: JsonObject, era: Era): string {
  const keys = Object.hasOwn(OWN_KEYS, className) ? OWN_KEYS[className]! : [];
  const knows = era === "keras1" || era === "keras2" || era === "tf-keras";
  return knows && keys.some((key) => !(key in config)) ? `own>${className}` : className;
}

/** An Activation layer marked as the author's own if its function is; any other layer as it is. */
export function withoutOwnFunction(spec: LayerSpec, profile: Profile): LayerSpec {
  if (spec.className !== "Activation") return spec;
  try {
    anyActivation(spec, spec.config, "activation", profile);
  } catch (error) {
    if (error instanceof UnsupportedLayerError) return { ...spec, className: "own>Activation" };
  }
  return spec;
}
