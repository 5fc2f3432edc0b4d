import type { Json, LayerConfig, LayerSpec } from "../../../layers/layer.ts";
import type { GraphSpec } from "../../../model/graph-spec.ts";
import { classToPath } from "../names.ts";

const LOOKUPS: ReadonlySet<string> = new Set(["StringLookup", "IntegerLookup", "TextVectorization"]);
/** Writers of 2.14 on, and of 2.12 and 2.13. */
const CONTAINERS = ["layers", "_layer_checkpoint_dependencies"];

/** What a `.keras` file keeps for lookup layers beside the config. */
export interface LookupFiles {
  /** The text of an asset; undefined if there is none. */
  asset(path: string): string | undefined;
  /** A weight by its path; undefined if there is none. */
  weight(path: string): readonly number[] | undefined;
}

/**
 * Puts vocabularies (and idf weights) that a layer learnt into its config, where those given to it already are. Such idf
 * weights have the value of unknown tokens in front: they are one longer than the vocabulary.
 */
export function withVocabularies(graph: GraphSpec, files: LookupFiles, prefix = ""): GraphSpec {
  const counts = new Map<string, number>();
  const layers = graph.layers.map((layer) => {
    if (layer.className.startsWith("op:")) return layer;
    const key = layer.graph ? layer.graph.className.toLowerCase() : classToPath(layer.className);
    const number = counts.get(key) ?? 0;
    counts.set(key, number + 1);
    const name = number === 0 ? key : `${key}_${number}`;
    if (layer.graph) {
      for (const container of CONTAINERS) {
        const inner = withVocabularies(layer.graph, files, `${prefix}${container}/${name}/`);
        if (inner !== layer.graph) return { ...layer, graph: inner };
      }
      return layer;
    }
    return LOOKUPS.has(layer.className)
      ? fill(
          layer,
          files,
          CONTAINERS.map((container) => `${prefix}${container}/${name}`),
        )
      : layer;
  });
  return layers.some((layer, i) => layer !== graph.layers[i]) ? { ...graph, layers } : graph;
}

function fill(layer: LayerSpec, files: LookupFiles, paths: readonly string[]): LayerSpec {
  const own: Record<string, Json> = {};
  for (const path of paths) {
    const text = files.asset(`assets/${path}/vocabulary.txt`);
    if (text !== undefined && !Array.isArray(layer.config["vocabulary"])) {
      const tokens = text.split("\n");
      own["vocabulary"] = layer.className === "IntegerLookup" ? tokens.map(Number) : tokens;
    }
    const idf = files.weight(`${path}/vars/idf_weights`) ?? files.weight(`${path}/_lookup_layer/vars/idf_weights`);
    if (idf) own["idfWeights"] = idf;
  }
  if (Object.keys(own).length === 0) return layer;
  return { ...layer, config: withoutSpecialTokens(layer.className, { ...layer.config, ...own }) };
}

/** The same for a legacy `.h5`, which lists idf weights with the layers' weights: these are taken out of the list. */
export function withLegacyIdf<
  T extends { readonly name: string; readonly arrays: readonly { read(): Float32Array }[] },
>(graph: GraphSpec, weights: readonly T[]): { readonly graph: GraphSpec; readonly weights: readonly T[] } {
  const found = new Map<string, readonly number[]>();
  const lookups = new Set(graph.layers.filter((layer) => LOOKUPS.has(layer.className)).map((layer) => layer.name));
  const rest = weights.filter(({ name, arrays }) => {
    if (!lookups.has(name) || arrays.length !== 1) return true;
    found.set(name, [...arrays[0]!.read()]);
    return false;
  });
  if (found.size === 0) return { graph, weights };
  const layers = graph.layers.map((layer) => {
    const idfWeights = found.get(layer.name);
    return idfWeights ? { ...layer, config: { ...layer.config, idfWeights } } : layer;
  });
  return { graph: { ...graph, layers }, weights: rest };
}

/** Leaves mask and unknown token out of a lookup layer's vocabulary, where it begins with them. */
export function withoutSpecialTokens(className: string, config: LayerConfig): LayerConfig {
  const { vocabulary } = config;
  if (!LOOKUPS.has(className) || !Array.isArray(vocabulary)) return config;
  const isText = className === "TextVectorization";
  const mask = isText ? "" : (config["maskToken"] ?? null);
  const unknown = isText ? "[UNK]" : (config["oovToken"] ?? (className === "StringLookup" ? "[UNK]" : -1));
  const count = isText ? 1 : Number(config["numOovIndices"] ?? 1);
  const tail = new Array<Json>(count).fill(unknown);
  for (const special of [[mask, ...tail], tail]) {
    if (special.length > 0 && special.every((token, i) => vocabulary[i] === token)) {
      return { ...config, vocabulary: vocabulary.slice(special.length) };
    }
  }
  return config;
}
