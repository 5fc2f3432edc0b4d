import type { Value } from "../plan/buffer.ts";
import { withMask } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { binary, cast, constant, select, softmaxOver, unary } from "../plan/tensor-ops.ts";
import type { Shape } from "../tensor.ts";
import { anyActivation, applyActivation } from "./activation.ts";
import { integers, real } from "./config.ts";
import type { Layer, LayerCall, Weight, WeightSpec } from "./layer.ts";
import { FreeShapeLayer, layerOf, passingLayer, sameSpecs } from "./simple-layer.ts";

const INFINITY = Number.POSITIVE_INFINITY;

/** Any activation function by name. */
export const Activation = passingLayer((p, x, layer) =>
  applyActivation(p, cast(p, x, "float32"), anyActivation(layer, layer.config, "activation", layer.profile)),
);

/** x ≥ maxValue → maxValue; threshold ≤ x → x; else negativeSlope · (x − threshold). */
export const ReLU = passingLayer((p, x, layer) => {
  const { config } = layer;
  const top = config["maxValue"] == null ? INFINITY : real(layer, config, "maxValue");
  const slope = config["negativeSlope"] == null ? 0 : real(layer, config, "negativeSlope");
  return unary(p, "relu", x, slope, top, config["threshold"] == null ? 0 : real(layer, config, "threshold"));
});

export const LeakyReLU = passingLayer((p, x, layer) => {
  const key = layer.config["negativeSlope"] == null ? "alpha" : "negativeSlope";
  return unary(p, "relu", x, real(layer, layer.config, key, 0.3), INFINITY);
});

export const ELU = passingLayer((p, x, layer) => unary(p, "elu", x, real(layer, layer.config, "alpha", 1)));

export const ThresholdedReLU = passingLayer((p, x, layer) =>
  unary(p, "threshold", x, real(layer, layer.config, "theta", 1), 0),
);

/** Softmax over one or several axes; masked elements get no share. */
export const Softmax = layerOf((p, x, layer, call) => {
  const axes = integers(layer, layer.config, "axis", [-1]);
  const given = call.mask && !Array.isArray(call.mask) ? (call.mask as Value) : undefined;
  const mask = given ?? (x.mask?.shape.length === x.shape.length ? x.mask : undefined);
  const scores = mask ? select(p, cast(p, mask, "bool"), x, -1e9) : x;
  const shares = softmaxOver(p, scores, axes);
  // Keras 3 gives masked elements nothing even where all are masked.
  return withMask(
    mask && layer.profile.era === "keras3" ? select(p, cast(p, mask, "bool"), shares, 0) : shares,
    x.mask,
  );
});

/** Weights with the shape of the input without the batch; shared axes have size one. */
export abstract class Shaped extends FreeShapeLayer {
  abstract readonly names: readonly string[];

  override freeSpecs(inputShapes: readonly Shape[] | undefined): readonly WeightSpec[] {
    const shared = this.config["sharedAxes"] == null ? [] : integers(this, this.config, "sharedAxes");
    const shape = inputShapes?.[0]?.slice(1).map((n, i) => (shared.includes(i + 1) ? 1 : n));
    return sameSpecs(this.names, shape);
  }

  override plan(p: Planner, inputs: readonly Value[], _call: LayerCall): readonly Value[] {
    const x = inputs[0]!;
    const values = this.names.map((name) => weightValue(p, this, this.needWeight(name)));
    return [withMask(this.apply(p, x, values), x.mask)];
  }

  abstract apply(p: Planner, x: Value, weights: readonly Value[]): Value;
}

/** A weight as a tensor of the plan. */
export function weightValue(p: Planner, layer: Layer, weight: Weight): Value {
  return constant(p, layer, weight.name, () => weight.data, weight.shape);
}

/** max(x, 0) + alpha · min(x, 0). */
export class PReLU extends Shaped {
  readonly names = ["alpha"];

  override apply(p: Planner, x: Value, weights: readonly Value[]): Value {
    return binary(p, "add", binary(p, "maximum", x, 0), binary(p, "multiply", weights[0]!, binary(p, "minimum", x, 0)));
  }
}
