import type { ActivationKernel } from "../../engine/activation-codes.ts";
import type { Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { binary, cast, filled, logical, reduce, select, unary } from "../../plan/tensor-ops.ts";
import { angles } from "../preprocessing/spectrogram.ts";
import type { OperationCall, OperationPlan } from "./call.ts";

type Elementwise = (p: Planner, x: Value) => Value;

const is =
  (name: ActivationKernel): Elementwise =>
  (p, x) =>
    unary(p, name, x);
const times =
  (factor: number): Elementwise =>
  (p, x) =>
    binary(p, "multiply", x, factor);
const exp = is("exponential");
const log = is("log");
const plus = (p: Planner, a: Value | number, b: Value | number) => binary(p, "add", a, b);
const minus = (p: Planner, a: Value | number, b: Value | number) => binary(p, "subtract", a, b);
const over = (p: Planner, a: Value | number, b: Value | number) => binary(p, "divide", a, b);
const root = is("sqrt");

/** −1, 0 or 1. */
export function sign(p: Planner, x: Value): Value {
  const [up, down] = [binary(p, "less", 0, x), binary(p, "less", x, 0)].map((bits) => cast(p, bits, x.dtype));
  return minus(p, up!, down!);
}

/** f of the size of x, with the sign of x. */
const odd =
  (f: Elementwise): Elementwise =>
  (p, x) =>
    binary(p, "multiply", sign(p, x), f(p, unary(p, "abs", x)));

const squareRootOfOneMinusSquare: Elementwise = (p, x) => root(p, minus(p, 1, unary(p, "square", x)));
const infinite: Elementwise = (p, x) => binary(p, "equal", unary(p, "abs", x), Number.POSITIVE_INFINITY);
const isNumber: Elementwise = (p, x) => binary(p, "equal", x, x);

/** Functions of one tensor that kernels make together. */
const COMPOSED: Readonly<Record<string, Elementwise>> = {
  Arccos: (p, x) => angles(p, squareRootOfOneMinusSquare(p, x), x),
  Arccosh: (p, x) => log(p, plus(p, x, root(p, minus(p, unary(p, "square", x), 1)))),
  Arcsin: (p, x) => angles(p, x, squareRootOfOneMinusSquare(p, x)),
  Arcsinh: odd((p, x) => log(p, plus(p, x, root(p, plus(p, unary(p, "square", x), 1))))),
  Arctan: (p, x) => angles(p, x, filled(p, x.shape, 1)),
  Arctanh: (p, x) => times(0.5)(p, log(p, over(p, plus(p, 1, x), minus(p, 1, x)))),
  Cbrt: odd((p, x) => exp(p, times(1 / 3)(p, log(p, x)))),
  Copy: (_p, x) => x,
  Cosh: (p, x) => times(0.5)(p, plus(p, exp(p, x), exp(p, unary(p, "negative", x)))),
  Deg2rad: times(Math.PI / 180),
  Erfc: (p, x) => minus(p, 1, unary(p, "erf", x)),
  Exp2: (p, x) => exp(p, times(Math.LN2)(p, x)),
  Fabs: is("abs"),
  Isfinite: (p, x) => binary(p, "less", unary(p, "abs", x), Number.POSITIVE_INFINITY),
  Isinf: infinite,
  Isnan: (p, x) => binary(p, "notEqual", x, x),
  Rad2deg: times(180 / Math.PI),
  Sign: sign,
  Sinh: (p, x) => times(0.5)(p, minus(p, exp(p, x), exp(p, unary(p, "negative", x)))),
  Tan: (p, x) => over(p, unary(p, "sin", x), unary(p, "cos", x)),
  Trunc: odd(is("floor")),
  "tf.hard_sigmoid": is("hardSigmoid02"),
};

const both = (at: OperationCall): [Value, Value] => {
  const first = at.tensor(0, "x1");
  return [first, at.tensor(1, "x2", first)];
};

/** Elementwise functions beyond those of one kernel. */
export const ELEMENTWISE_OPERATIONS: Readonly<Record<string, OperationPlan>> = {
  ...Object.fromEntries(
    Object.entries(COMPOSED).map(([name, f]): [string, OperationPlan] => [name, (p, at) => f(p, at.tensor(0))]),
  ),
  Arctan2: (p, at) => angles(p, ...both(at)),
  DivideNoNan: (p, at) => {
    const [a, b] = both(at);
    return select(p, binary(p, "equal", b, 0), 0, over(p, a, b));
  },
  Logaddexp: (p, at) => {
    const [a, b] = both(at);
    const top = binary(p, "maximum", a, b);
    return plus(p, top, log(p, plus(p, exp(p, minus(p, a, top)), exp(p, minus(p, b, top)))));
  },
  Hypot: (p, at) => {
    const [a, b] = both(at);
    return root(p, plus(p, unary(p, "square", a), unary(p, "square", b)));
  },
  NanToNum: (p, at) => {
    const x = at.tensor(0);
    const largest = 3.4028234663852886e38;
    const finite = select(p, isNumber(p, x), x, at.number("nan", 1, 0));
    const low = binary(p, "maximum", finite, at.number("neginf", 3, -largest));
    return binary(p, "minimum", low, at.number("posinf", 2, largest));
  },
  CountNonzero: (p, at) => {
    const bits = cast(p, binary(p, "notEqual", at.tensor(0), 0), "int32");
    return reduce(p, "sum", bits, at.numbers("axis", 1), at.get("keepdims", 2) === true);
  },
  Ptp: (p, at) => {
    const [axes, keep] = [at.numbers("axis", 1), at.get("keepdims", 2) === true];
    return minus(p, reduce(p, "max", at.tensor(0), axes, keep), reduce(p, "min", at.tensor(0), axes, keep));
  },
  Isclose: (p, at) => {
    const [a, b] = both(at);
    const room = plus(p, times(at.number("rtol", 2, 1e-5))(p, unary(p, "abs", b)), at.number("atol", 3, 1e-8));
    return logical(p, "or", binary(p, "equal", a, b), binary(p, "lessEqual", unary(p, "abs", minus(p, a, b)), room));
  },
  "tf.squared_difference": (p, at) => {
    const [a, b] = both(at);
    return unary(p, "square", minus(p, a, b));
  },
  "tf.multiply_no_nan": (p, at) => {
    const [a, b] = both(at);
    return select(p, binary(p, "equal", b, 0), 0, binary(p, "multiply", a, b));
  },
  "tf.add_n": (p, at) => at.list().reduce((sum, x) => plus(p, sum, x)),
};
