import { createEngine, type EngineOptions } from "../engine/engine.ts";
import { COMPANIONS } from "../layers/companions.ts";
import { KERAS3 } from "../layers/profile.ts";
import type { GraphLayer } from "../model/graph-layer.ts";
import type { GraphSpec } from "../model/graph-spec.ts";
import { InferenceModel } from "../model/model.ts";
import {
  functionalGraph,
  giveFirstWeights,
  type LayerDraft,
  type SymbolicTensor,
  sequentialGraph,
} from "../training/builder/index.ts";
import { buildRoot } from "./load-model.ts";
import { Model } from "./model.ts";
import type { Platform } from "./source.ts";

export { draft, input, type LayerDraft, type LayerOptions, type SymbolicTensor } from "../training/builder/draft.ts";
export * from "../training/builder/layers.ts";

/** Options of a model that is built here. */
export interface BuildOptions extends EngineOptions {
  readonly name?: string;
  /** Seed of the first weights; 0 by default. */
  readonly seed?: number;
}

/** The two ways to put a new model together. */
export interface Builders {
  /**
   * A new model, layer after layer.
   *
   * @example
   * const model = sequential([embedding(20000, 128), lstm(128), dense(1, { activation: "sigmoid" })]);
   * model.compile({ loss: "binary_crossentropy", optimizer: "adam", metrics: ["accuracy"] });
   */
  sequential(layers: readonly (LayerDraft | SymbolicTensor)[], options?: BuildOptions): Model;
  /**
   * A new model from tensors.
   *
   * @example
   * const x = input([null, 8]);
   * const model = functional(x, dense(1)(lstm(32)(x)));
   */
  functional(
    inputs: SymbolicTensor | readonly SymbolicTensor[],
    outputs: SymbolicTensor | readonly SymbolicTensor[],
    options?: BuildOptions,
  ): Model;
}

/** Builders whose models can be saved and run in workers: an entry gives its platform. */
export function buildersFor(platform?: Platform): Builders {
  const modelOf = (graph: GraphSpec, options: BuildOptions): Model => {
    const root: GraphLayer = buildRoot(graph, KERAS3, COMPANIONS);
    giveFirstWeights(root, options.seed ?? 0);
    const origin = { format: "built here", kerasVersion: KERAS3.version, notes: [] };
    return new Model(new InferenceModel(root, createEngine(options)), origin, platform);
  };
  const list = (value: SymbolicTensor | readonly SymbolicTensor[]): readonly SymbolicTensor[] =>
    Array.isArray(value) ? value : [value as SymbolicTensor];
  return {
    sequential: (layers, options = {}) => modelOf(sequentialGraph(layers, options.name ?? "sequential"), options),
    functional: (inputs, outputs, options = {}) =>
      modelOf(functionalGraph(list(inputs), list(outputs), options.name ?? "functional"), options),
  };
}

/** Builders of models that stay in memory. */
export const { sequential, functional } = buildersFor();
