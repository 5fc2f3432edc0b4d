import { ShapeError, WeightsError } from "../errors.ts";
import type { Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { formatShape, type OpenShape, type Shape, sizeOf } from "../tensor.ts";
import type { Profile } from "./profile.ts";
import { type Quantized, type QuantizedAxis, QuantizedWeight } from "./quantized.ts";

/** JSON as configs hold it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * A layer's config: today's Keras keys in camelCase (`returnSequences`), whatever the file's era called them, with the
 * defaults of that era filled in. Names of functions (activations) are strings as Keras writes them; initialisers,
 * regularisers and constraints are strings, null or `{ className, config }`. Inner layers and cells are LayerSpec
 * objects in turn, under `layer`, `backwardLayer`, `cell` (a list of cells is `cells`), nested models among them with
 * their `graph`. `name` and `trainable` are not here but in the LayerSpec.
 */
export type LayerConfig = { readonly [key: string]: Json };

/** What a layer is made from. */
export interface LayerSpec {
  /** Keras' class name, today's spelling: "LSTM", "Bidirectional", "Functional"; "op:Add" for operation nodes. */
  readonly className: string;
  readonly name: string;
  readonly config: LayerConfig;
  readonly trainable: boolean;
  /** The inner graph of a nested model. */
  readonly graph?: import("../model/graph-spec.ts").GraphSpec;
}

/** What layers need to be made. */
export interface BuildContext {
  readonly profile: Profile;
  /** Makes an inner layer or cell. */
  create(spec: LayerSpec): Layer;
}

/** One array of a layer's weights, in Keras' layout: a kernel is [inputs, outputs]. */
export interface Weight {
  /** Keras' name in camelCase: kernel, recurrentKernel, bias, embeddings, gamma … */
  readonly name: string;
  readonly shape: Shape;
  /** Replaced, never written into, when the layer gets new values: whoever packs it reads it at that time. */
  data: Float32Array;
  /** False for statistics such as moving averages. */
  readonly trainable: boolean;
  /** Present if the weight is kept as int8; `data` is then what that stands for. */
  readonly quantized?: Quantized;
  /** Present if the weight is a table that may still be in its file: one row of it, until the next is asked for. */
  row?(index: number): Float32Array;
}

/** A weight's value as a file brings it. */
export interface WeightArray {
  readonly data: Float32Array;
  readonly shape: Shape;
  /** If present, `data` is not looked at. */
  readonly quantized?: Quantized | undefined;
  /** Present if `data` is memory yet to be filled: makes the weight that fills it. */
  readonly late?: (spec: Pick<Weight, "name" | "shape" | "trainable">) => Weight;
}

/** A weight that a layer wants; null sizes are taken from the file. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: OpenShape;
  readonly trainable: boolean;
  /** Present if the layer computes with int8 where the weight is kept so: what shares a scale. */
  readonly quantize?: QuantizedAxis;
}

/** An inner layer, by the attribute that Keras keeps it under: "cell", "forwardLayer", "layer" … */
export interface ChildLayer {
  readonly path: string;
  readonly layer: Layer;
}

/** Who has copies of a layer's weights: kernels, a trainer. */
export interface WeightKeeper {
  /** Brings the layers' weights up to date, before one is read or replaced from outside. */
  bring(): void;
  /** A layer has got other weights. */
  changed(): void;
  /** Keepers of other models that have a layer in common with this one. */
  readonly others: Set<WeightKeeper>;
}

/** Everything that a call of a layer says beside its inputs. */
export interface LayerCall {
  /** Initial states of a recurrent layer, in Keras' order. */
  readonly initialState?: readonly Value[];
  /** Constants of a recurrent layer. */
  readonly constants?: readonly Value[];
  /** An explicit mask; undefined means the one that comes with the input, null none. */
  readonly mask?: Value | readonly (Value | null)[] | null;
  /** Other keyword arguments: constants of operation nodes, `useCausalMask` … Tensors among them are Values. */
  readonly kwargs?: Readonly<Record<string, CallArgument>>;
  /** All positional arguments as written, for operation nodes. `inputs` are the Values among them, in order. */
  readonly args?: readonly CallArgument[];
}

/** An argument of an operation node: a tensor or a constant, possibly nested. */
export type CallArgument = Json | Value | readonly CallArgument[] | { readonly [key: string]: CallArgument };

/**
 * A layer: its config resolved to plain fields, its weights, and how it turns input values into output values.
 *
 * A layer is made once when a model is loaded and planned once for every set of input shapes.
 */
export abstract class Layer {
  readonly className: string;
  readonly name: string;
  readonly config: LayerConfig;
  readonly profile: Profile;
  /** Keras' flag: a layer that is frozen keeps its weights in training. Takes effect with the next `compile`. */
  trainable: boolean;
  /** Of the models that the layer belongs to. */
  keepers: readonly WeightKeeper[] = [];
  #weights: readonly Weight[] | undefined;

