import { ACTIVATION_CODES, type ActivationKernel } from "../engine/activation-codes.ts";
import {
  BINARY_CODES,
  type BinaryOp,
  CAST_CODES,
  LOGICAL_CODES,
  type LogicalOp,
  NORMALIZE_CODES,
  type NormalizeMode,
  REDUCE_CODES,
  type ReduceOp,
} from "../engine/tensor-codes.ts";
import { ShapeError, UnsupportedLayerError } from "../errors.ts";
import { type DType, formatShape, type Shape, sizeOf } from "../tensor.ts";
import { type Place, reshaped, type Value, withMask } from "./buffer.ts";
import { axisOf, broadcastShape, broadcastStrides, broadcastTo, collapse, scalar, transpose } from "./copy-ops.ts";
import type { Planner } from "./planner.ts";

export * from "./copy-ops.ts";

/** Tensor operations that append kernel calls to a plan. Each returns a new value without a mask. */

/** x in another dtype; x itself where it has it. */
export function cast(p: Planner, x: Value, dtype: DType): Value {
  if (x.dtype === dtype) return x;
  if (x.dtype === "string" || dtype === "string") throw new UnsupportedLayerError("Strings cannot be cast to numbers.");
  const y = p.tensor(x.shape, dtype);
  p.emit("castForward", { y, x, count: sizeOf(x.shape), from: CAST_CODES[x.dtype], to: CAST_CODES[dtype] });
  return y;
}

/** x as float32, with its mask: what layers take that multiply by weights. Strings are left for the layer to refuse. */
export function floats(p: Planner, x: Value): Value {
  return x.dtype === "float32" || x.dtype === "string" ? x : withMask(cast(p, x, "float32"), x.mask);
}

/** The dtype of an operation on all of these: bool < int32 < float32. */
export function commonDtype(xs: readonly Value[]): DType {
  if (xs.some((x) => x.dtype === "float32")) return "float32";
  return xs.some((x) => x.dtype === "int32") ? "int32" : "bool";
}

/**
 * a ∘ b by numpy's broadcasting. Comparisons give bools; division gives float32; otherwise two int32 give int32, exact
 * below 2²⁴.
 */
export function binary(p: Planner, op: BinaryOp, a: Value | number, b: Value | number): Value {
  const first = typeof a === "number" ? scalar(p, a, typeof b === "number" ? "float32" : numberDtype(b, a)) : a;
  const second = typeof b === "number" ? scalar(p, b, numberDtype(first, b)) : b;
  const compares = BINARY_CODES[op] >= BINARY_CODES.equal;
  const integral = commonDtype([first, second]) !== "float32" && !compares && op !== "divide";
  const y = binaryFloat(p, op, cast(p, first, "float32"), cast(p, second, "float32"));
  return integral ? cast(p, y, "int32") : y;
}

function numberDtype(other: Value, value: number): DType {
  return other.dtype === "int32" && Number.isInteger(value) ? "int32" : "float32";
}

function binaryFloat(p: Planner, op: BinaryOp, first: Value, second: Value): Value {
  const shape = broadcastShape([first.shape, second.shape]);
  let [a, b] = [first, second];
  let walk = collapse(shape, broadcastStrides(a, shape), broadcastStrides(b, shape));
  if (walk.sizes.length > 2) {
    a = broadcastTo(p, a, shape);
    b = broadcastTo(p, b, shape);
    walk = collapse(shape, broadcastStrides(a, shape), broadcastStrides(b, shape));
  }
  const fill = (list: readonly number[], by: number) => [...new Array<number>(2 - list.length).fill(by), ...list];
  const [rows, width] = fill(walk.sizes, 1) as [number, number];
  const [aRow, aStep] = fill(walk.strides[0]!, 0) as [number, number];
  const [bRow, bStep] = fill(walk.strides[1]!, 0) as [number, number];
  const code = BINARY_CODES[op];
  const y = p.tensor(shape, code >= BINARY_CODES.equal ? "bool" : "float32");
  p.emit("binaryForward", { y, a, b, op: code, rows, width, aRow, aStep, bRow, bStep });
  return y;
}

/** Bools joined element by element, with broadcasting. */
export function logical(p: Planner, op: LogicalOp, a: Value, b: Value): Value {
  const shape = broadcastShape([a.shape, b.shape]);
  const [left, right] = [a, b].map((x) => broadcastTo(p, cast(p, x, "bool"), shape)) as [Value, Value];
  const y = p.tensor(shape, "bool");
  p.emit("logicalForward", { y, a: left, b: right, count: sizeOf(shape), op: LOGICAL_CODES[op] });
  return y;
}

/** Bools inverted. */
export function not(p: Planner, x: Value): Value {
  return logical(p, "xor", x, scalar(p, 1, "bool"));
}

