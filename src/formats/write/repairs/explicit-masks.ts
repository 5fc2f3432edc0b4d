import type { Json, LayerSpec } from "../../../layers/layer.ts";
import { callKey } from "../../../model/call-order.ts";
import type { ArgSpec, CallSpec, GraphSpec, TensorRef } from "../../../model/graph-spec.ts";
import { type Finder, losesMaskBeforeKeras3, type MaskOrigin, originOfData } from "../../keras/config/mask-ops.ts";
import type { WriteLayer } from "../write-tree.ts";
import type { Refusal } from "./carry-over.ts";
import { tensorsOf } from "./graph-edit.ts";
import { makesMask } from "./keras3-repairs.ts";

/**
 * Wires the mask of every recurrent layer that is called with initial states: Keras 3 loses the one that comes with the
 * input there. The mask is computed once more, by operation nodes, from where it came.
 */
export function wireMasks(model: WriteLayer, refuse: Refusal): void {
  for (const child of model.children) if (child.layer.graph) wireMasks(child.layer, refuse);
  const graph = model.graph;
  if (!graph?.calls.some((call) => call.kwargs["initialState"] && !call.kwargs["mask"])) return;
  const find = finder(graph);
  const made = new Map<string, TensorRef>();
  const added: { layer: LayerSpec; call: CallSpec }[] = [];
  const add = (op: string, config: LayerSpec["config"], args: readonly ArgSpec[]): TensorRef => {
    const taken = new Set([...graph.layers, ...added.map((item) => item.layer)].map((layer) => layer.name));
    let name = "wired_mask";
    for (let n = 1; taken.has(name); n++) name = `wired_mask_${n}`;
    added.push({
      layer: { className: `op:${op}`, name, config, trainable: true },
      call: { layer: name, args, kwargs: {} },
    });
    return { layer: name, call: 0, tensor: 0 };
  };
  const maskOf = (origin: MaskOrigin): TensorRef => {
    const key = JSON.stringify(origin);
    const known = made.get(key);
    if (known) return known;
    const differs = add("NotEqual", {}, [{ ref: origin.of }, { value: origin.value }]);
    const mask = origin.any ? add("Any", { axis: -1, keepdims: false }, [{ ref: differs }]) : differs;
    made.set(key, mask);
    return mask;
  };
  const anyMask = graph.layers.some((layer) => makesMask(layer.className, layer.config as Record<string, Json>));
  const calls = graph.calls.map((call): CallSpec => {
    const input = call.args[0];
    if (!call.kwargs["initialState"] || call.kwargs["mask"] || !input || !("ref" in input)) return call;
    const origin = originOfData(input.ref, find);
    if (origin) return { ...call, kwargs: { ...call.kwargs, mask: { ref: maskOf(origin) } } };
    if (anyMask && mayBeMasked(input.ref, find)) {
      const layer = model.children.find((child) => child.layer.name === call.layer)!.layer;
      refuse(
        layer,
        "Keras 3 loses the mask of a layer that is called with states, and where it comes from cannot be told",
      );
    }
    return call;
  });
  if (added.length === 0) return;
  const ops = added.map(({ layer }) => ({
    path: layer.name,
    layer: { ...layer, config: { ...layer.config }, weights: [], children: [] } as WriteLayer,
  }));
  (model.children as { path: string; layer: WriteLayer }[]).push(...ops);
  model.graph = {
    ...graph,
    layers: [...graph.layers, ...added.map((item) => item.layer)],
    calls: [...calls, ...added.map((item) => item.call)],
  };
}

/**
 * Merging layers whose inputs carry one and the same mask, or none: it does not matter how the target's Keras joins
 * masks there.
 */
export function mergesOfOneMask(graph: GraphSpec): ReadonlySet<string> {
  const find = finder(graph);
  const found = new Set<string>();
  for (const layer of graph.layers) {
    const calls = graph.calls.filter((call) => call.layer === layer.name);
    const harmless = calls.every((call) => {
      const refs = call.args
        .flatMap((arg) => ("list" in arg ? arg.list : [arg]))
        .flatMap((arg) => ("ref" in arg ? [arg.ref] : []));
      if (!refs.some((ref) => mayBeMasked(ref, find))) return true;
      const origins = refs.map((ref) => originOfData(ref, find));
      return origins.every((origin) => origin && JSON.stringify(origin) === JSON.stringify(origins[0]));
    });
    if (harmless && calls.length > 0) found.add(layer.name);
  }
  return found;
}

/** Layers of a graph that a mask may reach with any of their inputs. */
export function maskedLayers(graph: GraphSpec): ReadonlySet<string> {
  const find = finder(graph);
  const reached = graph.calls.filter((call) => tensorsOf(call.args).some((ref) => mayBeMasked(ref, find)));
  return new Set(reached.map((call) => call.layer));
}

