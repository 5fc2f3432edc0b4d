import { FormatError } from "../../../errors.ts";
import type { Json, LayerSpec } from "../../../layers/layer.ts";
import { toCamel } from "../names.ts";
import { isObject, type JsonObject } from "../safe-json.ts";
import { type ConfigContext, MAX_NESTING } from "./context.ts";
import { repairConfig } from "./eras.ts";
import { readGraph } from "./graph.ts";
import { fromKeras1 } from "./keras1.ts";
import { withoutNamesakes, withoutOwnFunction } from "./own-classes.ts";
import { isSerialised, plainValue, registeredName } from "./values.ts";
import { withoutSpecialTokens } from "./vocabulary.ts";

/** Classes whose config is a graph. */
const MODELS = new Set(["Sequential", "Functional", "Model", "Graph"]);

/** Keys under which configs keep inner layers and cells. */
const INNER = new Set(["layer", "backward_layer", "forward_layer", "cell"]);

/** True for the entry of a nested model. */
export function isModelEntry(entry: JsonObject): boolean {
  const { class_name: className, config } = entry;
  if (typeof className !== "string") return false;
  if (MODELS.has(className)) return true;
  // Subclasses of Model that keep a functional config.
  return isObject(config) && Array.isArray(config["layers"]) && Array.isArray(config["input_layers"]);
}

/** Very old Keras 1 files: `{ name: "<class>", custom_name, … }` without a config of its own. */
function unflatten(entry: JsonObject): JsonObject {
  if ("config" in entry || "class_name" in entry || typeof entry["name"] !== "string") return entry;
  const { name: className, custom_name: customName = null, ...config } = entry;
  return { class_name: className, config: { name: customName, ...config } };
}

/**
 * One layer of a file of any era in today's words. Keys are camelCase; inner layers, cells and nested models are
 * {@link LayerSpec} objects in turn, under `config.layer`, `config.backwardLayer`, `config.cell`, `config.cells`.
 *
 * @param fallbackName - For layers without a name of their own (cells of old files).
 * @throws {FormatError} If the entry is damaged.
 */
export function readLayer(raw: Json, fallbackName: string, context: ConfigContext): LayerSpec {
  if (!isObject(raw)) {
    throw new FormatError(
      `${context.what}: a layer's entry must be an object; got ${JSON.stringify(raw)?.slice(0, 60)}.`,
    );
  }
  const entry = unflatten(raw);
  if (typeof entry["class_name"] !== "string" || entry["class_name"] === "") {
    throw new FormatError(`${context.what}: a layer's entry has no class_name ("${fallbackName}").`);
  }
  if (context.depth > MAX_NESTING) {
    throw new FormatError(`${context.what}: layers are nested deeper than ${MAX_NESTING}.`);
  }
  const inner = { ...context, depth: context.depth + 1 };
  if (isModelEntry(entry)) return readNested(entry, fallbackName, inner);
  const config = entry["config"] ?? {};
  if (!isObject(config)) {
    throw new FormatError(
      `${context.what}: the config of the ${entry["class_name"]} layer "${fallbackName}" is not an object.`,
    );
  }
  return readLeaf(registeredName(entry), config, nameOf(entry, fallbackName), inner);
}

function nameOf(entry: JsonObject, fallback: string): string {
  const config = entry["config"];
  // The entry's own name is the one that the graph's nodes use.
  for (const name of [entry["name"], isObject(config) ? config["name"] : undefined]) {
    if (typeof name === "string" && name !== "") return name;
  }
  return fallback;
}

function readNested(entry: JsonObject, fallbackName: string, context: ConfigContext): LayerSpec {
  const graph = readGraph(entry, fallbackName, context);
  const config = isObject(entry["config"]) ? entry["config"] : {};
  const name = nameOf(entry, fallbackName);
  return {
    className: graph.className,
    name,
    config: {},
    trainable: config["trainable"] !== false,
    graph: { ...graph, name },
  };
}

function readLeaf(fileClass: string, fileConfig: JsonObject, name: string, context: ConfigContext): LayerSpec {
  const { era } = context.profile;
  const old =
    era === "keras1" || (era === "keras2" && fileClass === "Merge")
      ? fromKeras1(withoutNamesakes(fileClass, fileConfig, era), fileConfig, context.what, context.dimOrdering)
      : { className: withoutNamesakes(fileClass, fileConfig, era), config: fileConfig };
  const repaired = repairConfig(old.className, old.config, name, context);
  const config: Record<string, Json> = {};
  for (const [key, value] of Object.entries(repaired.config)) {
    if (key === "name" || key === "trainable") continue;
    config[toCamel(key)] = readValue(key, value, name, context);
  }
  const trainable = repaired.config["trainable"] !== false && repaired.config["trainable"] !== 0;
  const { className } = repaired;
  const spec = { className, name, config: withoutSpecialTokens(className, config), trainable };
  return withoutOwnFunction(spec, context.profile);
}

function readValue(key: string, value: Json, owner: string, context: ConfigContext): Json {
  const inner = (raw: Json, fallback: string): Json => readLayer(raw, fallback, context) as unknown as Json;
  if (INNER.has(key) && isSerialised(value)) return inner(value, `${owner}_${key}`);
  if (key === "cell" && Array.isArray(value)) return value.map((cell, i) => inner(cell, `${owner}_cell_${i}`));
  if (key === "cells" && Array.isArray(value)) return value.map((cell, i) => inner(cell, `${owner}_cell_${i}`));
  return plainValue(value);
}
