import { FormatError } from "../../errors.ts";
import type { Profile } from "../../layers/profile.ts";
import type { GraphSpec } from "../../model/graph-spec.ts";
import { type Hdf5Group, openHdf5 } from "../hdf5/index.ts";
import type { ConfigContext } from "./config/context.ts";
import { readGraph } from "./config/graph.ts";
import { fromKeras0, isKeras0 } from "./config/keras0.ts";
import { dimOrderingOf } from "./config/keras1.ts";
import { withSilentCells } from "./config/silent-cells.ts";
import { withLegacyIdf, withVocabularies } from "./config/vocabulary.ts";
import { type LegacyFile, readLegacyH5 } from "./containers/legacy-h5.ts";
import { readManifest, tfjsTopology } from "./containers/tfjs.ts";
import { readKerasZip } from "./containers/zip.ts";
import { eraOfVersion, type Origin, profileOf } from "./profile-of.ts";
import { isObject, type JsonObject, parseJson } from "./safe-json.ts";
import { type FileArray, fromDataset } from "./weights/file-array.ts";
import { type LayerArrays, LegacyWeights } from "./weights/legacy.ts";
import { TreeWeights } from "./weights/tree.ts";
import type { WeightReader } from "./weights/weight-origin.ts";

/** A model file, read: what it is made of, and where its weights are. */
export interface KerasModel {
  readonly graph: GraphSpec;
  readonly profile: Profile;
  readonly format: string;
  readonly notes: readonly string[];
  readonly weights: WeightReader;
  readonly trainingConfig?: unknown;
  readonly optimizer: readonly FileArray[];
}

/** Options of the readers. */
export interface ReadOptions {
  readonly byName: boolean;
  /** How the file is called in messages. */
  readonly name: string;
}

function describe(name: string, { version, era }: Origin): string {
  return `${name} (${version ? `Keras ${version}` : `${era}, version unknown`})`;
}

function context(origin: Origin, profile: Profile, what: string, config: JsonObject): ConfigContext {
  const dimOrdering = origin.era === "keras1" ? dimOrderingOf(config, origin.version) : "tf";
  return { profile, backend: origin.backend, dimOrdering, notes: [], what, depth: 0, count: { layers: 0 } };
}

/** The optimizer's variables of a `.weights.h5`, by number. */
function optimizerArrays(root: Hdf5Group): readonly FileArray[] {
  const vars = root.get("optimizer/vars");
  if (vars?.kind !== "group") return [];
  const keys = vars.keys().filter((key) => /^\d+$/.test(key));
  keys.sort((a, b) => Number(a) - Number(b));
  return keys.flatMap((key) => {
    const item = vars.get(key);
    return item?.kind === "dataset" ? [fromDataset(item, `optimizer/vars/${key}`)] : [];
  });
}

/** A `.keras` file. */
export function fromKerasZip(bytes: Uint8Array, { name }: ReadOptions): KerasModel {
  const zip = readKerasZip(bytes, name);
  const origin: Origin = { era: eraOfVersion(zip.version) ?? "keras3", version: zip.version, backend: "" };
  const what = describe(name, origin);
  if (zip.weights.length === 0 && zip.arrays.length === 0) throw new FormatError(`${what} has no model.weights.h5.`);
  const profile = profileOf(origin);
  const ctx = context(origin, profile, what, zip.config);
  const files = zip.weights.map((file) => openHdf5(file));
  const weights = new TreeWeights({ files, arrays: zip.arrays }, { ...origin, what });
  const graph = withVocabularies(readGraph(zip.config, "model", ctx), {
    asset: (path) => {
      const member = zip.archive.get(path);
      return member && new TextDecoder().decode(member);
    },
    weight: (path) => weights.numbers(path),
  });
  const trainingConfig = zip.config["compile_config"] ?? undefined;
  return {
    graph,
    profile,
    format: ".keras",
    notes: ctx.notes,
    weights,
    optimizer: files.flatMap(optimizerArrays),
    ...(trainingConfig && { trainingConfig }),
  };
}

/** What an HDF5 file without a model's config is. */
function withoutArchitecture(root: Hdf5Group): string {
  const keys = root.keys();
  const weights = ["layer_names", "layer_names0", "nb_layers"].some((name) => root.attributes.has(name));
  if (weights || keys.some((key) => /^(layers|_layer_checkpoint_dependencies|vars|model_weights)$/.test(key))) {
    return "holds weights without an architecture. Pass the architecture too: { json: model.to_json()'s text, weights: this file }.";
  }
  const found = keys.slice(0, 6).join(", ") || "nothing";
  return `is an HDF5 file, but no Keras model: it has no model_config (it holds ${found}). Save the model with model.save().`;
}