/**
 * Refuses recurrent layers whose mask Keras 3 loses beside initial states, for targets that would keep it.
 */
export function refuseLostMasks(model: WriteLayer, refuse: Refusal): void {
  for (const child of model.children) if (child.layer.graph) refuseLostMasks(child.layer, refuse);
  const { graph } = model;
  if (!graph) return;
  const find = finder(graph);
  for (const call of graph.calls) {
    const input = call.args[0];
    if (!call.kwargs["initialState"] || call.kwargs["mask"] || !input || !("ref" in input)) continue;
    if (!mayBeMasked(input.ref, find)) continue;
    const layer = model.children.find((child) => child.layer.name === call.layer)!.layer;
    refuse(layer, "Keras 3 loses the mask of a layer that is called with states, and the target would use it");
  }
}

/** Tells of a call's first input whether a mask may come with it. */
export function masksReach(graph: GraphSpec): (call: CallSpec) => boolean {
  const find = finder(graph);
  return ({ args: [input] }) => input !== undefined && "ref" in input && mayBeMasked(input.ref, find);
}

function finder(graph: GraphSpec): Finder {
  const layers = new Map(graph.layers.map((layer) => [layer.name, layer]));
  const counts = new Map<string, number>();
  const calls = new Map<string, CallSpec>();
  for (const call of graph.calls) {
    const index = counts.get(call.layer) ?? 0;
    counts.set(call.layer, index + 1);
    calls.set(callKey(call.layer, index), call);
  }
  return (ref) => {
    const call = calls.get(callKey(ref.layer, ref.call));
    const layer = layers.get(ref.layer);
    return call && layer && { call, layer };
  };
}

/** Layers behind which no mask comes. */
const STOPS = new Set([
  "InputLayer",
  "Flatten",
  "Reshape",
  "Permute",
  "RepeatVector",
  "Conv1D",
  "EinsumDense",
  "MaxPooling1D",
  "AveragePooling1D",
  "Embedding",
]);

function mayBeMasked(start: TensorRef, find: Finder): boolean {
  for (const { className, config, graph } of carriers(start, find)) {
    if (graph || makesMask(className, config as Record<string, Json>)) return true;
  }
  return false;
}

/** The layers that a tensor's mask may come through, from the one that made the tensor back. */
function* carriers(start: TensorRef, find: Finder): Generator<LayerSpec> {
  const open = [start];
  const seen = new Set<string>();
  while (open.length > 0) {
    const ref = open.pop()!;
    const key = callKey(ref.layer, ref.call);
    const found = find(ref);
    if (seen.has(key) || !found) continue;
    seen.add(key);
    yield found.layer;
    if (STOPS.has(found.layer.className) || found.layer.config["returnSequences"] === false) continue;
    open.push(...tensorsOf(found.call.args));
  }
}

const MERGES = /^(Add|Subtract|Multiply|Average|Maximum|Minimum|Concatenate)$/;
const USERS = /^(LSTM|GRU|SimpleRNN|RNN|Bidirectional|ConvLSTM\dD|TimeDistributed|GlobalAveragePooling1D)$|Attention$/;

/**
 * Merging layers whose treatment of masks can be seen in what a model puts out, so that it must not be left to Keras 3,
 * which has changed it: until 3.3 their masks are lost, and from 3.4 on some of them compute otherwise at masked steps.
 */
export function mergesThatMatter(graph: GraphSpec): ReadonlySet<string> {
  const reached = maskedLayers(graph);
  const own = graph.layers.filter(
    ({ className, name }) => /^M/.test(className) && MERGES.test(className) && reached.has(name),
  );
  return new Set([...own.map(({ name }) => name), ...seenThrough(graph, (className) => MERGES.test(className))]);
}

/** Layers at whose inputs a mask is lost before Keras 3 and handed on from there, where that can be seen. */
export function losersThatMatter(graph: GraphSpec): ReadonlySet<string> {
  return seenThrough(graph, losesMaskBeforeKeras3);
}

/** Layers of such classes that a mask reaches, and whose own mask a later layer would use. */
function seenThrough(graph: GraphSpec, isWanted: (className: string) => boolean): ReadonlySet<string> {
  const find = finder(graph);
  const classes = new Map(graph.layers.map((layer) => [layer.name, layer]));
  const reached = maskedLayers(graph);
  const found = new Set<string>();
  for (const call of graph.calls) {
    const layer = classes.get(call.layer)!;
    if (call.kwargs["mask"] || !(layer.graph || USERS.test(layer.className))) continue;
    for (const ref of tensorsOf(call.args)) {
      for (const { name, className } of carriers(ref, find)) {
        if (isWanted(className) && reached.has(name)) found.add(name);
      }
    }
  }
  return found;
}
