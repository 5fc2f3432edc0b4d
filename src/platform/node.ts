/**
 * The entry for Node, Deno and Bun: everything of the browser's, and models from paths.
 *
 * @module
 */
import { type LoadOptions, loadModelWith } from "../api/load-model.ts";
import type { Model } from "../api/model.ts";
import type { ModelSource } from "../api/source.ts";
import { nodePlatform } from "./node-platform.ts";

export * from "../api/index.ts";

/**
 * Loads a model: a path (a file, or a folder with a `model.json`), a URL, a file's bytes, or { json, weights }. What
 * the file is, and of which Keras, is found from its content.
 *
 * @throws {FormatError} If the file cannot be read or is damaged.
 * @throws {WeightsError} If a weight is missing or misshapen.
 * @throws {UnsupportedLayerError} If the model uses something that rnn-wasm does not run.
 * @example
 * const model = await loadModel("model.keras");
 * const y = model.predict(x);
 */
export function loadModel(source: ModelSource, options?: LoadOptions): Promise<Model> {
  return loadModelWith(nodePlatform, source, options);
}
