import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildRoot } from "../../src/api/build-root.ts";
import { eraOfVersion } from "../../src/formats/keras/profile-of.ts";
import { TreeWeights } from "../../src/formats/keras/weights/tree.ts";
import { readArchitecture } from "../../src/formats/read-model.ts";
import { COMPANIONS } from "../../src/layers/companions.ts";
import type { GraphLayer } from "../../src/model/graph-layer.ts";
import { decodeTensor, type GoldenTensor } from "./goldens.ts";

/** A small model as the scripts in test/keras write it: an architecture and its weights by path. */
export interface LayerCase {
  readonly name: string;
  readonly architecture: { readonly keras_version: string };
  readonly weights: Readonly<Record<string, GoldenTensor>>;
}

/** The cases of a file in test/keras, one a line. */
export function casesIn<T extends LayerCase>(file: string): readonly T[] {
  const lines = readFileSync(join(import.meta.dirname, "../keras", file), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => JSON.parse(line));
}

/** The model of a case. */
export function rootOf({ name, architecture, weights }: LayerCase): GraphLayer {
  const { graph, profile } = readArchitecture(architecture, name);
  const root = buildRoot(graph, profile, COMPANIONS);
  const arrays = Object.entries(weights).map(([path, tensor]) => {
    const { data, shape } = decodeTensor(tensor);
    return { name: path, shape, read: () => data as Float32Array };
  });
  const version = architecture.keras_version;
  const origin = { era: eraOfVersion(version)!, version, backend: "", what: name };
  new TreeWeights({ arrays }, origin).assign(root);
  return root;
}
