import { reshaped, type Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import {
  axisOf,
  binary,
  broadcastTo,
  cast,
  commonDtype,
  concat,
  constant,
  filled,
  flip,
  logical,
  logSoftmax,
  matmul,
  moveAxis,
  not,
  pad,
  reduce,
  repeat,
  select,
  slice,
  softmaxOver,
  squeezed,
  stack,
  tile,
  transpose,
  unary,
  unitNorm,
} from "../plan/tensor-ops.ts";
import { type DType, sizeOf } from "../tensor.ts";
import { applyActivation, glu } from "./activation.ts";
import { einsum } from "./einsum.ts";
import type { Json } from "./layer.ts";
import { oneHot } from "./one-hot.ts";
import { dtypeNamed, isTensorArgument, type OperationCall } from "./operation-call.ts";
import { fillShape } from "./reshaping.ts";

type OperationPlan = (p: Planner, at: OperationCall) => Value | readonly Value[];

/** Operations whose arguments are more than tensors, by Keras' class name. */
export const OPERATIONS: Readonly<Record<string, OperationPlan>> = {
  Identity: (_p, at) => at.tensor(0),
  ConvertToTensor: (_p, at) => at.tensor(0),
  StopGradient: (_p, at) => at.tensor(0),
  Cast: (p, at) => cast(p, at.tensor(0), dtypeNamed(at.get("dtype", 1), "float32")),
  Shape: (p, at) => {
    const { shape } = at.tensor(0);
    return constant(p, at.layer, `shape:${shape.join()}`, shape, [shape.length], "int32");
  },

  // Functions with parameters
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
  Sign: (p, at) => {
    const x = at.tensor(0);
    const [up, down] = [binary(p, "less", 0, x), binary(p, "less", x, 0)].map((bits) => cast(p, bits, x.dtype));
    return binary(p, "subtract", up!, down!);
  },
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
    if (order !== 2 && order !== "fro") throw at.refuse(`ord ${JSON.stringify(order)}`);
    return keepOrDrop(unary(p, "sqrt", reduce(p, "sum", unary(p, "square", x), axes, true)), axes, at);
  },
  Normalize: (p, at) => {
    if (at.number("order", 2, 2) !== 2) throw at.refuse("an order other than 2");
    return unitNorm(p, at.tensor(0), at.numbers("axis", 1) ?? [-1], 1e-24);
  },
  Cumsum: (p, at) => {
    const x = cast(p, at.tensor(0), "float32");
    const axis = at.number("axis", 1, 0);
    const n = x.shape.at(axis)!;
    const ones = Array.from({ length: n * n }, (_, i) => Number(i % n <= Math.floor(i / n)));
    const table = constant(p, at.layer, `triangle:${n}`, ones, [n, n]);
    const rows = moveAxis(p, x, axis, -1);
    return moveAxis(p, matmul(p, rows, table, true), -1, axis);
  },
  TopK: topK,

  // Shapes
  Reshape: (_p, at) => {
    const x = at.tensor(0);
    return reshaped(x, fillShape(at.numbers("newshape", 1) ?? [], sizeOf(x.shape), String(at.layer)));
  },
  Transpose: (p, at) => {
    const x = at.tensor(0);
    return transpose(p, x, at.numbers("axes", 1) ?? all(x).reverse());
  },
  Swapaxes: (p, at) => {
    const x = at.tensor(0);
    const [a, b] = [at.number("axis1", 1, 0), at.number("axis2", 2, 1)].map((axis) => axisOf(axis, x.shape.length));
    return transpose(
      p,
      x,
      all(x).map((axis) => (axis === a ? b! : axis === b ? a! : axis)),
    );
  },
  Moveaxis: (p, at) => {
    const from = at.numbers("source", 1) ?? [];
    const to = at.numbers("destination", 2) ?? [];
    if (from.length !== 1 || to.length !== 1) throw at.refuse("several axes");
    return moveAxis(p, at.tensor(0), from[0]!, to[0]!);
  },
  ExpandDims: (_p, at) => {
    const x = at.tensor(0);
    const axes = at.numbers("axis", 1) ?? [0];
    const rank = x.shape.length + axes.length;
    const shape = [...x.shape];
    for (const axis of axes.map((n) => axisOf(n, rank)).sort((a, b) => a - b)) shape.splice(axis, 0, 1);
    return reshaped(x, shape);
  },
  Squeeze: (_p, at) => {
    const x = at.tensor(0);
    const axes = at.numbers("axis", 1) ?? all(x).filter((axis) => x.shape[axis] === 1);
    return reshaped(x, squeezed(x.shape, axes));
  },
  BroadcastTo: (p, at) => broadcastTo(p, at.tensor(0), at.numbers("shape", 1) ?? []),
  Concatenate: (p, at) => concat(p, sameDtype(p, at.list()), at.number("axis", 1, -1)),
  Stack: (p, at) => stack(p, sameDtype(p, at.list()), at.number("axis", 1, 0)),
  Unstack: (p, at) => {
    const x = at.tensor(0);
    const axis = axisOf(at.number("axis", 2, 0), x.shape.length);
    return parts(p, x, axis, x.shape[axis]!).map((part) => reshaped(part, squeezed(part.shape, [axis])));
  },
  Split: (p, at) => {
    const x = at.tensor(0);
    const axis = axisOf(at.number("axis", 2, 0), x.shape.length);
    const given = at.get("indicesOrSections", 1);
    if (typeof given === "number") return parts(p, x, axis, given);
    const cuts = [0, ...(at.numbers("indicesOrSections", 1) ?? []), x.shape[axis]!];
    return cuts.slice(1).map((end, i) => slice(p, x, axis, cuts[i]!, end - cuts[i]!));
  },
  Repeat: (p, at) => {
    const x = at.tensor(0);
    const axis = at.get("axis", 2);
    const times = at.number("repeats", 1, 1);
    return typeof axis === "number" ? repeat(p, x, axis, times) : repeat(p, reshaped(x, [sizeOf(x.shape)]), 0, times);
  },
  Tile: (p, at) => tile(p, at.tensor(0), at.numbers("repeats", 1) ?? []),
  Flip: (p, at) => (at.numbers("axis", 1) ?? all(at.tensor(0))).reduce((x, axis) => flip(p, x, axis), at.tensor(0)),
  Roll: (p, at) => {
    const x = at.tensor(0);
    const axis = at.get("axis", 2);
    if (typeof axis !== "number") throw at.refuse("no single axis");
    const n = x.shape.at(axis)!;
    const by = (((at.number("shift", 1, 0) % n) + n) % n) as number;
    return concat(p, [slice(p, x, axis, n - by, by), slice(p, x, axis, 0, n - by)], axis);
  },
  Pad: (p, at) => {
    const x = at.tensor(0);
    const mode = at.get("mode", 2) ?? "constant";
    if (mode !== "constant") throw at.refuse(`mode ${JSON.stringify(mode)}`);
    const given = at.get("padWidth", 1);
    const list = Array.isArray(given) ? given : [[given, given]];
    const widths = (Array.isArray(list[0]) ? list : [list]) as unknown as [number, number][];
    return pad(
      p,
      x,
      all(x).map((axis) => widths[axis] ?? widths[0]!),
      at.number("constantValues", 3, 0),
    );
  },
  GetItem: getItem,
  Take: (p, at) => {
    const x = at.tensor(0);
    const axis = axisOf(at.number("axis", 2, 0), x.shape.length);
    const given = at.get("indices", 1);
    if (isTensorArgument(given)) throw at.refuse("computed indices");
    const indices = at.numbers("indices", 1) ?? [];
    const n = x.shape[axis]!;
    const rows = indices.map((index) => slice(p, x, axis, index < 0 ? index + n : index, 1));
    const y = concat(p, rows, axis);
    return typeof given === "number" ? reshaped(y, squeezed(y.shape, [axis])) : y;
  },

  // Made from others
  ZerosLike: (p, at) => filled(p, at.tensor(0).shape, 0, likeDtype(at)),
  OnesLike: (p, at) => filled(p, at.tensor(0).shape, 1, likeDtype(at)),
  FullLike: (p, at) => broadcastTo(p, cast(p, at.tensor(1, "fillValue"), likeDtype(at)), at.tensor(0).shape),
  OneHot: (p, at) => {
    const x = at.tensor(0);
    const hot = oneHot(p, x, at.number("numClasses", 1, 0));
    return moveAxis(p, cast(p, hot, dtypeNamed(at.get("dtype"), "float32")), -1, at.number("axis", 2, -1));
  },

  // Products
  Matmul: (p, at) => {
    const [a, b] = [at.tensor(0, "x1"), at.tensor(1, "x2")];
    const left = at.get("transposeA") === true ? moveAxis(p, a, -1, -2) : a;
    return matmul(p, left, b, at.get("transposeB") === true);
  },
  Dot: (p, at) => {
    const [a, b] = [at.tensor(0, "x1"), at.tensor(1, "x2")];
    if (b.shape.length > 2) throw at.refuse("a right side of more than two axes");
    return matmul(p, a, b);
  },
  Einsum: (p, at) => {
    const tensors = at.list();
    if (tensors.length !== 2) throw at.refuse("other than two operands");
    return einsum(p, String(at.get("subscripts")), tensors[0]!, tensors[1]!, String(at.layer));
  },
};

