import type { Json, LayerConfig, LayerSpec } from "../../../layers/layer.ts";
import { toCamel } from "../names.ts";
import { isObject, type JsonObject } from "../safe-json.ts";
import type { ConfigContext } from "./context.ts";
import { isModelEntry } from "./layer-spec.ts";
import { plainValue } from "./values.ts";

/** Layers whose config has no `trainable` in Keras 3. */
const NOT_TRAINABLE = new Set([
  "InputLayer",
  "SpatialDropout1D",
  "SpatialDropout2D",
  "SpatialDropout3D",
  "Discretization",
  "Hashing",
  "HashedCrossing",
  "Pipeline",
]);

/**
 * True for a node of Keras 3's `keras.ops`. In `.keras` files the module says so; in legacy `.h5` files only layers have
 * the key `trainable`.
 */
export function isOpEntry(entry: JsonObject, context: ConfigContext): boolean {
  const { module, config, class_name: className } = entry;
  if (typeof module === "string") return /(^|\.)ops(\.|$)/.test(module);
  if (context.profile.era !== "keras3" || NOT_TRAINABLE.has(String(className)) || isModelEntry(entry)) return false;
  return isObject(config) && !("trainable" in config) && !("build_config" in entry);
}

/** An operation node as a layer of the class `op:<Keras 3 class>`: what its constructor took is in `config`. */
export function readOp(entry: JsonObject, fallbackName: string, context: ConfigContext): LayerSpec {
  const { class_name: className, config } = entry;
  const own = isObject(config) ? config : {};
  const name = [entry["name"], own["name"]].find((value) => typeof value === "string" && value !== "") ?? fallbackName;
  const plain: Record<string, Json> = {};
  for (const [key, value] of Object.entries(own)) if (key !== "name") plain[toCamel(key)] = plainValue(value);
  void context;
  return { className: `op:${String(className)}`, name: String(name), config: plain as LayerConfig, trainable: true };
}