  constructor(spec: LayerSpec, context: BuildContext) {
    this.className = spec.className;
    this.name = spec.name;
    this.config = spec.config;
    this.trainable = spec.trainable;
    this.profile = context.profile;
  }

  /**
   * The weights that the layer itself holds, in Keras' order (trainable first); none by default.
   *
   * @param inputShapes - Known when a model is built here; undefined when a file brings the sizes.
   */
  weightSpecs(_inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    return [];
  }

  /** Inner layers, in Keras' order. */
  get children(): readonly ChildLayer[] {
    return [];
  }

  /** True if an output row depends on other rows of the batch (batch statistics): such a model's batch is never cut. */
  get mixesRows(): boolean {
    return false;
  }

  /** True if its inputs have no masks any more for layers that are called after it. */
  get takesMasks(): boolean {
    return false;
  }

  /** Appends the layer's kernel calls to the plan and returns its outputs. */
  abstract plan(p: Planner, inputs: readonly Value[], call: LayerCall): readonly Value[];

  /** The layer's own weights. Empty if it has none. */
  get weights(): readonly Weight[] {
    return this.#weights ?? [];
  }

  /** True if the layer's own weights are there, or it needs none. */
  get hasWeights(): boolean {
    return this.#weights !== undefined || this.weightSpecs().length === 0;
  }

  /** Copies of the layer's own weights, in Keras' order and layout. */
  getWeights(): { data: Float32Array; shape: Shape }[] {
    for (const keeper of this.keepers) keeper.bring();
    return this.weights.map(({ data, shape }) => ({ data: data.slice(), shape }));
  }

  /** A weight by name; undefined if this layer has none of that name (no bias, say). */
  weight(name: string): Weight | undefined {
    return this.weights.find((weight) => weight.name === name);
  }

  /** A weight that must be there. */
  needWeight(name: string): Weight {
    const found = this.weight(name);
    if (!found) throw new WeightsError(`${this}: the weight ${name} is missing. The file holds no value for it.`);
    return found;
  }

  /**
   * Sets the layer's own weights, in the order of {@link weightSpecs}.
   *
   * @throws {WeightsError} If their number or a shape is wrong; nothing is changed then.
   */
  setWeights(arrays: readonly WeightArray[]): void {
    const specs = this.weightSpecs();
    const version = this.profile.version ? ` (Keras ${this.profile.version})` : "";
    if (arrays.length !== specs.length) {
      const wanted = specs.map((spec) => `${spec.name} ${formatShape(spec.shape)}`).join(", ") || "none";
      const got = arrays.map((array) => formatShape(array.shape)).join(", ") || "none";
      throw new WeightsError(
        `${this}: expected ${specs.length} weights (${wanted}); got ${arrays.length} (${got})${version}.`,
      );
    }
    for (const keeper of this.keepers) keeper.bring();
    const old = this.#weights;
    const fresh = specs.map((spec, i): Weight => {
      const array = arrays[i]!;
      const { shape, quantized } = array;
      // Where the config leaves a size open the first weights settle it.
      const wanted: OpenShape = old?.[i]?.shape ?? spec.shape;
      const fits = shape.length === wanted.length && wanted.every((n, axis) => n === null || n === shape[axis]);
      if (!fits || (quantized?.values ?? array.data).length !== sizeOf(shape)) {
        throw new WeightsError(
          `${this}: the weight ${spec.name} must have the shape ${formatShape(wanted)}; the file has ${formatShape(shape)}${version}. Was the file saved with another architecture?`,
        );
      }
      const { name, trainable } = spec;
      if (quantized) return new QuantizedWeight({ name, trainable, shape }, quantized);
      return array.late?.({ name, trainable, shape }) ?? { name, trainable, shape, data: array.data };
    });
    if (old) for (const [i, weight] of old.entries()) weight.data = fresh[i]!.data;
    else this.#weights = fresh;
    for (const keeper of this.keepers) keeper.changed();
  }

  /** Checks an input's rank and width. */
  checkInput(value: Value, rank: number | readonly number[], width?: number): void {
    const ranks = typeof rank === "number" ? [rank] : rank;
    const last = value.shape[value.shape.length - 1];
    if (!ranks.includes(value.shape.length) || (width !== undefined && last !== width)) {
      const wanted = `${ranks.join(" or ")} dimensions${width === undefined ? "" : ` with ${width} features in the last`}`;
      throw new ShapeError(`${this}: expected an input of ${wanted}; got ${formatShape(value.shape)}.`);
    }
  }

  /** How messages call the layer: `LSTM layer "lstm_1"`. */
  toString(): string {
    return `${this.className} layer "${this.name}"`;
  }
}
