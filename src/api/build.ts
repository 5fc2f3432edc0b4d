import { createEngine, type EngineOptions } from "../engine/engine.ts";
import { COMPANIONS } from "../layers/companions.ts";
import { KERAS3 } from "../layers/profile.ts";
import type { GraphLayer } from "../model/graph-layer.ts";
import { InferenceModel } from "../model/model.ts";
import {
  type DraftedGraph,
  functionalGraph,
  giveFirstWeights,
  type LayerDraft,
  type SymbolicTensor,
} from "../training/builder/index.ts";
import { buildRoot } from "./load-model.ts";
import { Model } from "./model.ts";
import { SequentialModel } from "./sequential.ts";
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
   * A new model, layer after layer. Where no layer says what the model takes, it is built from the first data.
   *
   * @param layers - More can follow with `model.add(...)`.
   * @throws {OptionError} If an option of a layer is unknown, or a name is used twice.
   * @example
   * const model = sequential([embedding(20000, 128), lstm(128), dense(1, { activation: "sigmoid" })]);
   * model.compile({ loss: "binary_crossentropy", optimizer: "adam", metrics: ["accuracy"] });
   */
  sequential(layers?: readonly (LayerDraft | SymbolicTensor)[], options?: BuildOptions): SequentialModel;
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
  const assemble = ({ graph, weights }: DraftedGraph, options: BuildOptions): InferenceModel => {
    const root: GraphLayer = buildRoot(graph, KERAS3, COMPANIONS);
    giveFirstWeights(root, { seed: options.seed ?? 0, given: weights });
    return new InferenceModel(root, createEngine(options));
  };
  const list = (value: SymbolicTensor | readonly SymbolicTensor[]): readonly SymbolicTensor[] =>
    Array.isArray(value) ? value : [value as SymbolicTensor];
  return {
    sequential: (layers = [], options = {}) => {
      const name = options.name ?? "sequential";
      return new SequentialModel(layers, name, (drafted) => assemble(drafted, options), platform, KERAS3.version);
    },
    functional: (inputs, outputs, options = {}) => {
      const drafted = functionalGraph(list(inputs), list(outputs), options.name ?? "functional");
      const origin = { format: "built here", kerasVersion: KERAS3.version, notes: drafted.notes };
      return new Model(assemble(drafted, options), origin, platform);
    },
  };
}

/** Builders of models that stay in memory. */
export const { sequential, functional } = buildersFor();
