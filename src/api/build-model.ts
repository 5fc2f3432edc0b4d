import { createEngine, type EngineOptions } from "../engine/engine.ts";
import { OptionError, ShapeError } from "../errors.ts";
import type { GraphLayer } from "../model/graph-layer.ts";
import type { ModelInput } from "../model/inputs.ts";
import { InferenceModel } from "../model/model.ts";
import { isTensor, type OpenShape, type Tensor, type TensorLike, toTensor } from "../tensor.ts";
import {
  buildChain,
  buildFromData,
  buildFunctional,
  input,
  layerOfGraph,
  sourceOf,
} from "../training/compose/graph.ts";
import { type BuildLayer, isBuildLayer } from "../training/compose/handle.ts";
import { autoName } from "../training/compose/names.ts";
import { SymbolicTensor } from "../training/compose/symbolic.ts";
import { freshRandom, type Random } from "../training/random.ts";
import { Model } from "./model.ts";
import type { Platform } from "./source.ts";

/** Options of models that are put together here. */
export interface BuildOptions extends EngineOptions {
  readonly name?: string;
  /** From which the weights are drawn; unless given, setRandomSeed's, or another one each time. */
  readonly seed?: number;
}

/** Options of {@link sequentialWith}. */
export interface SequentialOptions extends BuildOptions {
  /** The input's shape without the batch, unless the first layer says it or the first data shows it. */
  readonly inputShape?: OpenShape;
}

/** What a Sequential is made of: layers, models, and in front perhaps what input() gives. */
export type SequentialItem = BuildLayer | Model | SymbolicTensor;

const BUILT = { format: "built here", kerasVersion: "", notes: [] };

/**
 * A chain of layers. With a known input shape its weights are there at once; else from its first data on, or from
 * {@link SequentialModel.build}.
 */
export class SequentialModel extends Model {
  readonly #chain: Chain;

  constructor(layers: readonly SequentialItem[], options: SequentialOptions, platform?: Platform) {
    const chain = new Chain(options);
    super({ name: chain.name, make: (x) => chain.make(x) }, BUILT, platform);
    this.#chain = chain;
    for (const layer of layers) this.add(layer);
  }

  /**
   * Puts a layer behind the others.
   *
   * @throws {OptionError} If the model has been built already: it runs, and is trained, as it is.
   */
  add(layer: SequentialItem): void {
    this.#chain.add(layer);
  }

  /** Takes the last layer away. */
  pop(): void {
    this.#chain.pop();
  }

  /**
   * Draws the weights for an input of this shape.
   *
   * @param inputShape - Batch first, null for any size.
   */
  build(inputShape: OpenShape): void {
    this.#chain.declare(inputShape);
    void this.inference;
  }
}

/** The layers of a Sequential until it is built. */
class Chain {
  readonly name: string;
  readonly #options: SequentialOptions;
  readonly #random: Random;
  #layers: BuildLayer[] = [];
  #source: SymbolicTensor | undefined;
  #built = false;

  constructor(options: SequentialOptions) {
    this.#options = options;
    this.name = options.name ?? autoName("Sequential");
    this.#random = freshRandom(options.seed);
    if (options.inputShape) this.declare([null, ...options.inputShape]);
  }

  #checkOpen(): void {
    if (this.#built) {
      throw new OptionError(`The model "${this.name}" has its weights already; add all layers before it is used.`);
    }
  }

  declare(shape: OpenShape): void {
    this.#checkOpen();
    const isEmbedding = this.#layers[0]?.spec.className === "Embedding";
    this.#source = input({ batchShape: shape, dtype: isEmbedding ? "int32" : "float32" });
  }

  add(item: SequentialItem): void {
    this.#checkOpen();
    if (item instanceof SymbolicTensor) {
      if (this.#layers.length > 0) throw new OptionError("input() may only be the first of a Sequential.");
      this.#source = item;
    } else if (item instanceof Model) {
      this.#layers.push(asLayer(item));
    } else if (isBuildLayer(item)) {
      this.#layers.push(item);
    } else {
      throw new OptionError("A Sequential is made of layers such as lstm(32), models, and input().");
    }
  }

  pop(): void {
    this.#checkOpen();
    this.#layers.pop();
  }

  make(x?: ModelInput): InferenceModel {
    const root = this.#root(x);
    this.#built = true;
    return new InferenceModel(root, createEngine(this.#options));
  }

  #root(x: ModelInput | undefined): GraphLayer {
    const layers = this.#layers;
    if (layers.length === 0) throw new OptionError(`The model "${this.name}" has no layers.`);
    const source = this.#source ?? sourceOf(layers[0]);
    if (source) return buildChain(source, layers, this.#random, this.name);
    if (x === undefined) {
      throw new ShapeError(
        `The model "${this.name}" does not know its input's shape yet. Give the first layer \`inputShape\`, call model.build([null, …]), or fit or predict first.`,
      );
    }
    const { data, shape } = firstTensor(x);
    return buildFromData({ shape, isText: Array.isArray(data) }, layers, this.#random, this.name);
  }
}

function firstTensor(x: ModelInput): Tensor {
  const isRecord = typeof x === "object" && x !== null && !Array.isArray(x) && !isTensor(x);
  const value = isRecord ? Object.values(x)[0] : Array.isArray(x) && isTensor(x[0]) ? x[0] : x;
  return toTensor(value as TensorLike, "x");
}

/** A chain of layers as a model; see the entry's `sequential`. */
export function sequentialWith(
  platform: Platform | undefined,
  layers: readonly SequentialItem[] = [],
  options: SequentialOptions = {},
): SequentialModel {
  return new SequentialModel(layers, options, platform);
}

/** A graph of layers as a model; see the entry's `model`. */
export function modelWith(
  platform: Platform | undefined,
  inputs: SymbolicTensor | readonly SymbolicTensor[],
  outputs: SymbolicTensor | readonly SymbolicTensor[],
  options: BuildOptions = {},
): Model {
  const root = buildFunctional(inputs, outputs, freshRandom(options.seed), options.name);
  return new Model(new InferenceModel(root, createEngine(options)), BUILT, platform);
}

/**
 * A model as a layer of another one; the weights are shared.
 *
 * @example
 * const y = timeDistributed(asLayer(encoder))(x);
 */
export function asLayer(model: Model): BuildLayer {
  return layerOfGraph(model.inference.root);
}
