import { FormatError } from "../../../errors.ts";
import type { Json, LayerSpec } from "../../../layers/layer.ts";
import { isList, isObject, type JsonObject } from "../safe-json.ts";
import type { ConfigContext } from "./context.ts";
import { plainValue } from "./values.ts";

/** A tensor as the file refers to it; `node` in the numbering of the file's era. */
export interface RawRef {
  readonly layer: string;
  readonly node: number;
  readonly tensor: number;
}

/** An argument before references are resolved. */
export type RawArg = RawRef | { readonly value: Json } | { readonly list: readonly RawArg[] };

/** One call before references are resolved. Keys of `kwargs` are as the file writes them. */
export interface RawCall {
  readonly args: readonly RawArg[];
  readonly kwargs: Readonly<Record<string, RawArg>>;
}

const CONSTANT = "_CONSTANT_VALUE";

/**
 * One entry of `inbound_nodes`: Keras 1's triples, Keras 2's with keyword arguments, tf.keras' nested ones, and
 * Keras 3's `{ args, kwargs }`.
 */
export function readNode(node: Json, spec: LayerSpec, context: ConfigContext): RawCall {
  if (isObject(node) && isList(node["args"])) {
    const kwargs = isObject(node["kwargs"]) ? node["kwargs"] : {};
    return { args: node["args"].map(keras3Arg), kwargs: mapValues(kwargs, keras3Arg) };
  }
  let kwargs: JsonObject = {};
  const read = (item: Json): RawArg => {
    if (isTriple(item)) {
      const [layer, at, tensor, named] = item as unknown as [string, number, Json, Json];
      if (isObject(named) && Object.keys(kwargs).length === 0) kwargs = named;
      return layer === CONSTANT ? { value: plainValue(tensor) } : { layer, node: at, tensor: tensor as number };
    }
    if (isList(item)) return { list: item.map(read) };
    if (isObject(item)) {
      return {
        list: Object.keys(item)
          .sort()
          .map((key) => read(item[key]!)),
      };
    }
    throw new FormatError(`${context.what}: layer "${spec.name}" has a damaged inbound node.`);
  };
  const single = isTriple(node);
  const first = read(node);
  const args = single ? [first] : "list" in first && first.list.length === 1 ? [first.list[0]!] : [first];
  return { args, kwargs: mapValues(kwargs, keras2Kwarg) };
}

/** `input_layers`, `output_layers`: a list of triples, one flat triple, or a dict of them (in the order of its keys). */
export function readTensorList(value: Json | undefined, what: string, name: string): readonly RawRef[] {
  const found: RawRef[] = [];
  const read = (item: Json | undefined): void => {
    if (isTriple(item)) {
      const [layer, node, tensor] = item as unknown as [string, number, number];
      found.push({ layer, node, tensor });
    } else if (isList(item)) item.forEach(read);
    else if (isObject(item) && isObject(item["config"]) && isList(item["config"]["keras_history"])) {
      read(item["config"]["keras_history"]);
    } else if (isObject(item)) for (const key of Object.keys(item).sort()) read(item[key]);
    else throw new FormatError(`${what}: the inputs or outputs of the model "${name}" are damaged.`);
  };
  read(value);
  return found;
}

function isTriple(item: Json | undefined): boolean {
  if (!isList(item) || item.length < 3 || typeof item[0] !== "string") return false;
  if (item[0] === CONSTANT) return true;
  return (
    Number.isInteger(item[1]) &&
    Number.isInteger(item[2]) &&
    (item.length === 3 || isObject(item[3]) || item[3] === null)
  );
}

function mapValues(object: JsonObject, map: (value: Json) => RawArg): Record<string, RawArg> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}

/** tf.keras puts tensors into keyword arguments as plain triples. */
function keras2Kwarg(value: Json): RawArg {
  if (isTriple(value)) {
    const [layer, node, tensor] = value as unknown as [string, number, Json];
    return layer === CONSTANT ? { value: plainValue(tensor) } : { layer, node, tensor: tensor as number };
  }
  if (isList(value)) return asList(value.map(keras2Kwarg), value);
  return { value: plainValue(value) };
}

function keras3Arg(value: Json): RawArg {
  if (isObject(value) && value["class_name"] === "__keras_tensor__" && isObject(value["config"])) {
    const history = value["config"]["keras_history"];
    if (isTriple(history)) {
      const [layer, node, tensor] = history as unknown as [string, number, number];
      return { layer, node, tensor };
    }
  }
  if (isObject(value) && value["class_name"] === "__tuple__" && isList(value["items"])) {
    return asList(value["items"].map(keras3Arg), value["items"]);
  }
  if (isList(value)) return asList(value.map(keras3Arg), value);
  if (isObject(value) && !("class_name" in value) && hasTensor(value)) {
    // A layer called with a dict takes its values in the order of the keys, as Keras flattens it.
    return {
      list: Object.keys(value)
        .sort()
        .map((key) => keras3Arg(value[key]!)),
    };
  }
  return { value: plainValue(value) };
}

function hasTensor(value: Json): boolean {
  if (isList(value)) return value.some(hasTensor);
  return isObject(value) && (value["class_name"] === "__keras_tensor__" || Object.values(value).some(hasTensor));
}

/** A list that holds no tensor is a constant. */
function asList(items: readonly RawArg[], value: readonly Json[]): RawArg {
  return items.every((item) => "value" in item) ? { value: plainValue(value) } : { list: items };
}