/** mask ? a : b with broadcasting; what is not chosen has no influence, NaN or not. */
export function select(p: Planner, mask: Value, a: Value | number, b: Value | number): Value {
  const [first, second] = [a, b].map((x) => (typeof x === "number" ? scalar(p, x) : x)) as [Value, Value];
  const dtype = commonDtype([first, second]);
  const shape = broadcastShape([mask.shape, first.shape, second.shape]);
  const full =
    mask.shape.length === shape.length ? mask.shape : [...shape.map(() => 1).slice(mask.shape.length), ...mask.shape];
  let lead = shape.length;
  while (lead > 0 && full[lead - 1] === 1) lead--;
  const rows = shape.slice(0, lead);
  const width = sizeOf(shape.slice(lead));
  const bits = broadcastTo(p, reshaped(cast(p, mask, "bool"), full.slice(0, lead)), rows);
  const side = (x: Value): { place: Value; row: number } => {
    const number = cast(p, x, dtype === "bool" ? "int32" : dtype);
    const inner = shape.slice(lead);
    if (sizeOf(x.shape) === 1) return { place: broadcastTo(p, reshaped(number, []), inner), row: 0 };
    if (x.shape.length <= inner.length) return { place: broadcastTo(p, number, inner), row: 0 };
    return { place: broadcastTo(p, number, shape), row: width };
  };
  const [left, right] = [side(first), side(second)];
  const y = p.tensor(shape, dtype === "bool" ? "int32" : dtype);
  p.emit("selectForward", {
    y,
    mask: bits,
    a: left.place,
    b: right.place,
    rows: sizeOf(rows),
    width,
    aRow: left.row,
    bRow: right.row,
  });
  return cast(p, y, dtype);
}

/** An elementwise function by its name in `ACTIVATION_CODES`; alpha, beta and gamma are its parameters, if it has some. */
export function unary(p: Planner, name: ActivationKernel, x: Value, alpha = 0, beta = 0, gamma = 0): Value {
  const from = cast(p, x, "float32");
  const y = p.tensor(x.shape);
  const activation = ACTIVATION_CODES[name];
  p.emit("activationForward", { y, x: from, count: sizeOf(x.shape), activation, alpha, beta, gamma });
  return y;
}

/**
 * Reduces axes, all of them by default, in order, in one accumulator.
 *
 * any and all take and give bools; argmax and argmin take one axis (or all, flattened) and give int32.
 */
export function reduce(p: Planner, op: ReduceOp, x: Value, axes?: readonly number[], keepDims = false): Value {
  const rank = x.shape.length;
  const reduced = [...new Set((axes ?? x.shape.map((_, i) => i)).map((axis) => axisOf(axis, rank)))].sort(
    (a, b) => a - b,
  );
  if (axes && reduced.length === 0) return x;
  const kept = x.shape.map((n, i) => (reduced.includes(i) ? 1 : n));
  const shape = keepDims ? kept : x.shape.filter((_, i) => !reduced.includes(i));
  const contiguous = reduced.every((axis, i) => axis === reduced[0]! + i);
  const others = x.shape.map((_, i) => i).filter((i) => !reduced.includes(i));
  const from = contiguous ? x : transpose(p, x, [...others, ...reduced]);
  const first = contiguous ? (reduced[0] ?? 0) : others.length;
  const outer = sizeOf(from.shape.slice(0, first));
  const length = sizeOf(from.shape.slice(first, first + reduced.length));
  const inner = sizeOf(from.shape.slice(first + reduced.length));
  const bools = op === "any" || op === "all";
  const places = op === "argmax" || op === "argmin";
  const y = p.tensor(shape, bools ? "bool" : places ? "int32" : "float32");
  p.emit("reduceForward", {
    y,
    x: cast(p, from, bools ? "bool" : "float32"),
    outer,
    length,
    inner,
    op: REDUCE_CODES[op],
  });
  return x.dtype === "float32" || bools || places || op === "mean" ? y : cast(p, y, "int32");
}

