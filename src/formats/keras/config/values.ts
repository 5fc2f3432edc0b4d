import type { Json } from "../../../layers/layer.ts";
import { toCamel } from "../names.ts";
import { isList, isObject, type JsonObject } from "../safe-json.ts";

/** Classes of dtype policies, from tf.keras to Keras 3.15. */
const POLICIES = new Set(["Policy", "PolicyV1", "DTypePolicy", "FloatDTypePolicy"]);

/** A serialised object: `{class_name, config}`, with or without Keras 3's `module` and `registered_name`. */
export function isSerialised(value: unknown): value is JsonObject & { class_name: string } {
  return isObject(value) && typeof value["class_name"] === "string" && "config" in value;
}

/** The class name today's registry goes by: custom classes keep their registered name, `package>Name`. */
export function registeredName(object: JsonObject): string {
  const { registered_name: registered, class_name: name } = object;
  return typeof registered === "string" && registered.includes(">") ? registered : String(name);
}

/**
 * A config value in one form for all eras: functions are their names, dtype policies their dtype, tuples and constant
 * arrays are lists, other serialised objects `{ className, config }`, and keys are in camelCase.
 */
export function plainValue(value: Json): Json {
  if (isList(value)) return value.map(plainValue);
  if (!isObject(value)) return value;
  if (isSerialised(value)) return plainObject(value);
  if (value["class_name"] === "__tuple__" && isList(value["items"])) return value["items"].map(plainValue);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [toCamel(key), plainValue(inner)]));
}

function plainObject(value: JsonObject & { class_name: string }): Json {
  const { class_name: className, config = null } = value;
  if (className === "function" || className === "builtin_function_or_method") {
    const registered = registeredName(value);
    return registered.includes(">") ? registered : plainValue(config);
  }
  if (className === "type") return plainValue(config);
  if (POLICIES.has(className)) return isObject(config) ? (config["name"] ?? null) : null;
  if ((className === "__tensor__" || className === "__numpy__") && isObject(config)) return config["value"] ?? null;
  const plain = { className: registeredName(value), config: plainValue(config) };
  return className === "Sequential" && isOldHardSigmoid(plain.config) ? OLD_HARD_SIGMOID : plain;
}

/** clip(0.2x + 0.5), hard_sigmoid before Keras 3, as an activation's name. */
export const OLD_HARD_SIGMOID = "hard_sigmoid_02";

/** Keras 3 has it as a chain in an activation's place: its own hard_sigmoid, clip(x/6 + 0.5), of 1.2x. */
function isOldHardSigmoid(config: Json): boolean {
  const layers = isObject(config) && isList(config["layers"]) ? config["layers"].filter(isObject) : [];
  const [first, second] = layers.map((layer) => (isObject(layer["config"]) ? layer["config"] : {}));
  return (
    layers.map((layer) => layer["className"]).join() === "Rescaling,Activation" &&
    first!["scale"] === 1.2 &&
    first!["offset"] === 0 &&
    second!["activation"] === "hard_sigmoid"
  );
}
