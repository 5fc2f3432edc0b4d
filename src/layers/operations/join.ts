import { reshaped, type Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import {
  advanced,
  axisOf,
  binary,
  broadcastTo,
  cast,
  concat,
  constant,
  flip,
  gather,
  matmul,
  moveAxis,
  reduce,
  select,
  slice,
  squeezed,
  stridesOf,
  transpose,
  unary,
} from "../../plan/tensor-ops.ts";
import { sizeOf } from "../../tensor.ts";
import { resize } from "../convolution/resizing.ts";
import { encode } from "../preprocessing/encoding.ts";
import { all, type OperationCall, type OperationPlan } from "./call.ts";

/** The sum of products over some axes of both: numpy's tensordot. */
function tensordot(p: Planner, a: Value, b: Value, axesOfA: readonly number[], axesOfB: readonly number[]): Value {
  const [left, right] = [
    axesOfA.map((axis) => axisOf(axis, a.shape.length)),
    axesOfB.map((axis) => axisOf(axis, b.shape.length)),
  ];
  const [keptA, keptB] = [all(a).filter((i) => !left.includes(i)), all(b).filter((i) => !right.includes(i))];
  const sizes = (x: Value, axes: readonly number[]) => axes.map((axis) => x.shape[axis]!);
  const k = sizeOf(sizes(a, left));
  const rows = reshaped(transpose(p, a, [...keptA, ...left]), [sizeOf(sizes(a, keptA)), k]);
  const columns = reshaped(transpose(p, b, [...right, ...keptB]), [k, sizeOf(sizes(b, keptB))]);
  return reshaped(matmul(p, rows, columns), [...sizes(a, keptA), ...sizes(b, keptB)]);
}

/** Keras' `batch_dot`: a product along one axis of each, row of the batch by row. */
function batchDot(p: Planner, at: OperationCall): Value {
  const [a, b] = [at.tensor(0, "x"), at.tensor(1, "y")];
  const given = at.numbers("axes", 2) ?? [a.shape.length - 1, b.shape.length > 2 ? b.shape.length - 2 : 1];
  const [first, second] = [axisOf(given[0]!, a.shape.length), axisOf(given[1] ?? given[0]!, b.shape.length)];
  const [left, right] = [moveAxis(p, a, first, -1), moveAxis(p, b, second, 1)];
  const [batch, k] = right.shape as [number, number];
  const [rows, columns] = [left.shape.slice(1, -1), right.shape.slice(2)];
  const y = matmul(p, reshaped(left, [batch, sizeOf(rows), k]), reshaped(right, [batch, k, sizeOf(columns)]));
  const shape = [batch, ...rows, ...columns];
  return reshaped(y, shape.length === 1 ? [batch, 1] : shape);
}

/** The lower (or upper) triangle of the last two axes; zeros elsewhere. */
function triangle(p: Planner, at: OperationCall, lower: boolean): Value {
  const x = at.tensor(0);
  const k = at.number("k", 1, 0);
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const data = Array.from({ length: rows * columns }, (_, i) => {
    const distance = (i % columns) - Math.floor(i / columns);
    return Number(lower ? distance <= k : distance >= k);
  });
  const mask = constant(p, at.layer, `triangle:${lower}:${k}:${rows}:${columns}`, data, [rows, columns], "bool");
  return select(p, mask, x, 0);
}

/** Products of all elements up to each one along an axis. */
function products(p: Planner, at: OperationCall): Value {
  const x = at.tensor(0);
  const axis = axisOf(at.number("axis", 1, 0), x.shape.length);
  const cells: Value[] = [];
  for (let i = 0; i < x.shape[axis]!; i++) {
    const cell = slice(p, x, axis, i, 1);
    cells.push(i === 0 ? cell : binary(p, "multiply", cells[i - 1]!, cell));
  }
  return concat(p, cells, axis);
}

function differences(p: Planner, at: OperationCall): Value {
  let x = at.tensor(0);
  const axis = axisOf(at.number("axis", 2, -1), x.shape.length);
  for (let i = 0; i < at.number("n", 1, 1); i++) {
    const n = x.shape[axis]! - 1;
    x = binary(p, "subtract", slice(p, x, axis, 1, n), slice(p, x, axis, 0, n));
  }
  return x;
}

function average(p: Planner, at: OperationCall): Value {
  const x = at.tensor(0);
  const axis = at.get("axis", 1);
  const given = at.get("weights", 2);
  const axes = typeof axis === "number" ? [axisOf(axis, x.shape.length)] : all(x);
  if (given == null) return reduce(p, "mean", x, axes);
  const weights = at.tensor(2, "weights");
  const isRow = weights.shape.length === 1 && x.shape.length > 1;
  const wide = isRow
    ? reshaped(
        weights,
        all(x).map((i) => (axes.includes(i) ? x.shape[i]! : 1)),
      )
    : weights;
  const total = reduce(p, "sum", wide, isRow ? undefined : axes);
  return binary(p, "divide", reduce(p, "sum", binary(p, "multiply", x, wide), axes), total);
}

function diagonal(p: Planner, at: OperationCall): Value {
  const x = at.tensor(0);
  const offset = at.number("offset", 1, 0);
  const [a, b] = [axisOf(at.number("axis1", 2, 0), x.shape.length), axisOf(at.number("axis2", 3, 1), x.shape.length)];
  const strides = stridesOf(x.shape);
  const [row, column] = offset >= 0 ? [0, offset] : [-offset, 0];
  const count = Math.max(0, Math.min(x.shape[a]! - row, x.shape[b]! - column));
  const others = all(x).filter((i) => i !== a && i !== b);
  const place = advanced(x, row * strides[a]! + column * strides[b]!, x.dtype);
  const view = { place, strides: [...others.map((i) => strides[i]!), strides[a]! + strides[b]!] };
  return gather(p, view, [...others.map((i) => x.shape[i]!), count], x.dtype);
}

/** The arrays of a list, those of one axis as rows where `along` is the first of two axes. */
function stackedAlong(p: Planner, at: OperationCall, vertical: boolean): Value {
  const xs = at.list();
  const flat = xs[0]!.shape.length === 1;
  if (vertical) return concat(p, flat ? xs.map((x) => reshaped(x, [1, ...x.shape])) : xs, 0);
  return concat(p, xs, flat ? 0 : 1);
}

/** A part by where it starts and how large it is; a size of −1 is all that is left. */
function cut(p: Planner, at: OperationCall): Value {
  const starts = at.numbers("startIndices", 1) ?? [];
  const sizes = at.numbers("shape", 2) ?? [];
  return starts.reduce((x, start, axis) => {
    const size = sizes[axis]!;
    return slice(p, x, axis, start, size < 0 ? x.shape[axis]! - start : size);
  }, at.tensor(0));
}

/** Operations of several tensors, and those made of cuts, sums and products. */
export const JOIN_OPERATIONS: Readonly<Record<string, OperationPlan>> = {
  Append: (p, at) => {
    const xs = [at.tensor(0, "x1"), at.tensor(1, "x2")];
    const axis = at.get("axis", 2);
    if (typeof axis === "number") return concat(p, xs, axis);
    return concat(
      p,
      xs.map((x) => reshaped(x, [sizeOf(x.shape)])),
      0,
    );
  },
  Average: average,
  Cumprod: products,
  Diagonal: diagonal,
  Trace: (p, at) => reduce(p, "sum", diagonal(p, at), [-1]),
  Diff: differences,
  ExtractSequences: (p, at) => {
    const x = at.tensor(0);
    const [length, step] = [at.number("sequenceLength", 1, 1), at.number("sequenceStride", 2, 1)];
    const n = x.shape.at(-1)!;
    const lead = x.shape.slice(0, -1);
    const count = Math.floor((n - length) / step) + 1;
    const frames = gather(p, { place: x, strides: [n, step, 1] }, [sizeOf(lead), count, length], x.dtype);
    return reshaped(frames, [...lead, count, length]);
  },
  Fliplr: (p, at) => flip(p, at.tensor(0), 1),
  Flipud: (p, at) => flip(p, at.tensor(0), 0),
  Hstack: (p, at) => stackedAlong(p, at, false),
  Vstack: (p, at) => stackedAlong(p, at, true),
  Inner: (p, at) => tensordot(p, at.tensor(0, "x1"), at.tensor(1, "x2"), [-1], [-1]),
  Moments: (p, at) => {
    const x = at.tensor(0);
    const axes = at.numbers("axes", 1) ?? all(x);
    const mean = reduce(p, "mean", x, axes, true);
    const variance = reduce(p, "mean", unary(p, "square", binary(p, "subtract", x, mean)), axes, true);
    if (at.get("keepdims", 2) === true) return [mean, variance];
    return [mean, variance].map((value) => reshaped(value, squeezed(value.shape, axes)));
  },
  MultiHot: (p, at) => encode(p, at.tensor(0, "inputs"), "multi_hot", at.number("numClasses", 1, 1)),
  Outer: (p, at) => {
    const [a, b] = [at.tensor(0, "x1"), at.tensor(1, "x2")];
    return binary(p, "multiply", reshaped(a, [sizeOf(a.shape), 1]), reshaped(b, [1, sizeOf(b.shape)]));
  },
  Ravel: (_p, at) => reshaped(at.tensor(0), [sizeOf(at.tensor(0).shape)]),
  Resize: (p, at) => {
    const method = at.get("interpolation", 2) ?? "bilinear";
    const [x, size] = [cast(p, at.tensor(0), "float32"), at.numbers("size", 1) ?? []];
    if ((method !== "bilinear" && method !== "nearest") || at.get("antialias") === true || x.shape.length !== 4) {
      throw at.refuse(`interpolation ${JSON.stringify(method)}, antialias or other than four axes`);
    }
    if (at.get("dataFormat") === "channels_first") throw at.refuse("channels first");
    return resize(p, x, size as [number, number], method);
  },
  Slice: cut,
  "tf.slice": cut,
  Tensordot: (p, at) => {
    const [a, b] = [at.tensor(0, "x1"), at.tensor(1, "x2")];
    const axes = at.get("axes", 2) ?? 2;
    if (typeof axes === "number") {
      const count = Array.from({ length: axes }, (_, i) => i);
      return tensordot(
        p,
        a,
        b,
        count.map((i) => i - axes),
        count,
      );
    }
    const [left, right] = (axes as readonly unknown[]).map((side) => [side].flat() as number[]);
    return tensordot(p, a, b, left!, right!);
  },
  Tril: (p, at) => triangle(p, at, true),
  Triu: (p, at) => triangle(p, at, false),
  Vdot: (p, at) => {
    const [a, b] = [at.tensor(0, "x1"), at.tensor(1, "x2")];
    return reduce(p, "sum", binary(p, "multiply", reshaped(a, [sizeOf(a.shape)]), reshaped(b, [sizeOf(b.shape)])));
  },
  "tf.batch_dot": batchDot,
  "tf.batch_flatten": (_p, at) => {
    const { shape } = at.tensor(0);
    return reshaped(at.tensor(0), [shape[0]!, sizeOf(shape.slice(1))]);
  },
  "tf.euclidean_norm": (p, at) => {
    const squares = reduce(
      p,
      "sum",
      unary(p, "square", at.tensor(0)),
      at.numbers("axis", 1),
      at.get("keepdims", 2) === true,
    );
    return unary(p, "sqrt", squares);
  },
  "tf.repeat_vector": (p, at) => {
    const x = at.tensor(0);
    const [batch, width] = x.shape as [number, number];
    return broadcastTo(p, reshaped(x, [batch, 1, width]), [batch, at.number("n", 1, 1), width]);
  },
  "tf.sequence_mask": (p, at) => {
    const lengths = cast(p, at.tensor(0), "float32");
    const most = at.number("maxlen", 1, -1);
    if (most < 0) throw at.refuse("no maxlen");
    const row = constant(
      p,
      at.layer,
      `places:${most}`,
      Array.from({ length: most }, (_, i) => i),
      [most],
    );
    return binary(p, "less", row, reshaped(lengths, [...lengths.shape, 1]));
  },
};