const all = (x: Value): number[] => x.shape.map((_, i) => i);

const likeDtype = (at: OperationCall): DType => dtypeNamed(at.get("dtype"), at.tensor(0).dtype);

function sameDtype(p: Planner, xs: readonly Value[]): Value[] {
  const dtype = commonDtype(xs);
  return xs.map((x) => cast(p, x, dtype));
}

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

/** An axis cut into equal parts. */
function parts(p: Planner, x: Value, axis: number, count: number): Value[] {
  const size = x.shape[axis]! / count;
  return Array.from({ length: count }, (_, i) => slice(p, x, axis, i * size, size));
}

/** The k largest of the last axis and their places; equal ones in order. A step in JavaScript: it sorts. */
function topK(p: Planner, at: OperationCall): readonly Value[] {
  const x = cast(p, at.tensor(0), "float32");
  const k = at.number("k", 1, 1);
  const width = x.shape.at(-1)!;
  const rows = sizeOf(x.shape) / width;
  const shape = [...x.shape.slice(0, -1), k];
  const [values, places] = [p.tensor(shape), p.tensor(shape, "int32")];
  p.host([values, places, x], ({ f32, i32 }, [to, toPlaces, from]) => {
    for (let row = 0; row < rows; row++) {
      const own = f32.subarray(from! / 4 + row * width, from! / 4 + (row + 1) * width);
      const order = Array.from(own, (_, i) => i).sort((a, b) => own[b]! - own[a]! || a - b);
      for (let i = 0; i < k; i++) {
        f32[to! / 4 + row * k + i] = own[order[i]!]!;
        i32[toPlaces! / 4 + row * k + i] = order[i]!;
      }
    }
  });
  return [values, places];
}

