import { FormatError, UnsupportedLayerError } from "../../../errors.ts";
import type { GraphSpec } from "../../../model/graph-spec.ts";
import { isList, isObject, type JsonObject } from "../safe-json.ts";
import type { ConfigContext } from "./context.ts";
import { readFunctional } from "./functional.ts";
import { fromLegacyGraph } from "./legacy-graph.ts";
import { readSequential } from "./sequential.ts";

/**
 * A model's config, of any era, as a graph.
 *
 * @throws {FormatError} If the config is damaged.
 * @throws {UnsupportedLayerError} If it is a subclassed model, whose graph is Python code.
 */
export function readGraph(entry: JsonObject, fallbackName: string, context: ConfigContext): GraphSpec {
  const { class_name: className, config } = entry;
  if (className === "Sequential") {
    if (isList(config)) return readSequential(fallbackName, config, undefined, context);
    if (isObject(config) && isList(config["layers"])) {
      const shape = config["build_input_shape"];
      return readSequential(
        String(config["name"] ?? fallbackName),
        config["layers"],
        isList(shape) ? shape : undefined,
        context,
      );
    }
    throw new FormatError(`${context.what}: the Sequential model "${fallbackName}" lists no layers.`);
  }
  if (className === "Graph" && isObject(config)) {
    return readFunctional(fallbackName, fromLegacyGraph(fallbackName, config, context.what), context);
  }
  if (isObject(config) && isList(config["layers"])) {
    return readFunctional(String(config["name"] ?? fallbackName), config, context);
  }
  throw new UnsupportedLayerError(
    `${context.what}: the model "${fallbackName}" of class ${String(className)} has no layers in its config. Subclassed models are Python code: rebuild it as a functional or Sequential model and save it again.`,
  );
}
