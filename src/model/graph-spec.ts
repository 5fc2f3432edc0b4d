import type { Json, LayerSpec } from "../layers/layer.ts";
import type { DType, OpenShape } from "../tensor.ts";

/** One output of one call of a layer of the same graph. */
export interface TensorRef {
  /** Name of the layer. */
  readonly layer: string;
  /** Which call of it in this graph, from 0 (whatever the era's numbering). */
  readonly call: number;
  /** Which output of that call. */
  readonly tensor: number;
}

/** An argument of a call: a tensor, a constant, or a nest of both. */
export type ArgSpec = { readonly ref: TensorRef } | { readonly value: Json } | { readonly list: readonly ArgSpec[] };

/** One call of a layer. */
export interface CallSpec {
  readonly layer: string;
  /** Positional arguments; a layer's inputs are the tensors among them, in order. */
  readonly args: readonly ArgSpec[];
  /** Keyword arguments in camelCase: initialState, constants, mask (value null: derive it) … */
  readonly kwargs: Readonly<Record<string, ArgSpec>>;
}

/** What a model takes. */
export interface InputSpec {
  readonly name: string;
  /** With the batch; undefined if the file does not say. */
  readonly shape: OpenShape | undefined;
  readonly dtype: DType;
}

/**
 * A model as every format describes it: layers, and calls of them. Sequential models are chains of calls. Input layers
 * are listed as layers of the class InputLayer with one call without arguments each.
 */
export interface GraphSpec {
  readonly name: string;
  readonly className: "Sequential" | "Functional";
  /** In the order of the file. */
  readonly layers: readonly LayerSpec[];
  /** In any order; a call's arguments may refer to calls that come later. */
  readonly calls: readonly CallSpec[];
  readonly inputs: readonly TensorRef[];
  readonly outputs: readonly TensorRef[];
}
