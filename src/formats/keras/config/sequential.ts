import { FormatError } from "../../../errors.ts";
import type { Json, LayerSpec } from "../../../layers/layer.ts";
import type { ArgSpec, CallSpec, GraphSpec, TensorRef } from "../../../model/graph-spec.ts";
import { isList, isObject, type JsonObject } from "../safe-json.ts";
import { type ConfigContext, countLayers, note } from "./context.ts";
import { declaredShape } from "./eras.ts";
import { isModelEntry, readLayer } from "./layer-spec.ts";

/** A chain under construction. */
interface Chain {
  readonly layers: LayerSpec[];
  readonly calls: CallSpec[];
  readonly inputs: TensorRef[];
  readonly names: Set<string>;
}

/**
 * A Sequential model as a graph. Models that list no input layer get one, from the first layer's declared shape.
 *
 * @param buildShape - The shape that the model was built with; used if no layer declares one.
 */
export function readSequential(
  name: string,
  entries: readonly Json[],
  buildShape: readonly Json[] | undefined,
  context: ConfigContext,
): GraphSpec {
  const chain: Chain = { layers: [], calls: [], inputs: [], names: new Set() };
  let last = append(chain, entries, buildShape, name, context);
  if (!last) last = addInput(chain, `${name}_input`, buildShape, undefined);
  return {
    name,
    className: "Sequential",
    layers: chain.layers,
    calls: chain.calls,
    inputs: chain.inputs,
    outputs: [last],
  };
}

function append(
  chain: Chain,
  entries: readonly Json[],
  buildShape: readonly Json[] | undefined,
  name: string,
  context: ConfigContext,
): TensorRef | undefined {
  countLayers(context, entries.length);
  let last: TensorRef | undefined;
  entries.forEach((raw, i) => {
    if (!isObject(raw)) throw new FormatError(`${context.what}: layer ${i} of the model "${name}" is not an object.`);
    if (i === 0 && isMergeOfBranches(raw)) {
      last = appendMerge(chain, raw, name, context);
      return;
    }
    const spec = readLayer(raw, `${name}_layer_${i}`, context);
    if (spec.className === "InputLayer") {
      if (last) throw new FormatError(`${context.what}: the model "${name}" has an input layer after other layers.`);
      last = add(chain, spec, [], context);
      chain.inputs.push(last);
      return;
    }
    last ??= addInput(chain, `${spec.name}_input`, shapeOfFirst(raw) ?? buildShape, dtypeOfFirst(spec, raw));
    last = add(chain, spec, [{ ref: last }], context);
  });
  return last;
}

function add(chain: Chain, spec: LayerSpec, args: readonly ArgSpec[], context: ConfigContext): TensorRef {
  let call = 0;
  if (chain.names.has(spec.name)) {
    const known = chain.layers.find((layer) => layer.name === spec.name);
    if (known?.className !== spec.className) {
      throw new FormatError(`${context.what}: two layers are named "${spec.name}".`);
    }
    // The same layer twice: Sequential models may repeat one.
    call = chain.calls.filter((other) => other.layer === spec.name).length;
    note(context, `The layer "${spec.name}" is used ${call + 1} times in one Sequential model.`);
  } else {
    chain.names.add(spec.name);
    chain.layers.push(spec);
  }
  chain.calls.push({ layer: spec.name, args, kwargs: {} });
  return { layer: spec.name, call, tensor: 0 };
}

function addInput(chain: Chain, name: string, shape: Json | undefined, dtype: Json | undefined): TensorRef {
  // Branches of Merge layers that begin with one and the same layer have one input.
  const known = chain.inputs.find((input) => input.layer === name);
  if (known) return known;
  const config = { ...(isList(shape) && { batchShape: shape }), ...(dtype !== undefined && { dtype }) };
  chain.names.add(name);
  chain.layers.push({ className: "InputLayer", name, config, trainable: true });
  chain.calls.push({ layer: name, args: [], kwargs: {} });
  const ref = { layer: name, call: 0, tensor: 0 };
  chain.inputs.push(ref);
  return ref;
}

/** The shape of the first layer's config, or of the first layer of a nested model. */
function shapeOfFirst(raw: JsonObject): Json | undefined {
  const config = raw["config"] ?? raw;
  if (isModelEntry(raw)) {
    const layers = isList(config) ? config : isObject(config) ? config["layers"] : undefined;
    const first = isList(layers) ? layers[0] : undefined;
    return isObject(first) ? shapeOfFirst(first) : undefined;
  }
  if (!isObject(config)) return undefined;
  if (raw["class_name"] === "Embedding" && !isList(config["batch_input_shape"]) && !isList(config["batch_shape"])) {
    return [null, typeof config["input_length"] === "number" ? config["input_length"] : null];
  }
  return declaredShape(config);
}

function dtypeOfFirst(spec: LayerSpec, raw: JsonObject): Json | undefined {
  const config = raw["config"];
  const declared = isObject(config) ? (config["input_dtype"] ?? undefined) : undefined;
  if (declared !== undefined) return declared;
  return ["TextVectorization", "StringLookup"].includes(spec.className) ? "string" : undefined;
}

/** Keras 1: a first layer that merges whole models. */
function isMergeOfBranches(raw: JsonObject): boolean {
  const config = raw["config"];
  return raw["class_name"] === "Merge" && isObject(config) && isList(config["layers"]);
}

function appendMerge(chain: Chain, raw: JsonObject, name: string, context: ConfigContext): TensorRef {
  const { layers, ...config } = raw["config"] as JsonObject;
  const branches = (layers as readonly Json[]).map((branch, i) => {
    if (!isObject(branch)) throw new FormatError(`${context.what}: branch ${i} of a Merge layer is not an object.`);
    const inner = branch["config"];
    const branchName = `${name}_branch_${i}`;
    if (branch["class_name"] === "Sequential" && isList(inner)) {
      const end = append(chain, inner, undefined, branchName, { ...context, depth: context.depth + 1 });
      if (end) return end;
    }
    const spec = readLayer(branch, branchName, context);
    if (spec.className === "InputLayer") {
      const ref = add(chain, spec, [], context);
      chain.inputs.push(ref);
      return ref;
    }
    if (!spec.graph) {
      const input = addInput(chain, `${spec.name}_input`, shapeOfFirst(branch), dtypeOfFirst(spec, branch));
      return add(chain, spec, [{ ref: input }], context);
    }
    const inputs = spec.graph.inputs.map((ref) => {
      const layer = spec.graph!.layers.find((candidate) => candidate.name === ref.layer);
      return addInput(chain, `${branchName}_${ref.layer}`, layer?.config["batchShape"], layer?.config["dtype"]);
    });
    return add(
      chain,
      spec,
      inputs.map((ref) => ({ ref })),
      context,
    );
  });
  const spec = readLayer({ ...raw, config }, `${name}_merge`, context);
  return add(chain, spec, [{ list: branches.map((ref) => ({ ref })) }], context);
}
