import { createEngine, type EngineOptions } from "../engine/engine.ts";
import { FormatError } from "../errors.ts";
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
import { buildRoot } from "./build-root.ts";
import { Model } from "./model.ts";
import { SequentialModel } from "./sequential.ts";
import { type Platform, parseJson } from "./source.ts";

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
  /** {@link sequential} as Keras spells it: `new Sequential()`, `new Sequential([...])`. */
  Sequential: new (
    layers?: readonly (LayerDraft | SymbolicTensor)[],
    options?: BuildOptions,
  ) => SequentialModel;
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
  /**
   * A new model with fresh weights from an architecture: what Keras' `model.to_json()` gives, parsed or as text.
   *
   * @throws {FormatError} If it is no architecture, or does not say the shape of its input.
   * @example
   * const model = await modelFromJson(await readFile("architecture.json", "utf8"), { seed: 1 });
   */
  modelFromJson(architecture: string | object, options?: BuildOptions): Promise<Model>;
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
  class Sequential extends SequentialModel {
    constructor(layers: readonly (LayerDraft | SymbolicTensor)[] = [], options: BuildOptions = {}) {
      const name = options.name ?? "sequential";
      super(layers, name, (drafted) => assemble(drafted, options), platform, KERAS3.version);
    }
  }
  return {
    Sequential,
    sequential: (layers, options) => new Sequential(layers, options),
    functional: (inputs, outputs, options = {}) => {
      const drafted = functionalGraph(list(inputs), list(outputs), options.name ?? "functional");
      const origin = { format: "built here", kerasVersion: KERAS3.version, notes: drafted.notes };
      return new Model(assemble(drafted, options), origin, platform);
    },
    modelFromJson: async (architecture, options = {}) => {
      const { readArchitecture } = await import("../formats/read-model.ts");
      const json = typeof architecture === "string" ? parseJson(architecture, "the architecture") : architecture;
      const { graph, profile, origin } = readArchitecture(json, "the architecture");
      const root = buildRoot(graph, profile, COMPANIONS);
      const open = root.graph.inputs.find(({ layer }) => !Array.isArray(root.layer(layer)?.config["batchShape"]));
      if (open || root.graph.inputs.length === 0) {
        throw new FormatError(
          "The architecture does not say the shape of its input: give its first layer a batch_shape, or build the model in Keras before to_json().",
        );
      }
      giveFirstWeights(root, { seed: options.seed ?? 0 });
      const inference = new InferenceModel(root, createEngine(options));
      return new Model(inference, { ...origin, format: "architecture" }, platform);
    },
  };
}

/** Builders of models that stay in memory. */
export const { sequential, Sequential, functional, modelFromJson } = buildersFor();