interface SliceSpec {
  readonly start?: number | null;
  readonly stop?: number | null;
  readonly step?: number | null;
}

/** numpy's indexing with numbers, slices, `...` and new axes. */
function getItem(p: Planner, at: OperationCall): Value {
  let x = at.tensor(0);
  const key = at.get("key", 1);
  const items = (Array.isArray(key) ? key : [key]) as readonly Json[];
  const isEllipsis = (item: Json) => classOf(item) === "__ellipsis__";
  const taken = items.filter((item) => item !== null && !isEllipsis(item)).length;
  const drop: number[] = [];
  let axis = 0;
  for (const item of items) {
    if (isEllipsis(item)) axis += x.shape.length - countNew(items, items.indexOf(item)) - taken;
    else if (item === null) {
      x = reshaped(x, [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)]);
      axis++;
    } else if (typeof item === "number") {
      const n = x.shape[axis] ?? 0;
      const index = item < 0 ? item + n : item;
      if (!Number.isInteger(index) || index < 0 || index >= n) throw at.refuse(`the index ${item} of an axis of ${n}`);
      x = slice(p, x, axis, index, 1);
      drop.push(axis++);
    } else if (classOf(item) === "__slice__") {
      x = sliced(p, x, axis++, (item as unknown as { config: SliceSpec }).config);
    } else {
      throw at.refuse(`the index ${isTensorArgument(item) ? "given by a tensor" : JSON.stringify(item)}`);
    }
  }
  return reshaped(x, squeezed(x.shape, drop));
}

/** New axes before a place: those that the tensor has got by then. */
function countNew(items: readonly Json[], before: number): number {
  return items.slice(0, before).filter((item) => item === null).length;
}

function classOf(item: Json): unknown {
  return typeof item === "object" && item !== null && "className" in item ? item.className : undefined;
}

/** Python's `start:stop:step`. */
function sliced(p: Planner, x: Value, axis: number, { start, stop, step }: SliceSpec): Value {
  const n = x.shape[axis]!;
  const by = step ?? 1;
  const clamp = (value: number, low: number, high: number) =>
    Math.min(Math.max(value < 0 ? value + n : value, low), high);
  const from = start == null ? (by > 0 ? 0 : n - 1) : clamp(start, by > 0 ? 0 : -1, by > 0 ? n : n - 1);
  const to = stop == null ? (by > 0 ? n : -1) : clamp(stop, by > 0 ? 0 : -1, by > 0 ? n : n - 1);
  return slice(p, x, axis, from, Math.max(0, Math.ceil((to - from) / by)), by);
}
