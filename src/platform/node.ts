/**
 * The entry for Node, Deno and Bun: everything of the browser's, and models from paths.
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
import type { ModelSource } from "../api/source.ts";
import type { SymbolicTensor } from "../training/compose/symbolic.ts";
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
