import type { Json } from "../../../layers/layer.ts";
import { isList, isObject, type JsonObject } from "../safe-json.ts";

/** What `keras_version` would be, had Keras before 1.0 written it. */
export const KERAS0 = "0.3";

/** True for the JSON of a model of Keras 0.x: flat objects whose `name` is the class. */
export function isKeras0(json: JsonObject): boolean {
  if ("class_name" in json || "config" in json) return false;
  return (
    (json["name"] === "Sequential" && isList(json["layers"])) || (json["name"] === "Graph" && "node_config" in json)
  );
}

/**
 * The JSON of a model of Keras 0.x as Keras 1 would write it. Layers get names of their own: those of Keras 0 need not
 * differ.
 */
export function fromKeras0(json: JsonObject): JsonObject {
  return { ...modelOf(json, new Map()), keras_version: KERAS0 };
}

function modelOf(model: JsonObject, names: Map<string, number>): JsonObject {
  if (model["name"] === "Sequential") {
    const layers = isList(model["layers"]) ? model["layers"] : [];
    return { class_name: "Sequential", config: layers.map((layer) => layerOf(layer, names)) };
  }
  const { name: _, nodes, node_config: nodeConfig, ...config } = model;
  const inner = isObject(nodes) ? nodes : {};
  const list = (isList(nodeConfig) ? nodeConfig : []).map((node) => sharedNode(node, inner, names));
  const own = Object.entries(inner).map(([id, layer]) => [id, withName(layerOf(layer, names), id)] as const);
  return { class_name: "Graph", config: { ...config, node_config: list, nodes: Object.fromEntries(own) } };
}

/** A node whose layer is `Siamese`: the same layer for several inputs. */
function sharedNode(node: Json, nodes: JsonObject, names: Map<string, number>): Json {
  const layer = isObject(node) ? nodes[String(node["name"])] : undefined;
  if (!isObject(node) || !isObject(layer) || layer["name"] !== "Siamese") return node;
  return { ...node, layer: withName(layerOf(layer["layer"] ?? null, names), `input_for_${String(node["name"])}`) };
}

function withName(entry: Json, name: string): Json {
  return isObject(entry) && isObject(entry["config"]) ? { ...entry, config: { ...entry["config"], name } } : entry;
}

function layerOf(layer: Json, names: Map<string, number>): Json {
  if (!isObject(layer)) return layer;
  if (isKeras0(layer)) return modelOf(layer, names);
  const { name: className, custom_name: custom, cache_enabled: _, ...config }: Record<string, Json> = layer;
  const base = typeof custom === "string" && custom !== "" ? custom : String(className).toLowerCase();
  const count = (names.get(base) ?? 0) + 1;
  names.set(base, count);
  if (className === "Reshape") config["target_shape"] = config["dims"] ?? config["target_shape"] ?? null;
  const own: Record<string, Json> = { ...config, name: count === 1 ? base : `${base}_${count}` };
  if (isList(config["layers"])) own["layers"] = config["layers"].map((inner) => layerOf(inner, names));
  if (isObject(config["layer"])) own["layer"] = layerOf(config["layer"], names);
  return { class_name: String(className), config: own };
}
