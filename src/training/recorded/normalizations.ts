import { integers, real } from "../../layers/config.ts";
import { reshaped, type Value, withMask } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { axisOf, binary, reduce, unary } from "../../plan/tensor-ops.ts";
import type { Rule } from "../tape.ts";
import { recordedStep } from "./recorded-rule.ts";

/** 1 / √(variance + ε) over some axes. */
function inverseDeviation(p: Planner, x: Value, axes: readonly number[], epsilon: number): Value {
  const centred = binary(p, "subtract", x, reduce(p, "mean", x, axes, true));
  const variance = reduce(p, "mean", unary(p, "square", centred), axes, true);
  return unary(p, "rsqrt", binary(p, "add", variance, epsilon));
}

/** (x − mean) / √(variance + ε) over some axes. */
function standardised(p: Planner, x: Value, axes: readonly number[], epsilon: number): Value {
  const centred = binary(p, "subtract", x, reduce(p, "mean", x, axes, true));
  return binary(p, "multiply", centred, inverseDeviation(p, x, axes, epsilon));
}

/** Layer normalisation over any axes. */
export const layerNormOfAxes: Rule = (tape, layer, inputs) => {
  const x = inputs[0]!;
  const { p } = tape;
  const axes = integers(layer, layer.config, "axis", [-1]).map((axis) => axisOf(axis, x.shape.length));
  const names = ["gamma", "beta"].filter((name) => layer.weight(name));
  const spread = x.shape.map((n, axis) => (axes.includes(axis) ? n : 1));
  return recordedStep(tape, layer, inputs, names, (weight) => {
    const epsilon = real(layer, layer.config, "epsilon", 1e-3);
    const isRms = layer.config["rmsScaling"] === true;
    let y = isRms ? binary(p, "multiply", x, inverseDeviation(p, x, axes, epsilon)) : standardised(p, x, axes, epsilon);
    if (names.includes("gamma")) y = binary(p, "multiply", y, reshaped(weight("gamma"), spread));
    if (names.includes("beta")) y = binary(p, "add", y, reshaped(weight("beta"), spread));
    return [withMask(y, x.mask)];
  });
};

/** x / √(mean of x² + ε), scaled. */
export const rmsNormRule: Rule = (tape, layer, inputs) => {
  const x = inputs[0]!;
  const { p } = tape;
  const axes = integers(layer, layer.config, "axis", [-1]).map((axis) => axisOf(axis, x.shape.length));
  const spread = x.shape.map((n, axis) => (axes.includes(axis) ? n : 1));
  const [scale] = layer.weights;
  return recordedStep(tape, layer, inputs, [scale!.name], (weight) => {
    const power = reduce(p, "mean", unary(p, "square", x), axes, true);
    const epsilon = real(layer, layer.config, "epsilon", 1e-6);
    const y = binary(p, "multiply", x, unary(p, "rsqrt", binary(p, "add", power, epsilon)));
    return [binary(p, "multiply", y, reshaped(weight(scale!.name), spread))];
  });
};

/** Groups of channels normalised over all places of a row. */
export const groupNormRule: Rule = (tape, layer, inputs) => {
  const x = inputs[0]!;
  const { p } = tape;
  const [given = -1] = integers(layer, layer.config, "axis", [-1]);
  const axis = axisOf(given, x.shape.length);
  const channels = x.shape[axis]!;
  const [wanted = 32] = integers(layer, layer.config, "groups", [32]);
  const groups = wanted === -1 ? channels : wanted;
  const names = ["gamma", "beta"].filter((name) => layer.weight(name));
  const spread = x.shape.map((n, at) => (at === axis ? n : 1));
  return recordedStep(tape, layer, inputs, names, (weight) => {
    const grouped = reshaped(x, [...x.shape.slice(0, axis), groups, channels / groups, ...x.shape.slice(axis + 1)]);
    const over = grouped.shape.map((_, at) => at).filter((at) => at !== 0 && at !== axis);
    const normal = standardised(p, grouped, over, real(layer, layer.config, "epsilon", 1e-3));
    let y = reshaped(normal, x.shape);
    if (names.includes("gamma")) y = binary(p, "multiply", y, reshaped(weight("gamma"), spread));
    if (names.includes("beta")) y = binary(p, "add", y, reshaped(weight("beta"), spread));
    return [withMask(y, x.mask)];
  });
};

/** max(x, 0) + alpha · min(x, 0), alpha shared along axes or not. */
export const sharedPreluRule: Rule = (tape, layer, inputs) => {
  const x = inputs[0]!;
  const { p } = tape;
  return recordedStep(tape, layer, inputs, ["alpha"], (weight) => {
    const below = binary(p, "multiply", weight("alpha"), binary(p, "minimum", x, 0));
    return [withMask(binary(p, "add", binary(p, "maximum", x, 0), below), x.mask)];
  });
};
