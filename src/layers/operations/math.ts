import { reshaped, type Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import {
  binary,
  cast,
  commonDtype,
  constant,
  filled,
  logical,
  logSoftmax,
  matmul,
  moveAxis,
  not,
  reduce,
  select,
  slice,
  softmaxOver,
  squeezed,
  unary,
  unitNorm,
} from "../../plan/tensor-ops.ts";
import { sizeOf } from "../../tensor.ts";
import { applyActivation, glu } from "../activation.ts";
import { all, isTensorArgument, type OperationCall, type OperationPlan } from "./call.ts";
import { gatherRows, order } from "./gather.ts";

/** Functions of each element and reductions. */
export const MATH_OPERATIONS: Readonly<Record<string, OperationPlan>> = {
  Elu: (p, at) => unary(p, "elu", at.tensor(0), at.number("alpha", 1, 1)),
  Celu: (p, at) => unary(p, "celu", at.tensor(0), at.number("alpha", 1, 1)),
  LeakyRelu: (p, at) => unary(p, "relu", at.tensor(0), at.number("negativeSlope", 1, 0.2), Number.POSITIVE_INFINITY),
  Gelu: (p, at) => unary(p, at.get("approximate", 1) === false ? "gelu" : "geluTanh", at.tensor(0)),
  HardShrink: (p, at) => unary(p, "hardShrink", at.tensor(0), at.number("threshold", 1, 0.5)),
  SoftShrink: (p, at) => unary(p, "softShrink", at.tensor(0), at.number("threshold", 1, 0.5)),
  Squareplus: (p, at) => unary(p, "squareplus", at.tensor(0), at.number("b", 1, 4)),
  Threshold: (p, at) =>
    unary(p, "threshold", at.tensor(0), at.number("threshold", 1, 0), at.number("defaultValue", 2, 0)),
  Softmax: (p, at) => softmaxOver(p, at.tensor(0), at.numbers("axis", 1) ?? all(at.tensor(0))),
  LogSoftmax: (p, at) => logSoftmax(p, at.tensor(0), at.numbers("axis", 1) ?? all(at.tensor(0))),
  Glu: (p, at) => glu(p, at.tensor(0), at.number("axis", 1, -1)),
  Sparsemax: (p, at) => applyActivation(p, at.tensor(0), "sparsemax"),
  Log1p: (p, at) => unary(p, "log", binary(p, "add", at.tensor(0), 1)),
  Log2: (p, at) => binary(p, "multiply", unary(p, "log", at.tensor(0)), Math.LOG2E),
  Log10: (p, at) => binary(p, "multiply", unary(p, "log", at.tensor(0)), Math.LOG10E),
  Expm1: (p, at) => binary(p, "subtract", unary(p, "exponential", at.tensor(0)), 1),
  Clip: (p, at) => {
    const low = binary(p, "maximum", at.tensor(0), at.tensor(1, "xMin", at.tensor(0)));
    return binary(p, "minimum", low, at.tensor(2, "xMax", at.tensor(0)));
  },
  Power: power,
  FloorDivide: (p, at) => floorDivide(p, at.tensor(0, "x1"), at.tensor(1, "x2", at.tensor(0))),
  Mod: (p, at) => {
    const [a, b] = [at.tensor(0, "x1"), at.tensor(1, "x2", at.tensor(0))];
    return binary(p, "subtract", a, binary(p, "multiply", floorDivide(p, a, b), b));
  },

  // Bools
  LogicalAnd: (p, at) => logical(p, "and", at.tensor(0, "x1"), at.tensor(1, "x2")),
  LogicalOr: (p, at) => logical(p, "or", at.tensor(0, "x1"), at.tensor(1, "x2")),
  LogicalXor: (p, at) => logical(p, "xor", at.tensor(0, "x1"), at.tensor(1, "x2")),
  LogicalNot: (p, at) => not(p, at.tensor(0)),
  Where: (p, at) => {
    if (at.get("x1", 1) === undefined) throw at.refuse("a condition alone");
    const [a, b] = [at.get("x1", 1), at.get("x2", 2)];
    const like = [a, b].find(isTensorArgument);
    return select(p, at.tensor(0, "condition"), at.tensor(1, "x1", like), at.tensor(2, "x2", like));
  },

  // Reductions of several steps
  Var: (p, at) => variance(p, at.tensor(0), at.numbers("axis", 1), at.get("keepdims", 2) === true),
  Std: (p, at) => unary(p, "sqrt", variance(p, at.tensor(0), at.numbers("axis", 1), at.get("keepdims", 2) === true)),
  Logsumexp: (p, at) => {
    const x = at.tensor(0);
    const axes = at.numbers("axis", 1) ?? all(x);
    const top = reduce(p, "max", x, axes, true);
    const sum = reduce(p, "sum", unary(p, "exponential", binary(p, "subtract", x, top)), axes, true);
    return keepOrDrop(binary(p, "add", unary(p, "log", sum), top), axes, at);
  },
  Norm: (p, at) => {
    const x = at.tensor(0);
    const axes = at.numbers("axis", 2) ?? all(x);
    const order = at.get("ord", 1) ?? 2;
    if (order === 1) return keepOrDrop(reduce(p, "sum", unary(p, "abs", x), axes, true), axes, at);
    if (order !== 2 && order !== "fro" && order !== "euclidean") throw at.refuse(`ord ${JSON.stringify(order)}`);
    return keepOrDrop(unary(p, "sqrt", reduce(p, "sum", unary(p, "square", x), axes, true)), axes, at);
  },
  Normalize: (p, at) => {
    if (at.number("order", 2, 2) !== 2) throw at.refuse("an order other than 2");
    return unitNorm(p, at.tensor(0), at.numbers("axis", 1) ?? [-1], at.number("epsilon", 3, 1e-12) ** 2);
  },
  Cumsum: sums,
  "tf.cumsum": sums,
  TopK: topK,
};

function keepOrDrop(x: Value, axes: readonly number[], at: OperationCall): Value {
  return at.get("keepdims", 9) === true ? x : reshaped(x, squeezed(x.shape, axes));
}

function variance(p: Planner, x: Value, axes: readonly number[] | undefined, keep: boolean): Value {
  const centred = binary(p, "subtract", x, reduce(p, "mean", x, axes ?? all(x), true));
  return reduce(p, "mean", unary(p, "square", centred), axes, keep);
}

function floorDivide(p: Planner, a: Value, b: Value): Value {
  const y = unary(p, "floor", binary(p, "divide", a, b));
  return commonDtype([a, b]) === "int32" ? cast(p, y, "int32") : y;
}

/** Whole powers by multiplication, so that they are exact; others as e^(b·log a). */
function power(p: Planner, at: OperationCall): Value {
  const [x, exponent] = [at.tensor(0, "x1"), at.get("x2", 1)];
  if (typeof exponent === "number" && Number.isInteger(exponent) && Math.abs(exponent) <= 64) {
    let y: Value | undefined;
    let square = x;
    for (let n = Math.abs(exponent); n > 0; n >>= 1) {
      if (n & 1) y = y ? binary(p, "multiply", y, square) : square;
      if (n > 1) square = binary(p, "multiply", square, square);
    }
    const whole = y ?? filled(p, x.shape, 1, x.dtype);
    return exponent < 0 ? binary(p, "divide", 1, whole) : whole;
  }
  if (exponent === 0.5) return unary(p, "sqrt", x);
  return unary(p, "exponential", binary(p, "multiply", unary(p, "log", x), at.tensor(1, "x2")));
}

/** The k largest of the last axis and their places; equal ones in order. */
function topK(p: Planner, at: OperationCall): readonly Value[] {
  const x = cast(p, at.tensor(0), "float32");
  const k = at.number("k", 1, 1);
  const width = x.shape.at(-1)!;
  const rows = sizeOf(x.shape) / width;
  const shape = [...x.shape.slice(0, -1), k];
  const places = slice(p, reshaped(order(p, x, true), [rows, width]), 1, 0, k);
  const values = gatherRows(p, reshaped(x, [rows, width, 1]), places);
  return [reshaped(values, shape), reshaped(places, shape)];
}

/** Sums of all elements up to each one along an axis, by a product with a triangle of ones. */
function sums(p: Planner, at: OperationCall): Value {
  const x = cast(p, at.tensor(0), "float32");
  const axis = at.number("axis", 1, 0);
  const n = x.shape.at(axis)!;
  const [backwards, exclusive] = [at.get("reverse") === true, at.get("exclusive") === true];
  const counts = (to: number, from: number) => (from === to ? !exclusive : backwards ? from > to : from < to);
  const ones = Array.from({ length: n * n }, (_, i) => Number(counts(Math.floor(i / n), i % n)));
  const table = constant(p, at.layer, `sums:${n}:${backwards}:${exclusive}`, ones, [n, n]);
  const rows = moveAxis(p, x, axis, -1);
  return cast(p, moveAxis(p, matmul(p, rows, table, true), -1, axis), at.tensor(0).dtype);
}
