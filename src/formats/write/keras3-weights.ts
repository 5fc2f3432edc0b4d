import type { Hdf5WriteGroup } from "../hdf5/write/tree.ts";
import { ensureGroup } from "../hdf5/write/tree.ts";
import { classToPath, toSnake } from "../keras/names.ts";
import { isChain, type WriteLayer, type WriteWeight } from "./write-tree.ts";

/** Layers whose weights Keras 3 keeps in their cell. */
const IN_CELL = new Set(["LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"]);

/** Weights of layers that Keras builds from other layers: how many go under which attribute. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  MultiHeadAttention: ["query", "key", "value", "output"],
  GroupedQueryAttention: ["_query", "_key", "_value", "_output"],
  GroupQueryAttention: ["_query", "_key", "_value", "_output"],
};

/**
 * A model's weights as the tree of a `model.weights.h5`. Every object has a `vars` group, empty or not: readers up to
 * Keras 3.5 demand it.
 */
export function keras3Weights(model: WriteLayer): Hdf5WriteGroup {
  const root: Hdf5WriteGroup = { children: new Map() };
  writeObject(root, "", model);
  return root;
}

function writeVars(root: Hdf5WriteGroup, path: string, weights: readonly WriteWeight[]): void {
  const vars = ensureGroup(root, `${path}/vars`);
  weights.forEach(({ shape, data }, i) => {
    vars.children.set(String(i), { shape, data });
  });
}

function writeObject(root: Hdf5WriteGroup, path: string, layer: WriteLayer): void {
  const { className } = layer;
  if (layer.graph) {
    writeVars(root, path, []);
    writeContainer(
      root,
      `${path}/layers`,
      layer.children.map((child) => child.layer),
    );
    return;
  }
  if (IN_CELL.has(className)) {
    writeVars(root, path, []);
    writeVars(root, `${path}/cell`, layer.weights);
    return;
  }
  const parts = Object.hasOwn(PARTS, className) ? PARTS[className] : undefined;
  if (parts) {
    writeVars(root, path, []);
    for (const part of parts) {
      writeVars(
        root,
        `${path}/${part}_dense`,
        layer.weights.filter((weight) => weight.name.startsWith(part.replace("_", ""))),
      );
    }
    return;
  }
  writeVars(root, path, className === "SpectralNormalization" ? withKernel(layer) : layer.weights);
  if (className === "Normalization" && layer.weights.length > 0) {
    // How many values the statistics are of; of no use after adapt.
    ensureGroup(root, `${path}/vars`).children.set("2", { shape: [], data: new Int32Array(1) });
  }
  if (className === "StackedRNNCells") {
    writeContainer(
      root,
      `${path}/cells`,
      layer.children.map((child) => child.layer),
    );
    return;
  }
  for (const child of layer.children) writeObject(root, `${path}/${toSnake(child.path)}`, child.layer);
}

/** Keras 3 lists the wrapped layer's kernel with the wrapper's own vector, too. */
function withKernel({ children, weights }: WriteLayer): readonly WriteWeight[] {
  const inner = children[0]!.layer.weights;
  return [...inner.filter(({ name }) => name === "kernel" || name === "embeddings"), ...weights];
}

/** Members of a list are named by class and counted by class. */
function writeContainer(root: Hdf5WriteGroup, path: string, layers: readonly WriteLayer[]): void {
  ensureGroup(root, path);
  const counts = new Map<string, number>();
  for (const layer of layers) {
    // Operation nodes are no layers and take no number.
    if (layer.className.startsWith("op:")) continue;
    const name = classToPath(layer.graph ? (isChain(layer.graph) ? "Sequential" : "Functional") : layer.className);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    writeObject(root, `${path}/${count === 0 ? name : `${name}_${count}`}`, layer);
  }
}
