import type { ChildLayer, Json, Layer } from "../../layers/layer.ts";
import { GraphLayer } from "../../model/graph-layer.ts";
import type { GraphSpec } from "../../model/graph-spec.ts";
import { containerOrder } from "./container-order.ts";
import { type LayerShapes, layerShapes } from "./layer-shapes.ts";

/** A weight about to be written. */
export interface WriteWeight {
  readonly name: string;
  readonly shape: readonly number[];
  data: Float32Array;
  readonly trainable: boolean;
}

/** A layer about to be written: a copy that carry-over may change. */
export interface WriteLayer {
  className: string;
  name: string;
  /** Today's keys in camelCase; inner layers are in `children`. */
  config: Record<string, Json>;
  readonly trainable: boolean;
  weights: WriteWeight[];
  readonly children: readonly { readonly path: string; readonly layer: WriteLayer }[];
  /** The inner graph of a model; its layers are the children. */
  graph?: GraphSpec;
  /** What goes in and comes out, where that is known. */
  readonly shapes?: LayerShapes;
}

/** What the model's own Keras takes where a config is silent and another Keras would take something else. */
function eraDefaults({ className, profile }: Layer): Record<string, Json> {
  if (/^(LSTM|GRU)(Cell)?$/.test(className)) {
    const gates = { recurrentActivation: profile.recurrentActivation };
    return className.startsWith("GRU") ? { ...gates, resetAfter: profile.gruResetAfter } : gates;
  }
  if (/^ConvLSTM/.test(className)) return { recurrentActivation: profile.convLstmRecurrentActivation };
  return className === "BatchNormalization" ? { epsilon: profile.batchNormEpsilon } : {};
}

/** Copies a model's layers for writing; weights are shared until they are changed. */
export function writeTree(root: GraphLayer): WriteLayer {
  return copyLayer(root, layerShapes(root));
}

function copyLayer(layer: Layer, known: ReadonlyMap<Layer, LayerShapes>): WriteLayer {
  const graph = layer instanceof GraphLayer ? layer.graph : undefined;
  const shapes = known.get(layer);
  return {
    className: layer.className,
    name: layer.name,
    config: { ...eraDefaults(layer), ...layer.config },
    trainable: layer.trainable,
    weights: layer.weights.map(({ name, shape, data, trainable }) => ({ name, shape, data, trainable })),
    children: inKerasOrder(layer.children, graph).map(({ path, layer: inner }) => ({
      path,
      layer: copyLayer(inner, known),
    })),
    ...(graph && { graph }),
    ...(shapes && { shapes }),
  };
}

/** Keras 1's Sequential models of several branches become graphs, whose layers Keras lists in an order of its own. */
function inKerasOrder(children: readonly ChildLayer[], graph: GraphSpec | undefined): readonly ChildLayer[] {
  if (graph?.className !== "Sequential" || isChain(graph)) return children;
  const order = new Map(containerOrder(graph).map((name, i) => [name, i]));
  return [...children].sort((a, b) => order.get(a.layer.name)! - order.get(b.layer.name)!);
}

/** A layer and all inside it, outer ones first. */
export function* everyLayer(layer: WriteLayer): Generator<WriteLayer> {
  yield layer;
  for (const child of layer.children) yield* everyLayer(child.layer);
}

/**
 * All weights of a layer and the layers inside it, outer ones first, with the path of names that leads to each, and
 * whether the layer that owns it is frozen.
 */
export function* everyWeight(
  layer: WriteLayer,
  path = "",
): Generator<{ path: string; weight: WriteWeight; frozen: boolean }> {
  for (const weight of layer.weights) yield { path, weight, frozen: !layer.trainable };
  for (const child of layer.children) yield* everyWeight(child.layer, `${path}${child.layer.name}/`);
}

/**
 * True if a model is a plain chain, which a Sequential config can say. A chain around a graph is written as a graph:
 * Keras 3 takes a nested graph's single output for a list, which Sequential cannot pass on.
 */
export function isChain(graph: GraphSpec): boolean {
  if (graph.className !== "Sequential" || graph.inputs.length !== 1 || graph.outputs.length !== 1) return false;
  const [first, ...rest] = graph.layers;
  const plain = graph.calls.filter((call) => call.layer !== first?.name);
  return (
    first?.className === "InputLayer" &&
    rest.every((layer) => !layer.className.startsWith("op:") && (!layer.graph || isChain(layer.graph))) &&
    plain.length === rest.length &&
    plain.every((call, i) => {
      const [arg] = call.args;
      const isNext = call.args.length === 1 && arg !== undefined && "ref" in arg && arg.ref.tensor === 0;
      return call.layer === rest[i]!.name && isNext && arg.ref.layer === graph.layers[i]!.name;
    })
  );
}

/** The direct child at a path. */
export function childAt(layer: WriteLayer, path: string): WriteLayer | undefined {
  return layer.children.find((child) => child.path === path)?.layer;
}
