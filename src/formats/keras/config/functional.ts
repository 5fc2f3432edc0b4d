import { FormatError } from "../../../errors.ts";
import type { Json, LayerSpec } from "../../../layers/layer.ts";
import type { CallSpec, GraphSpec, TensorRef } from "../../../model/graph-spec.ts";
import { isList, isObject, type JsonObject } from "../safe-json.ts";
import { canonicalCall } from "./canonical-call.ts";
import { type ConfigContext, countLayers } from "./context.ts";
import { readLayer } from "./layer-spec.ts";
import { pruneMaskOps } from "./mask-ops.ts";
import { withoutReplicas } from "./multi-gpu.ts";
import { type RawCall, type RawRef, readNode, readTensorList } from "./nodes.ts";
import { isOpEntry, readOp } from "./ops.ts";
import { normaliseTensorFlowOp, TENSORFLOW_OPS } from "./tensorflow-ops.ts";

/** A functional model's config, of any era, as a graph. */
export function readFunctional(name: string, config: JsonObject, context: ConfigContext): GraphSpec {
  const entries = config["layers"] as readonly Json[];
  countLayers(context, entries.length);
  const layers = new Map<string, LayerSpec>();
  const raw: { layer: string; call: RawCall }[] = [];
  const ambiguous = new Set<string>();
  for (const [i, entry] of entries.entries()) {
    if (!isObject(entry)) throw new FormatError(`${context.what}: layer ${i} of the model "${name}" is not an object.`);
    const isOp = isOpEntry(entry, context);
    const spec = isOp ? readOp(entry, `${name}_op_${i}`, context) : readLayer(entry, `${name}_layer_${i}`, context);
    const known = layers.get(spec.name);
    if (known) {
      // Keras 3.8 gives the mask of a Concatenate the layer's own name.
      if (isOp || known.className.startsWith("op:")) {
        ambiguous.add(spec.name);
        if (isOp) continue;
        for (let at = raw.length - 1; at >= 0; at--) if (raw[at]!.layer === spec.name) raw.splice(at, 1);
      } else {
        throw new FormatError(`${context.what}: the model "${name}" has two layers named "${spec.name}".`);
      }
    }
    layers.set(spec.name, spec);
    for (const call of readNodes(entry, spec, context)) raw.push({ layer: spec.name, call });
  }
  const inputs = readTensorList(config["input_layers"], context.what, name);
  const outputs = readTensorList(config["output_layers"], context.what, name);
  const resolve = resolver(layers, raw, inputs, outputs, name, context);
  const calls: CallSpec[] = [];
  for (const { layer, call } of raw) {
    const spec = layers.get(layer)!;
    const resolved = canonicalCall(spec, call, (ref) => resolve(ref, false), ambiguous);
    if (!TENSORFLOW_OPS.has(spec.className)) {
      calls.push(resolved);
      continue;
    }
    const op = normaliseTensorFlowOp(spec, resolved, context);
    layers.set(layer, op.spec);
    calls.push(op.call);
  }
  const graph: GraphSpec = {
    name,
    className: "Functional",
    layers: [...layers.values()],
    calls,
    inputs: inputs.map((ref) => resolve(ref, true)),
    outputs: outputs.map((ref) => resolve(ref, true)),
  };
  return withoutReplicas(pruneMaskOps(graph), context);
}

function readNodes(entry: JsonObject, spec: LayerSpec, context: ConfigContext): readonly RawCall[] {
  const nodes = entry["inbound_nodes"] ?? [];
  if (!isList(nodes)) {
    throw new FormatError(`${context.what}: the inbound_nodes of layer "${spec.name}" are not a list.`);
  }
  if (spec.className === "InputLayer" && nodes.length === 0) return [{ args: [], kwargs: {} }];
  return nodes.map((node) => readNode(node, spec, context));
}

/**
 * Turns [layer, node, tensor] of any era into "the n-th call in this graph". Models count their own construction as
 * node 0, so that their first call is 1 (Keras 3: in `output_layers` alone).
 */
function resolver(
  layers: ReadonlyMap<string, LayerSpec>,
  raw: readonly { layer: string; call: RawCall }[],
  inputs: readonly RawRef[],
  outputs: readonly RawRef[],
  name: string,
  context: ConfigContext,
): (ref: RawRef, boundary: boolean) => TensorRef {
  const counts = new Map<string, number>();
  for (const { layer } of raw) counts.set(layer, (counts.get(layer) ?? 0) + 1);
  const lowest = new Map<string, number>();
  const see = (ref: RawRef): void => {
    lowest.set(ref.layer, Math.min(ref.node, lowest.get(ref.layer) ?? Number.POSITIVE_INFINITY));
  };
  const keras3 = context.profile.era === "keras3";
  for (const { call } of raw) for (const ref of refsOf(call)) see(ref);
  if (!keras3) for (const ref of [...inputs, ...outputs]) see(ref);
  return (ref, boundary) => {
    const spec = layers.get(ref.layer);
    if (!spec) {
      throw new FormatError(
        `${context.what}: the model "${name}" refers to the layer "${ref.layer}", which it does not have.`,
      );
    }
    let offset = 0;
    const count = counts.get(ref.layer) ?? 0;
    if (spec.graph) {
      offset = lowest.get(ref.layer) ?? 0;
      if (keras3 && boundary) {
        offset = spec.graph.className === "Functional" || ref.node >= count ? Math.min(1, ref.node) : 0;
      }
    }
    const call = ref.node - offset;
    if (call < 0 || call >= count) {
      throw new FormatError(
        `${context.what}: the model "${name}" refers to call ${ref.node} of layer "${ref.layer}", which has ${count} calls.`,
      );
    }
    return { layer: ref.layer, call, tensor: ref.tensor };
  };
}

function refsOf(call: RawCall): RawRef[] {
  const found: RawRef[] = [];
  const stack: unknown[] = [call.args, call.kwargs];
  while (stack.length > 0) {
    const item = stack.pop();
    if (typeof item !== "object" || item === null) continue;
    if ("node" in item && "layer" in item && "tensor" in item) found.push(item as RawRef);
    else if (!("value" in item)) stack.push(...Object.values(item));
  }
  return found;
}