/** A full model in a legacy `.h5` file. */
export function fromHdf5(bytes: Uint8Array, { name, byName }: ReadOptions): KerasModel {
  const root = openHdf5(bytes);
  const file = readLegacyH5(root, name);
  if (!file.modelConfig) {
    throw new FormatError(`${name} ${withoutArchitecture(root)}`);
  }
  const what = describe(name, file.origin);
  const config = parseJson(file.modelConfig, `${what}: model_config`);
  if (!isObject(config)) throw new FormatError(`${what}: model_config is not an object.`);
  const profile = profileOf(file.origin);
  const ctx = context(file.origin, profile, what, config);
  const { graph, weights } = withLegacyIdf(
    withSilentCells(readGraph(config, "model", ctx), file.layers, ctx),
    file.layers,
  );
  return {
    graph,
    profile,
    format: "legacy .h5",
    notes: ctx.notes,
    weights: new LegacyWeights(weights, { ...file.origin, what }, { byName }),
    optimizer: file.optimizer,
    ...(file.trainingConfig && { trainingConfig: parseJson(file.trainingConfig, `${what}: training_config`) }),
  };
}

/** An architecture with its weights in files of their own. */
export function fromArchitecture(
  given: JsonObject,
  files: readonly Uint8Array[],
  { name, byName }: ReadOptions,
): KerasModel {
  const json = isKeras0(given) ? fromKeras0(given) : given;
  const roots = files.map((file) => openHdf5(file));
  const legacy = roots.length === 1 ? readLegacyH5(roots[0]!, name) : undefined;
  const isLegacy = legacy !== undefined && legacy.layers.length > 0;
  const origin = architectureOrigin(json, isLegacy ? legacy : undefined);
  const what = describe(name, origin);
  const profile = profileOf(origin);
  const ctx = context(origin, profile, what, json);
  const tree = isLegacy ? undefined : new TreeWeights({ files: roots }, { ...origin, what });
  const weights = tree ?? new LegacyWeights(legacy!.layers, { ...origin, what }, { byName });
  const parsed = readGraph(json, "model", ctx);
  const graph = tree
    ? withVocabularies(parsed, { asset: () => undefined, weight: (path) => tree.numbers(path) })
    : withSilentCells(parsed, legacy!.layers, ctx);
  const format = isLegacy ? "architecture + legacy .h5 weights" : "architecture + .weights.h5";
  return { graph, profile, format, notes: ctx.notes, weights, optimizer: isLegacy ? legacy.optimizer : [] };
}

/** A TF.js layers model. */
export function fromTfjs(
  json: JsonObject,
  files: Uint8Array | Readonly<Record<string, Uint8Array>>,
  { name, byName }: ReadOptions,
): KerasModel {
  const topology = tfjsTopology(json, name);
  const origin = architectureOrigin(topology, undefined);
  const what = describe(name, origin);
  const profile = profileOf(origin);
  const ctx = context(origin, profile, what, topology);
  const graph = readGraph(topology, "model", ctx);
  const arrays = readManifest(json, files, what);
  const isTree = arrays.some((array) => /(^|\/)vars\/\d+$/.test(array.name));
  const weights = isTree
    ? new TreeWeights({ arrays }, { ...origin, what })
    : new LegacyWeights(byFirstPart(arrays), { ...origin, what }, { byName, flat: true });
  const trainingConfig = isObject(json["modelTopology"]) ? json["modelTopology"]["training_config"] : undefined;
  return {
    graph,
    profile,
    format: "TF.js layers model",
    notes: ctx.notes,
    weights,
    optimizer: [],
    ...(trainingConfig && { trainingConfig }),
  };
}

/** Weights by the layer that their names begin with, layers in the order of their first weight. */
function byFirstPart(arrays: readonly FileArray[]): readonly LayerArrays[] {
  const layers = new Map<string, FileArray[]>();
  for (const array of arrays) {
    const name = array.name.split("/")[0]!;
    const list = layers.get(name) ?? [];
    list.push(array);
    layers.set(name, list);
  }
  return [...layers].map(([name, list]) => ({ name, arrays: list }));
}

/** The weights decide where they say a version; else the architecture. */
function architectureOrigin(json: JsonObject, file: LegacyFile | undefined): Origin {
  const said = json["keras_version"];
  const version = typeof said === "string" ? said : "";
  const backend = typeof json["backend"] === "string" ? json["backend"] : "";
  const own = eraOfVersion(version);
  if (file) {
    const era = own ?? file.origin.era;
    // Keras 1.0.4 was the first to write its version.
    const oldest = era === "keras1" ? "1.0.3" : "";
    return { era, version: version || file.origin.version || oldest, backend: backend || file.origin.backend };
  }
  if (own) return { era: own, version, backend };
  return { era: "module" in json ? "keras3" : "tf-keras", version, backend };
}
