/**
 * The entry for browsers, workers and edge runtimes: models from URLs, bytes, or parts.
 *
 * @module
 */
import { type LoadOptions, loadModelWith } from "../api/load-model.ts";
import type { Model } from "../api/model.ts";
import type { ModelSource } from "../api/source.ts";
import { browserPlatform } from "./browser-platform.ts";

export * from "../api/index.ts";

/**
 * Loads a model: a URL (of a file, or of a folder, ending in "/", with a `model.json`), a file's bytes, or
 * { json, weights }. What the file is, and of which Keras, is found from its content.
 *
 * @throws {FormatError} If the file cannot be fetched or is damaged.
 * @throws {WeightsError} If a weight is missing or misshapen.
 * @throws {UnsupportedLayerError} If the model uses something that rnn-wasm does not run.
 * @example
 * const model = await loadModel("/models/sentiment/");
 */
export function loadModel(source: ModelSource, options?: LoadOptions): Promise<Model> {
  return loadModelWith(browserPlatform, source, options);
}