/** Σ over the last axis of a and the last but one of b, by numpy's rule for more axes; each sum in order. */
export function matmul(p: Planner, a: Value, b: Value, transposeB = false): Value {
  const left = a.shape.length === 1 ? reshaped(a, [1, ...a.shape]) : a;
  const swapped = b.shape.map((_, i) => i);
  if (transposeB) swapped.splice(-2, 2, swapped.length - 1, swapped.length - 2);
  const right = b.shape.length === 1 ? reshaped(b, [...b.shape, 1]) : transpose(p, b, swapped);
  const [m, k] = left.shape.slice(-2) as [number, number];
  const [rows, columns] = right.shape.slice(-2) as [number, number];
  if (k !== rows)
    throw new ShapeError(`the matrices ${formatShape(a.shape)} and ${formatShape(b.shape)} do not fit each other.`);
  const lead = broadcastShape([left.shape.slice(0, -2), right.shape.slice(0, -2)]);
  const batch = sizeOf(lead);
  const side = (x: Value, size: number) => {
    const own = sizeOf(x.shape.slice(0, -2));
    if (own === 1) return { place: x, step: 0 };
    return { place: own === batch ? x : broadcastTo(p, x, [...lead, ...x.shape.slice(-2)]), step: size };
  };
  const [one, other] = [side(cast(p, left, "float32"), m * k), side(cast(p, right, "float32"), k * columns)];
  const y = p.tensor([...lead, m, columns]);
  const whole = other.step === 0;
  multiply(p, {
    y,
    yBatch: m * columns,
    yRow: columns,
    a: one.place,
    aBatch: one.step,
    aRow: k,
    aColumn: 1,
    b: other.place,
    bBatch: other.step,
    bRow: columns,
    // Shared right-hand side: all rows at once.
    batch: whole && one.step > 0 ? 1 : batch,
    m: whole && one.step > 0 ? batch * m : m,
    k,
    columns,
  });
  const dropped = [...lead, ...(a.shape.length === 1 ? [] : [m]), ...(b.shape.length === 1 ? [] : [columns])];
  return reshaped(y, dropped);
}

/** Arguments of {@link multiply}: strides in elements. */
export interface Multiplication {
  readonly y: Place;
  readonly yBatch: number;
  readonly yRow: number;
  readonly a: Place;
  readonly aBatch: number;
  readonly aRow: number;
  readonly aColumn: number;
  readonly b: Place;
  readonly bBatch: number;
  readonly bRow: number;
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly columns: number;
}

/** A batch of matrix products with any strides (see `assembly/tensor/matmul-forward.ts`). */
export function multiply(p: Planner, args: Multiplication): void {
  p.emit("matmulForward", { ...args });
}

/** Rows of the last axis normalised, then scaled and moved per column (see `assembly/tensor/normalize-forward.ts`). */
export function normalize(
  p: Planner,
  mode: NormalizeMode,
  x: Value,
  scale: Place,
  offset: Place,
  epsilon: number,
): Value {
  const y = p.tensor(x.shape);
  const width = x.shape.at(-1) ?? 1;
  const rows = sizeOf(x.shape) / Math.max(width, 1);
  const from = cast(p, x, "float32");
  p.emit("normalizeForward", { y, x: from, scale, offset, rows, width, epsilon, mode: NORMALIZE_CODES[mode] });
  return y;
}

/** Softmax of the last axis. */
export function softmax(p: Planner, x: Value): Value {
  const y = p.tensor(x.shape);
  const width = x.shape.at(-1) ?? 1;
  p.emit("softmaxForward", { y, x: cast(p, x, "float32"), rows: sizeOf(x.shape) / Math.max(width, 1), width });
  return y;
}

/** The shape of a value without the given axes' ones. */
export function squeezed(shape: Shape, axes: readonly number[]): Shape {
  const dropped = axes.map((axis) => axisOf(axis, shape.length));
  return shape.filter((_, i) => !dropped.includes(i));
}

/** Softmax over any axes together. */
export function softmaxOver(p: Planner, x: Value, axes: readonly number[]): Value {
  return overAxes(p, x, axes, (rows) => softmax(p, rows));
}

/** log(softmax(x)) over any axes together. */
export function logSoftmax(p: Planner, x: Value, axes: readonly number[]): Value {
  const shifted = binary(p, "subtract", x, reduce(p, "max", x, axes, true));
  const sum = reduce(p, "sum", unary(p, "exponential", shifted), axes, true);
  return binary(p, "subtract", shifted, unary(p, "log", sum));
}

/** Applies `f` to rows made of the given axes: they come last and as one. */
export function overAxes(p: Planner, x: Value, axes: readonly number[], f: (rows: Value) => Value): Value {
  const rank = x.shape.length;
  const rows = axes.map((axis) => axisOf(axis, rank)).sort((a, b) => a - b);
  const order = [...x.shape.map((_, i) => i).filter((i) => !rows.includes(i)), ...rows];
  const moved = transpose(p, x, order);
  const lead = moved.shape.slice(0, rank - rows.length);
  const y = reshaped(f(reshaped(moved, [...lead, sizeOf(moved.shape.slice(lead.length))])), moved.shape);
  return transpose(
    p,
    y,
    order.map((_, i) => order.indexOf(i)),
  );
}

/** x / √(max(Σ x², epsilon)) along the given axes. */
export function unitNorm(p: Planner, x: Value, axes: readonly number[], epsilon: number): Value {
  const power = reduce(p, "sum", unary(p, "square", x), axes, true);
  return binary(p, "multiply", x, unary(p, "rsqrt", binary(p, "maximum", power, epsilon)));
}
