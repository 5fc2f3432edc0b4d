import type { Json, LayerSpec } from "../../../layers/layer.ts";
import { callKey, collectRefs } from "../../../model/call-order.ts";
import type { ArgSpec, CallSpec, GraphSpec, TensorRef } from "../../../model/graph-spec.ts";

/** Layers that hand the mask of their first input on. */
const PASSES = new Set(
  `ActivityRegularization Activation AlphaDropout BatchNormalization Dense Dropout ELU GaussianDropout GaussianNoise
   GroupNormalization Highway LayerNormalization LeakyReLU ParametricSoftplus PReLU ReLU Softmax SpatialDropout1D
   SpatialDropout2D SpatialDropout3D SReLU ThresholdedReLU TimeDistributed UnitNormalization`.split(/\s+/),
);

/** Layers that do so in Keras 3 only. */
const PASSES_IN_KERAS3 = new Set(["Identity", "Normalization", "Rescaling"]);

/** True for layers that lose masks, unless they are of Keras 3. */
export function losesMaskBeforeKeras3(className: string): boolean {
  return PASSES_IN_KERAS3.has(className);
}

/** True for layers whose one output carries the mask of their first input in Keras 3, or in those before it. */
export function handsMaskOn(className: string, inKeras3: boolean): boolean {
  return PASSES.has(className) || (inKeras3 && PASSES_IN_KERAS3.has(className));
}

const RECURRENT = new Set(["LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D"]);

/** Which argument each recorded mask belongs to. */
const MASK_OF: Readonly<Record<string, number>> = { mask: 0, queryMask: 0, valueMask: 1, keyMask: 2 };

/** Where a mask comes from: a comparison of a tensor with a value. */
export interface MaskOrigin {
  readonly of: TensorRef;
  readonly value: Json;
  readonly any: boolean;
}

/**
 * Drops the mask operations that Keras 3 records in functional models where the mask that a layer derives by itself is
 * the same, and every operation node that nothing needs. Masks that a user passed stay.
 */
export function pruneMaskOps(graph: GraphSpec): GraphSpec {
  if (!graph.layers.some((layer) => layer.className.startsWith("op:"))) return graph;
  const layers = new Map(graph.layers.map((layer) => [layer.name, layer]));
  const byKey = new Map<string, CallSpec>();
  const seen = new Map<string, number>();
  for (const call of graph.calls) {
    const index = seen.get(call.layer) ?? 0;
    seen.set(call.layer, index + 1);
    byKey.set(callKey(call.layer, index), call);
  }
  const find: Finder = (ref) => {
    const call = byKey.get(callKey(ref.layer, ref.call));
    const layer = layers.get(ref.layer);
    return call && layer && { call, layer };
  };
  const calls = graph.calls.map((call) => withoutDerivedMasks(call, find));
  return withoutUnusedOps({ ...graph, calls });
}

/** Finds the call and layer that make a tensor. */
export type Finder = (ref: TensorRef) => { call: CallSpec; layer: LayerSpec } | undefined;

function withoutDerivedMasks(call: CallSpec, find: Finder): CallSpec {
  // Keras 3 loses the implicit mask of a layer that is called with states: what is recorded there is the user's.
  if (call.kwargs["initialState"]) return call;
  const kwargs = Object.entries(call.kwargs).filter(([key, arg]) => {
    const input = Object.hasOwn(MASK_OF, key) ? call.args[MASK_OF[key]!] : undefined;
    if (!input || !("ref" in input) || !("ref" in arg)) return true;
    const recorded = originOfMask(arg.ref, find);
    const derived = originOfData(input.ref, find);
    return !(recorded && derived && JSON.stringify(recorded) === JSON.stringify(derived));
  });
  return { ...call, kwargs: Object.fromEntries(kwargs) };
}

function originOfMask(ref: TensorRef, find: Finder): MaskOrigin | undefined {
  let found = find(ref);
  const any = found?.layer.className === "op:Any";
  if (any) {
    const inner = found!.call.args[0];
    found = inner && "ref" in inner ? find(inner.ref) : undefined;
  }
  if (found?.layer.className !== "op:NotEqual") return undefined;
  const [of, value] = found.call.args;
  return of && "ref" in of && value && "value" in value ? { of: of.ref, value: value.value, any } : undefined;
}

/** Where the mask that comes with a tensor starts; undefined if there is none or it has more than one source. */
export function originOfData(start: TensorRef, find: Finder): MaskOrigin | undefined {
  let ref = start;
  for (let step = 0; step < 10_000; step++) {
    const found = find(ref);
    if (!found) return undefined;
    const { layer, call } = found;
    const input = call.args[0];
    if (!input || !("ref" in input)) return undefined;
    if (layer.className === "Embedding" && layer.config["maskZero"] === true) {
      return { of: input.ref, value: 0, any: false };
    }
    if (layer.className === "Masking") return { of: input.ref, value: layer.config["maskValue"] ?? 0, any: true };
    const passes = handsMaskOn(layer.className, true) || (RECURRENT.has(layer.className) && handsOn(layer, call, ref));
    if (!passes) return undefined;
    ref = input.ref;
  }
  return undefined;
}

function handsOn(layer: LayerSpec, call: CallSpec, ref: TensorRef): boolean {
  const inner = layer.className === "Bidirectional" ? layer.config["layer"] : undefined;
  const config = isSpec(inner) ? inner.config : layer.config;
  return config["returnSequences"] === true && ref.tensor === 0 && !call.kwargs["initialState"] && !call.kwargs["mask"];
}

function isSpec(value: unknown): value is LayerSpec {
  return typeof value === "object" && value !== null && "className" in value && "config" in value;
}

function withoutUnusedOps(graph: GraphSpec): GraphSpec {
  const needed = new Set<string>();
  const byLayer = new Map<string, CallSpec[]>();
  for (const call of graph.calls) byLayer.set(call.layer, [...(byLayer.get(call.layer) ?? []), call]);
  const stack = [...graph.outputs, ...graph.inputs].map((ref) => ref.layer);
  while (stack.length > 0) {
    const name = stack.pop()!;
    if (needed.has(name)) continue;
    needed.add(name);
    for (const call of byLayer.get(name) ?? []) {
      const refs: TensorRef[] = [];
      for (const arg of [...call.args, ...Object.values(call.kwargs)] as ArgSpec[]) collectRefs(arg, refs);
      for (const ref of refs) stack.push(ref.layer);
    }
  }
  const keep = (layer: LayerSpec): boolean => needed.has(layer.name) || !layer.className.startsWith("op:");
  const layers = graph.layers.filter(keep);
  const names = new Set(layers.map((layer) => layer.name));
  return { ...graph, layers, calls: graph.calls.filter((call) => names.has(call.layer)) };
}
