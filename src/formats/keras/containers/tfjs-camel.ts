import type { Json } from "../../../layers/layer.ts";
import { toSnake } from "../names.ts";
import { isList, isObject, type JsonObject } from "../safe-json.ts";

/** Keys whose texts are names: of layers, classes and tensors. */
const NAMES = new Set(["name", "className", "class_name", "inboundNodes", "inputLayers", "outputLayers"]);

/**
 * A config as tf.js holds it in memory (`model.getConfig()`: `className`, `returnSequences`, `"hardSigmoid"`) in the
 * words of files. A config that has `class_name` already is returned as it is.
 */
export function inPython(config: JsonObject): JsonObject {
  return "class_name" in config || !("className" in config) ? config : (snake(config, "") as JsonObject);
}

function snake(value: Json, key: string): Json {
  if (typeof value === "string") return NAMES.has(key) ? value : toSnake(value);
  if (isList(value)) return value.map((item) => snake(item, key));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([inner, item]) => [toSnake(inner), snake(item, inner)]));
}
