/**
 * The entry for browsers, workers and edge runtimes: models from URLs, bytes, or parts.
 *
 * @module
 */
import {
  type BuildOptions,
  modelWith,
  type SequentialItem,
  type SequentialModel,
  type SequentialOptions,
  sequentialWith,
} from "../api/build-model.ts";
import { type LoadOptions, loadModelWith } from "../api/load-model.ts";
import type { Model } from "../api/model.ts";
import type { ModelSource, Platform } from "../api/source.ts";
import type { SymbolicTensor } from "../training/compose/symbolic.ts";
import { browserPlatform } from "./browser-platform.ts";

export * from "../api/index.ts";

const platform: Platform = {
  open: (from) => openUrl(typeof location === "undefined" ? String(from) : new URL(String(from), location.href).href),
  spawn,
};

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

/**
 * A chain of layers. Without an input shape its weights are drawn when the first data comes, as in Keras.
 *
 * @example
 * const net = sequential([embedding(20000, 128), lstm(128, { dropout: 0.2 }), dense(1, { activation: "sigmoid" })]);
 * net.compile({ optimizer: "adam", loss: "binary_crossentropy", metrics: ["accuracy"] });
 */
export function sequential(layers?: readonly SequentialItem[], options?: SequentialOptions): SequentialModel {
  return sequentialWith(platform, layers, options);
}

/**
 * A model from tensors: Keras' functional API.
 *
 * @example
 * const x = input({ shape: [null, 8] });
 * const net = model(x, dense(1)(lstm(32)(x)), { seed: 7 });
 */
export function model(
  inputs: SymbolicTensor | readonly SymbolicTensor[],
  outputs: SymbolicTensor | readonly SymbolicTensor[],
  options?: BuildOptions,
): Model {
  return modelWith(platform, inputs, outputs, options);
}
