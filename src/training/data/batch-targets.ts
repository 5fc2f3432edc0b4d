import { OptionError, ShapeError } from "../../errors.ts";
import {
  formatShape,
  isNumbers,
  isTensor,
  type Shape,
  sizeOf,
  type Tensor,
  type TensorLike,
  toTensor,
} from "../../tensor.ts";
import type { BatchOptions } from "../gathering.ts";

/** A list of one tensor per output from what a caller gives. */
export function tensorList(value: unknown, names: readonly string[], what: string): readonly (Tensor | undefined)[] {
  if (value === undefined || value === null) return names.map(() => undefined);
  if (names.length === 1) {
    const only = Array.isArray(value) && value.length === 1 && isTensor(value[0]) ? value[0] : value;
    if (typeof only === "object" && only !== null && !Array.isArray(only) && !isTensor(only) && !isNumbers(only)) {
      return [toTensor((only as Readonly<Record<string, TensorLike>>)[names[0]!] as TensorLike, what)];
    }
    return [toTensor(only as TensorLike, what)];
  }
  // As in Keras: weights for one output count for all.
  const isOne = isTensor(value) || isNumbers(value) || (Array.isArray(value) && typeof value[0] === "number");
  if (what === "sampleWeight" && isOne) return names.map(() => toTensor(value as TensorLike, what));
  const list = Array.isArray(value)
    ? value
    : isTensor(value)
      ? undefined
      : names.map((name) => (value as Readonly<Record<string, unknown>>)[name]);
  if (!list || list.length !== names.length) {
    throw new ShapeError(
      `\`${what}\` must have one tensor per output, as a list or by name (${names.join(", ")}); got ${list?.length ?? "one"}.`,
    );
  }
  return list.map((item) => (item === undefined || item === null ? undefined : toTensor(item as TensorLike, what)));
}

/** Numbers of a tensor as float32. */
export function floats(tensor: Tensor, what: string): Float32Array {
  const { data } = tensor;
  if (data instanceof Float32Array) return data;
  if (Array.isArray(data)) throw new ShapeError(`\`${what}\` must hold numbers; got strings.`);
  return Float32Array.from(data);
}

/**
 * Sample weights spread to one number per row of the loss.
 *
 * @param rowShape - The loss's shape: the prediction's without its last axis.
 * @throws {ShapeError} If the weights do not broadcast to it, as in Keras.
 */
export function spreadWeights(weights: Tensor, rowShape: Shape, what: string): Float32Array {
  const data = floats(weights, what);
  let { shape } = weights;
  if (shape.length === rowShape.length + 1 && shape.at(-1) === 1) shape = shape.slice(0, -1);
  // Weights by class of a sequence of one step.
  if (shape.length === rowShape.length - 1 && rowShape.at(-1) === 1) shape = [...shape, 1];
  const fits = shape.length === rowShape.length && shape.every((n, axis) => n === rowShape[axis] || n === 1);
  if (!fits) {
    throw new ShapeError(
      `\`${what}\` of ${formatShape(weights.shape)} does not fit the loss of ${formatShape(rowShape)}. Give one weight per sample as [batch${", 1".repeat(Math.max(rowShape.length - 1, 0))}], or one per timestep.`,
    );
  }
  const count = sizeOf(rowShape);
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let rest = i;
    let at = 0;
    let stride = 1;
    for (let axis = rowShape.length - 1; axis >= 0; axis--) {
      const place = rest % rowShape[axis]!;
      rest = Math.floor(rest / rowShape[axis]!);
      if (shape[axis] !== 1) at += place * stride;
      stride *= shape[axis]!;
    }
    out[i] = data[at]!;
  }
  return out;
}

/** Weights [batch] of an output [batch, timesteps, …, width] as [batch, 1, …]: each goes for all its timesteps. */
export function sampleByStep(weights: Tensor, rank: number): Tensor {
  const { shape } = weights;
  if (shape.length !== 1 || rank <= 2) return weights;
  return { ...weights, shape: [...shape, ...new Array<number>(rank - 2).fill(1)] };
}

/** The sample weights that `classWeight` stands for. @throws {OptionError} If Keras would refuse it, too. */
export function weightsOfClasses(
  targets: readonly (Tensor | undefined)[],
  { classWeight, sampleWeight }: BatchOptions,
): Tensor {
  if (sampleWeight !== undefined && sampleWeight !== null) {
    throw new OptionError("Pass `classWeight` or `sampleWeight`, not both (as in Keras).");
  }
  if (targets.length !== 1 || !targets[0]) {
    throw new OptionError("`classWeight` takes a model of one output, with targets (as in Keras).");
  }
  checkedClassWeight(classWeight);
  return classWeights(targets[0], classWeight!);
}

/** @throws {OptionError} If it is no object of numbers by class. */
function checkedClassWeight(given: unknown): void {
  const entries = given instanceof Map ? [...given] : Object.entries(given as object);
  const bad = entries.find(([, weight]) => typeof weight !== "number" || !Number.isFinite(weight));
  if (typeof given === "object" && !bad) return;
  throw new OptionError(
    `\`classWeight\` must be numbers by class, { 0: 1, 1: 2.5 }; got ${typeof given === "object" && bad ? `${String(bad[1])} for the class ${String(bad[0])}` : JSON.stringify(given)}.`,
  );
}

/** Weights by class of the label, as Keras: one-hot rows by their largest value. */
function classWeights(
  target: Tensor,
  weights: Readonly<Record<string | number, number>> | ReadonlyMap<number, number>,
): Tensor {
  const data = floats(target, "y");
  const width = target.shape.length > 1 ? target.shape.at(-1)! : 1;
  const rows = data.length / Math.max(width, 1);
  const get = (label: number) =>
    weights instanceof Map ? weights.get(label) : (weights as Record<number, number>)[label];
  if (target.shape.length > 2) throw new OptionError("`classWeight` takes targets of one label per sample only.");
  const out = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let label = data[row * width]!;
    if (width > 1) {
      label = 0;
      for (let i = 1; i < width; i++) if (data[row * width + i]! > data[row * width + label]!) label = i;
    }
    out[row] = get(Math.round(label)) ?? 1;
  }
  return { data: out, shape: [rows] };
}
