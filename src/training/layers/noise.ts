import { OptionError } from "../../errors.ts";
import { real } from "../../layers/config.ts";
import type { Layer } from "../../layers/layer.ts";
import { channelsFirst } from "../../layers/reshaping.ts";
import { type Value, withMask } from "../../plan/buffer.ts";
import { binary } from "../../plan/tensor-ops.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor.ts";
import type { Rule, Tape } from "../tape.ts";

/** A layer that draws numbers: `scatter` gives what it makes of a value, or undefined where it draws none. */
type Scatter = (tape: Tape, layer: Layer, x: Value) => ((value: Value) => Value) | undefined;

/** A layer whose gradient is scattered by the very factors of its values. */
function factorRule(scatter: Scatter): Rule {
  return (tape, layer, inputs) => {
    const x = inputs[0]!;
    const apply = scatter(tape, layer, x);
    if (!apply) return { outputs: [x], backward: ([dy]) => [dy] };
    return { outputs: [withMask(apply(x), x.mask)], backward: ([dy]) => [dy && apply(dy)] };
  };
}

/** What Dropout drops together: each axis of its `noiseShape` is whole or 1, one draw for all along it. */
function noiseShape(layer: Layer, shape: Shape): Shape {
  const given = layer.config["noiseShape"];
  if (Array.isArray(given)) {
    const noise = given.map((n, axis) => (typeof n === "number" ? n : shape[axis]!));
    if (noise.length === shape.length && noise.every((n, axis) => n === 1 || n === shape[axis])) return noise;
    const wanted = formatShape(given.map((n) => (typeof n === "number" ? n : null)));
    throw new OptionError(`${layer}: noise_shape ${wanted} does not fit an input of ${formatShape(shape)}.`);
  }
  if (!layer.className.startsWith("Spatial")) return shape;
  const channels = channelsFirst(layer) ? 1 : shape.length - 1;
  return shape.map((n, axis) => (axis === 0 || axis === channels ? n : 1));
}

/** Factors of noise's shape: 0 with the layer's rate, else 1 / (1 − rate); undefined where nothing is dropped. */
function dropFactors(tape: Tape, layer: Layer, x: Value): Value | undefined {
  const rate = real(layer, layer.config, "rate", 0);
  const { random } = tape;
  if (!random || rate === 0) return undefined;
  const shape = noiseShape(layer, x.shape);
  return { ...random.mask(tape, sizeOf(shape), rate), shape, dtype: "float32" };
}

/** Dropout of single values, of what a noise shape joins, or of whole channels (SpatialDropout). */
export const dropoutRule = factorRule((tape, layer, x) => {
  const factors = dropFactors(tape, layer, x);
  return factors && ((value) => binary(tape.p, "multiply", value, factors));
});

/** SELU's limit for large negative inputs, −scale · alpha: what AlphaDropout puts in place of dropped values. */
const SELU_FLOOR = -1.0507009873554805 * 1.6732632423543772;

/**
 * Dropout that keeps mean and variance of SELU's outputs: dropped values become the floor, and all are scaled by
 * a = ((1 − r)(1 + r · floor²))^−½ and moved by −a · r · floor (Klambauer et al. 2017; keras.layers.AlphaDropout).
 * With factors f of 0 or 1 / (1 − r): y = s · f · (x − floor) + a · floor · (1 − r), s = a · (1 − r).
 */
export const alphaDropoutRule: Rule = (tape, layer, inputs) => {
  const x = inputs[0]!;
  const { p } = tape;
  const factors = dropFactors(tape, layer, x);
  if (!factors) return { outputs: [x], backward: ([dy]) => [dy] };
  const rate = real(layer, layer.config, "rate", 0);
  const scale = ((1 - rate) * (1 + rate * SELU_FLOOR ** 2)) ** -0.5;
  const slopes = binary(p, "multiply", factors, scale * (1 - rate));
  const kept = binary(p, "multiply", binary(p, "subtract", x, SELU_FLOOR), slopes);
  const y = binary(p, "add", kept, scale * SELU_FLOOR * (1 - rate));
  return { outputs: [withMask(y, x.mask)], backward: ([dy]) => [dy && binary(p, "multiply", dy, slopes)] };
};

/** Normal noise added in training. */
export const gaussianNoiseRule: Rule = (tape, layer, inputs) => {
  const x = inputs[0]!;
  const deviation = real(layer, layer.config, "stddev", 0);
  const { random } = tape;
  if (!random || deviation === 0) return { outputs: [x], backward: ([dy]) => [dy] };
  const y = tape.tensor(x.shape);
  const count = sizeOf(x.shape);
  tape.emit("addTo", { y, a: x, b: random.normal(tape, count, deviation), count });
  return { outputs: [withMask(y, x.mask)], backward: ([dy]) => [dy] };
};

/** Values scattered by normal factors: x · (1 + √(rate / (1 − rate)) · n). */
export const gaussianDropoutRule = factorRule((tape, layer, x) => {
  const rate = real(layer, layer.config, "rate", 0);
  const { random } = tape;
  if (!random || rate === 0) return undefined;
  const count = sizeOf(x.shape);
  const factors = tape.tensor(x.shape);
  tape.emit("fillWith", { y: factors, value: 1, count });
  const noise = random.normal(tape, count, Math.sqrt(rate / (1 - rate)));
  tape.emit("addTo", { y: factors, a: factors, b: noise, count });
  return (value) => binary(tape.p, "multiply", value, factors);
});
