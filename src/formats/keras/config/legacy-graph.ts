import { FormatError } from "../../../errors.ts";
import type { Json } from "../../../layers/layer.ts";
import { isList, isObject, type JsonObject } from "../safe-json.ts";

/** A tensor as functional models of Keras 1 refer to it: [layer, call, output]. */
type Ref = readonly [string, number, number];

/**
 * The config of a `Graph`, the model of Keras 0.x and 1.0 that names its nodes, as that of a functional model of
 * Keras 1. Inputs and outputs keep the order in which they were added.
 *
 * @throws {FormatError} If it refers to a node that it does not have.
 */
export function fromLegacyGraph(name: string, config: JsonObject, what: string): JsonObject {
  const layers: JsonObject[] = [];
  const known = new Map<string, Ref>();
  const refOf = (id: Json | undefined): Ref => {
    const ref = known.get(String(id));
    if (ref) return ref;
    throw new FormatError(
      `${what}: the Graph model "${name}" refers to the node "${String(id)}", which it does not have.`,
    );
  };
  /** The one input of a node, or all of them merged by a layer of the given name. */
  const inputOf = (node: JsonObject, mergeName: string): Ref => {
    const inputs = isList(node["inputs"]) ? node["inputs"] : [];
    return inputs.length === 0 ? refOf(node["input"]) : merged(mergeName, inputs.map(refOf), node);
  };
  const merged = (mergeName: string, refs: readonly Ref[], node: JsonObject): Ref => {
    const { merge_mode: mode = "concat", concat_axis = -1, dot_axes = -1 } = node;
    const own = { name: mergeName, mode, concat_axis, dot_axes };
    layers.push({ class_name: "Merge", name: mergeName, config: own, inbound_nodes: [refs] });
    return [mergeName, 0, 0];
  };

  for (const input of entries(config["input_config"])) {
    const id = String(input["name"]);
    const { batch_input_shape: batchShape, input_shape: shape, dtype } = input;
    const own = {
      name: id,
      batch_input_shape: batchShape ?? [null, ...(isList(shape) ? shape : [])],
      dtype: dtype ?? null,
    };
    layers.push({ class_name: "InputLayer", name: id, config: own, inbound_nodes: [] });
    known.set(id, [id, 0, 0]);
  }
  const nodes = isObject(config["nodes"]) ? config["nodes"] : {};
  for (const node of entries(config["node_config"])) {
    const id = String(node["name"]);
    const shared = isObject(node["layer"]);
    const entry = shared ? node["layer"] : Object.hasOwn(nodes, id) ? nodes[id] : undefined;
    if (!isObject(entry)) throw new FormatError(`${what}: the node "${id}" of the Graph model "${name}" has no layer.`);
    const said = isObject(entry["config"]) ? entry["config"]["name"] : undefined;
    // Keras 1 renames the layer of an output to the output's name, and saves its weights so.
    const layerName = typeof said === "string" && said !== "" && said !== id ? said : shared ? `input_for_${id}` : id;
    const add = (calls: readonly Ref[]): void => {
      layers.push({ ...entry, name: layerName, inbound_nodes: calls.map((ref) => [ref]) });
    };
    if (!shared) {
      add([inputOf(node, `merge_inputs_for_${id}`)]);
      known.set(id, [layerName, 0, 0]);
      continue;
    }
    const inputs = (isList(node["inputs"]) ? node["inputs"] : []).map(refOf);
    add(inputs);
    const results = inputs.map((_, i): Ref => [layerName, i, 0]);
    const names = isList(node["outputs"]) ? node["outputs"] : [];
    names.forEach((output, i) => {
      if (results[i]) known.set(String(output), results[i]);
    });
    if (typeof node["merge_mode"] === "string") known.set(id, merged(id, results, node));
  }
  const outputs = entries(config["output_config"]).map((output) => inputOf(output, String(output["name"])));
  const inputs = entries(config["input_config"]).map((input) => refOf(input["name"]));
  return { name, layers, input_layers: inputs, output_layers: outputs };
}

function entries(list: Json | undefined): readonly JsonObject[] {
  return isList(list) ? list.filter(isObject) : [];
}
