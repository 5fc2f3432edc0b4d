import { type Value, withMask } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import type { OpenShape, Shape } from "../tensor.ts";
import { type BuildContext, Layer, type LayerCall, type LayerSpec, type WeightSpec } from "./layer.ts";

/** How a layer without weights turns its input into its output. */
export type SimplePlan = (p: Planner, x: Value, layer: Layer, call: LayerCall) => Value;

/** A layer class without weights, made of one function. The mask is what the function returns. */
export function layerOf(plan: SimplePlan): new (spec: LayerSpec, context: BuildContext) => Layer {
  return class extends Layer {
    override plan(p: Planner, inputs: readonly Value[], call: LayerCall): readonly Value[] {
      return [plan(p, inputs[0]!, this, call)];
    }
  };
}

/** The same; the input's mask is handed on. */
export function passingLayer(plan: SimplePlan): new (spec: LayerSpec, context: BuildContext) => Layer {
  return layerOf((p, x, layer, call) => withMask(plan(p, x, layer, call), x.mask));
}

/** The same where only Keras 3 hands the mask on: before, the layer did not know of masks and lost it. */
export function passingInKeras3(plan: SimplePlan): new (spec: LayerSpec, context: BuildContext) => Layer {
  return layerOf((p, x, layer, call) => withMask(plan(p, x, layer, call), keras3Mask(layer, x)));
}

/** The mask of an input in Keras 3, none in those before. */
export function keras3Mask(layer: Layer, x: Value): Value | undefined {
  return layer.profile.era === "keras3" ? x.mask : undefined;
}

/** The mask of an input: the explicit one of the call, else the one that came with the tensor. */
export function maskOf(x: Value, call: LayerCall, index = 0): Value | undefined {
  const { mask } = call;
  const given = Array.isArray(mask) ? mask[index] : index === 0 ? (mask as Value | null | undefined) : undefined;
  return given === undefined ? x.mask : (given ?? undefined);
}

/** A layer whose weights may have any shape, so that only the file or the first input tells it. */
export abstract class FreeShapeLayer extends Layer {
  #known: readonly OpenShape[] | undefined;

  /** The names of the weights, in Keras' order, with their shapes for an input. */
  abstract freeSpecs(inputShapes: readonly Shape[] | undefined): readonly WeightSpec[];

  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    const known = this.#known;
    return this.freeSpecs(inputShapes).map((spec, i) => (known?.[i] ? { ...spec, shape: known[i] } : spec));
  }

  override setWeights(arrays: readonly { readonly data: Float32Array; readonly shape: Shape }[]): void {
    this.#known = arrays.map((array) => array.shape);
    super.setWeights(arrays);
  }
}

/** `names` as trainable weights of one shape; [] where it is not known yet. */
export function sameSpecs(names: readonly string[], shape: OpenShape | undefined): readonly WeightSpec[] {
  return names.map((name) => ({ name, shape: shape ?? [], trainable: true }));
}
