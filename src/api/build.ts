import { createEngine, type EngineOptions } from "../engine/engine.ts";
import { FormatError, OptionError, UnsupportedLayerError } from "../errors.ts";
import { COMPANIONS } from "../layers/companions.ts";
import { KERAS3 } from "../layers/profile.ts";
import type { GraphLayer } from "../model/graph-layer.ts";
import { InferenceModel } from "../model/model.ts";
import {
  asDraft,
  type DraftCallOptions,
  type DraftedGraph,
  functionalGraph,
  giveFirstWeights,
  type SequentialItem,
  type SymbolicTensor,
} from "../training/builder/index.ts";
import { buildRoot } from "./build-root.ts";
import { Model } from "./model.ts";
import { SequentialModel } from "./sequential.ts";
import { type Platform, parseJson } from "./source.ts";
import { trainingOf } from "./training.ts";

export { draft, input, type LayerDraft, type LayerOptions, type SymbolicTensor } from "../training/builder/draft.ts";
export * from "../training/builder/image-layers.ts";
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
  sequential(layers?: readonly SequentialItem[], options?: BuildOptions): CallableModel<SequentialModel>;
  /** {@link sequential} as Keras spells it: `new Sequential()`, `new Sequential([...])`. */
  Sequential: new (
    layers?: readonly SequentialItem[],
    options?: BuildOptions,
  ) => CallableModel<SequentialModel>;
  /**
   * A new model from tensors. Layers and models are shared with every other model that holds them, as in Keras.
   *
   * @example
   * const x = input([null, 8]);
   * const model = functional(x, dense(1)(lstm(32)(x)));
   */
  functional(inputs: Tensors, outputs: Tensors, options?: BuildOptions): CallableModel;
  functional(ends: NamedEnds): CallableModel;
  /** {@link functional} as Keras spells it: `new Model({ inputs, outputs })`, `new Model(inputs, outputs)`. */
  Model: {
    new (inputs: Tensors, outputs: Tensors, options?: BuildOptions): CallableModel;
    new (ends: NamedEnds): CallableModel;
  };
  /**
   * A new model with fresh weights from an architecture: what Keras' `model.to_json()` gives, parsed or as text.
   *
   * @throws {FormatError} If it is no architecture, or does not say the shape of its input.
   * @example
   * const model = await modelFromJson(await readFile("architecture.json", "utf8"), { seed: 1 });
   */
  modelFromJson(architecture: string | object, options?: BuildOptions): Promise<Model>;
}

/** Where there are neither files nor workers. */
const NO_PLATFORM: Platform = {
  open: () =>
    Promise.reject(
      new OptionError(
        'A file cannot be opened from here: import from "rnn-wasm/training", or load the model from its bytes.',
      ),
    ),
  spawn: () => {
    throw new UnsupportedLayerError(
      'Workers cannot be had here: build the model with what "rnn-wasm/training" exports.',
    );
  },
};

type Tensors = SymbolicTensor | readonly SymbolicTensor[];

/** Inputs and outputs by name, as Keras' `Model` takes them. */
export interface NamedEnds extends BuildOptions {
  readonly inputs: Tensors;
  readonly outputs: Tensors;
}

const isNamed = (value: Tensors | NamedEnds): value is NamedEnds => "inputs" in value;

const list = (value: Tensors): readonly SymbolicTensor[] => (Array.isArray(value) ? value : [value as SymbolicTensor]);

/** A model as a function: called with tensors it is a layer of another model. */
export type CallableModel<M extends Model = Model> = M & LayerCall;
type LayerCall = (inputs: Tensors, options?: DraftCallOptions) => SymbolicTensor & Iterable<SymbolicTensor>;

/** A function that becomes a model; newer engines show its name in traces: `model.predict`. */
function layerCall(): LayerCall {
  const model: LayerCall = (inputs, options) => asDraft(model as CallableModel)(inputs, options);
  // They would hide the model's own.
  for (const key of ["name", "length"]) Reflect.deleteProperty(model, key);
  return model;
}

/** Builders whose models can be saved and run in workers: an entry gives its platform. */
export function buildersFor(host?: Platform): Builders {
  const platform: Platform = {
    ...(host ?? NO_PLATFORM),
    train: (model, options) => trainingOf(model, options, host),
  };
  const assemble = ({ graph, weights, drafts }: DraftedGraph, options: BuildOptions): InferenceModel => {
    const known = new Map(drafts.flatMap(([spec, { built }]) => (built ? [[spec, built] as const] : [])));
    const root: GraphLayer = buildRoot(graph, KERAS3, COMPANIONS, known);
    for (const [{ name }, made] of drafts) made.built ??= root.layer(name);
    giveFirstWeights(root, { seed: options.seed ?? 0, given: weights });
    return new InferenceModel(root, createEngine(options));
  };
  const { Sequential } = {
    // Named by its key: bundlers rename a class that is named as another in the module, and traces would show that.
    Sequential: class extends SequentialModel {
      constructor(layers: readonly SequentialItem[] = [], options: BuildOptions = {}) {
        const name = options.name ?? "sequential";
        super(layers, name, (drafted) => assemble(drafted, options), platform, KERAS3.version, layerCall());
      }
    },
  };
  const functional = (given: Tensors | NamedEnds, outputs?: Tensors, options: BuildOptions = {}): CallableModel => {
    const { inputs, outputs: ends, ...more } = isNamed(given) ? given : { inputs: given, outputs: outputs! };
    const settings = { ...options, ...more };
    const drafted = functionalGraph(list(inputs), list(ends), settings.name ?? "functional");
    const origin = { format: "built here", kerasVersion: KERAS3.version, notes: drafted.notes };
    return new Model(assemble(drafted, settings), origin, platform, layerCall()) as CallableModel;
  };
  // What `new` makes is what the function returns.
  function ModelOf(...given: Parameters<typeof functional>): CallableModel {
    return functional(...given);
  }
  return {
    Model: ModelOf as unknown as Builders["Model"],
    functional,
    Sequential: Sequential as unknown as Builders["Sequential"],
    sequential: (layers, options) => new Sequential(layers, options) as CallableModel<SequentialModel>,
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
