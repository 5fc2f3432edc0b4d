import { OptionError } from "../../errors.ts";
import type { Layer } from "../../layers/layer.ts";
import type { Profile } from "../../layers/profile.ts";
import type { GraphLayer } from "../../model/graph-layer.ts";
import { inputSpecs } from "../../model/inputs.ts";
import { callInputs, type Reached } from "../../model/open-shapes.ts";
import type { Hdf5WriteGroup } from "../hdf5/write/tree.ts";
import { ensureGroup } from "../hdf5/write/tree.ts";
import { writeHdf5 } from "../hdf5/write/write.ts";
import { keras1Model } from "./keras1-config.ts";
import { type Keras1Backend, keras1Arrays } from "./keras1-weights.ts";
import { cannotSay } from "./keras1-words.ts";
import { carryOver, KERAS1_RULES, type Refusal } from "./repairs/carry-over.ts";
import { childAt, type WriteLayer, writeTree } from "./write-tree.ts";

const VERSION = "1.2.2";
/** Attributes above this cannot be of fixed length. */
const FIXED_LIMIT = 64000;

/**
 * Writes a model as a `.h5` of Keras 1.2, which Keras from 1.0.7 on loads.
 *
 * @param backend - Whose convolutions the kernels are for. By default that of the model's own Keras.
 * @throws {UnsupportedLayerError} For what Keras 1 has no words for, and, unless `refuse` notes it, other numbers.
 */
export function keras1H5(root: GraphLayer, refuse: Refusal, backend = ownBackend(root.profile)): Uint8Array {
  if (backend !== "theano" && backend !== "tensorflow") {
    throw new OptionError(`The backend must be "theano" or "tensorflow"; got ${JSON.stringify(backend)}.`);
  }
  const tree = writeTree(root);
  const reached = new Map<WriteLayer, Reached>();
  pair(root, tree, callInputs(root, inputSpecs(root.graph)), reached);
  for (const layer of reached.keys()) unwrapCell(layer);
  carryOver(tree, root.profile, KERAS1_RULES[backend], refuse);
  const { timeDistributedGivesMask } = root.profile;
  const json = JSON.stringify(keras1Model(tree, { reached, timeDistributedGivesMask, refuse }));
  return writeHdf5({
    // Keras 1 decodes bytes, which new h5py gives for text of fixed length alone.
    attributes: {
      keras_version: VERSION,
      model_config: json.length < FIXED_LIMIT ? json : { kind: "vlen", value: json },
    },
    children: new Map([["model_weights", weightGroups(tree, backend)]]),
  });
}

function ownBackend({ padding }: Profile): Keras1Backend {
  return padding;
}

/** Carries over what is known of layers to their copies. */
function pair(
  layer: Layer,
  copy: WriteLayer,
  known: ReadonlyMap<Layer, Reached>,
  into: Map<WriteLayer, Reached>,
): void {
  const found = known.get(layer);
  if (found) into.set(copy, found);
  for (const { path, layer: inner } of layer.children) pair(inner, childAt(copy, path)!, known, into);
}

/** RNN(LSTMCell) is an LSTM. */
function unwrapCell(layer: WriteLayer): void {
  const cell = layer.children[0]?.layer;
  if (layer.className !== "RNN" || !cell || !/^(LSTM|GRU|SimpleRNN)Cell$/.test(cell.className)) return;
  const { cell: _, ...config } = layer.config;
  Object.assign(layer, {
    className: cell.className.slice(0, -"Cell".length),
    config: { ...cell.config, ...config },
    weights: cell.weights,
    children: [],
  });
}

/** A weight about to be written, with the layer that it belongs to. */
interface Named {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly counts: boolean;
}

/** All weights of a layer in the order in which Keras 1 lists them: what is trained first. */
function arraysOf(layer: WriteLayer, backend: Keras1Backend): readonly Named[] {
  const own = (inner: WriteLayer): readonly Named[] => [
    ...keras1Arrays(inner, backend).map(({ name, shape, data, trainable }) => ({
      name: `${inner.name}_${name}`,
      shape,
      data,
      counts: trainable && inner.trainable,
    })),
    ...inner.children.flatMap((child) => own(child.layer)),
  ];
  const all = own(layer);
  return [...all.filter((array) => array.counts), ...all.filter((array) => !array.counts)];
}

/** Keras 1 does not know lists of names in parts. */
function checkNames(model: WriteLayer, layers: readonly WriteLayer[]): void {
  const longest = layers.reduce((most, layer) => Math.max(most, new TextEncoder().encode(layer.name).length), 0);
  if (longest * layers.length < FIXED_LIMIT) return;
  cannotSay(
    model,
    `keeps the names of all layers in 64 KB; ${layers.length} layers of up to ${longest} bytes do not fit`,
  );
}

/** Layers with their weights; TensorFlow's names end in ":0", which is how readers tell the backends apart. */
function weightGroups(model: WriteLayer, backend: Keras1Backend): Hdf5WriteGroup {
  const layers = model.children.map((child) => child.layer);
  const listed = layers.filter((layer) => layer.className !== "InputLayer");
  checkNames(model, listed);
  const root: Hdf5WriteGroup = {
    attributes: { layer_names: listed.map((layer) => layer.name) },
    children: new Map(),
  };
  const suffix = backend === "tensorflow" ? ":0" : "";
  for (const layer of listed) {
    const group = ensureGroup(root, layer.name);
    const used = new Set<string>();
    const names = arraysOf(layer, backend).map(({ name, shape, data }) => {
      let unique = `${name}${suffix}`;
      for (let n = 1; used.has(unique); n++) unique = `${name}_${n}${suffix}`;
      used.add(unique);
      const cut = unique.lastIndexOf("/");
      ensureGroup(group, unique.slice(0, Math.max(0, cut))).children.set(unique.slice(cut + 1), { shape, data });
      return unique;
    });
    group.attributes = { weight_names: names };
  }
  return root;
}
