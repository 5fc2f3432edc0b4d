import { FormatError, WeightsError } from "../../../errors.ts";
import type { Era } from "../../../layers/profile.ts";
import type { Hdf5Group } from "../../hdf5/index.ts";
import { eraOfVersion, type Origin } from "../profile-of.ts";
import { type FileArray, fromDataset } from "../weights/file-array.ts";
import type { LayerArrays } from "../weights/legacy.ts";
import { readNames, readText } from "./attribute-lists.ts";

/** A legacy `.h5` file, with or without its architecture. */
export interface LegacyFile {
  /** The architecture's JSON text; "" in a weights-only file. */
  readonly modelConfig: string;
  /** The compile config's JSON text; "" if there is none. */
  readonly trainingConfig: string;
  readonly origin: Origin;
  readonly layers: readonly LayerArrays[];
  readonly optimizer: readonly FileArray[];
}

/** Reads full models and weights-only files of Keras 0.3 to 3.x. */
export function readLegacyH5(root: Hdf5Group, what: string): LegacyFile {
  const modelConfig = readText(root, "model_config");
  const inner = root.get("model_weights");
  const weights = inner?.kind === "group" ? inner : root;
  const layers = readLayers(weights, what);
  const version = readText(root, "keras_version") || readText(weights, "keras_version");
  const backend = readText(root, "backend") || readText(weights, "backend");
  return {
    modelConfig,
    trainingConfig: readText(root, "training_config"),
    origin: originOf(version || versionInConfig(modelConfig), backend, layers),
    layers,
    optimizer: readOptimizer(root),
  };
}

function versionInConfig(modelConfig: string): string {
  return /"keras_version"\s*:\s*"([^"]{1,40})"/.exec(modelConfig)?.[1] ?? "";
}

function readLayers(weights: Hdf5Group, what: string): readonly LayerArrays[] {
  const names = readNames(weights, "layer_names");
  if (!names) return readNumberedLayers(weights, what);
  const seen = new Set<string>();
  return names.map((name) => {
    if (seen.has(name)) throw new FormatError(`${what} lists the layer "${name}" twice.`);
    seen.add(name);
    const group = weights.get(name);
    if (group?.kind !== "group") {
      throw new WeightsError(`${what} lists the layer "${name}", but has no group of that name. The file is damaged.`);
    }
    const arrays = (readNames(group, "weight_names") ?? []).map((weight) => readArray(group, weight, name, what));
    return { name, arrays };
  });
}

function readArray(group: Hdf5Group, weight: string, layer: string, what: string): FileArray {
  const dataset = group.get(weight);
  if (dataset?.kind === "dataset") return fromDataset(dataset, weight);
  throw new WeightsError(
    `${what}: layer "${layer}" lists the weight ${weight}, but has no data for it. The file is damaged.`,
  );
}

/** Files from before Keras 1: `layer_0/param_0` …, or `graph/param_0` … for a whole Graph model. */
function readNumberedLayers(weights: Hdf5Group, what: string): readonly LayerArrays[] {
  const count = weights.attributes.has("nb_layers") ? weights.attributes.get("nb_layers") : undefined;
  const graph = weights.get("graph");
  if (graph?.kind === "group" && graph.attributes.has("nb_params")) return [readNumbered(graph, "graph", what)];
  if (typeof count !== "number") return [];
  const layers: LayerArrays[] = [];
  for (const key of weights.keys()) {
    const number = /^layer_(\d+)$/.exec(key)?.[1];
    const group = number === undefined ? undefined : weights.get(key);
    if (group?.kind !== "group" || Number(number) >= count) continue;
    layers[Number(number)] = readNumbered(group, key, what);
  }
  return layers.filter((layer) => layer !== undefined);
}

function readNumbered(group: Hdf5Group, name: string, what: string): LayerArrays {
  const params = group.keys().filter((key) => /^param_\d+$/.test(key));
  params.sort((a, b) => Number(a.slice(6)) - Number(b.slice(6)));
  return { name, arrays: params.map((param) => readArray(group, param, name, what)) };
}

function readOptimizer(root: Hdf5Group): readonly FileArray[] {
  const group = root.get("optimizer_weights");
  if (group?.kind !== "group") return [];
  return (readNames(group, "weight_names") ?? []).flatMap((name) => {
    const dataset = group.get(name);
    return dataset?.kind === "dataset" ? [fromDataset(dataset, name)] : [];
  });
}

/** The writer, from the version or else from how weights are called. */
export function originOf(version: string, backend: string, layers: readonly LayerArrays[]): Origin {
  const names = layers.flatMap((layer) => layer.arrays.map((array) => array.name));
  const era = eraOfVersion(version) ?? eraOfNames(names);
  // Keras 1 says no backend, but TensorFlow's names end in ":0".
  const guessed = era === "keras1" && names.length > 0 && !names.some((name) => /:0$/.test(name)) ? "theano" : "";
  return { era, version, backend: backend || guessed };
}

function eraOfNames(names: readonly string[]): Era {
  if (names.length === 0) return "keras2";
  if (names.some((name) => /_(W|U|b)(_[a-z]+)?(_\d+)?(:0)?$/.test(name) || /(^|\/)param_\d+$/.test(name))) {
    return "keras1";
  }
  const colons = names.some((name) => name.endsWith(":0"));
  if (colons) return names.some((name) => /_cell(_\d+)?\//.test(name)) ? "tf-keras" : "keras2";
  return "keras3";
}
