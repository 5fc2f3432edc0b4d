import { reshaped, type Value } from "../../plan/buffer.ts";
import type { HostOp, Planner } from "../../plan/planner.ts";
import {
  axisOf,
  binary,
  broadcastTo,
  cast,
  concat,
  constant,
  moveAxis,
  reduce,
  slice,
  transpose,
} from "../../plan/tensor-ops.ts";
import { sizeOf } from "../../tensor.ts";
import { isTensorArgument, type OperationCall, type OperationPlan } from "./call.ts";
import { knownNumbers } from "./known-numbers.ts";

/** Rows of a table by number, [batch, table rows, width] and [batch, count] to [batch, count, width]: copies, in JavaScript. */
export function gatherRows(p: Planner, x: Value, indices: Value): Value {
  const [batch, limit, width] = x.shape as [number, number, number];
  const count = indices.shape[1]!;
  const y = p.tensor([batch, count, width], x.dtype);
  const size = (x.dtype === "bool" ? 1 : 4) * width;
  const copy: HostOp["run"] = ({ u8, i32 }, [to, from, at]) => {
    for (let i = 0; i < batch * count; i++) {
      const index = i32[(at! >> 2) + i]!;
      const row = index < 0 ? index + limit : index;
      const place = from! + (Math.floor(i / count) * limit + row) * size;
      u8.copyWithin(to! + i * size, place, place + size);
    }
  };
  p.host([y, x, indices], copy, { kernel: "takeRows", args: { y, x, indices, batch, count, limit, width } });
  return y;
}

/** Numbers from 0 on; negative ones count from the end and are kept inside. */
function wrapped(p: Planner, indices: Value, limit: number, at: OperationCall): Value {
  const whole = cast(p, indices, "int32");
  const negative = cast(p, binary(p, "less", whole, 0), "int32");
  const shifted = binary(p, "add", whole, binary(p, "multiply", negative, limit));
  p.checkIndices({ indices: shifted, limit, owner: String(at.layer) });
  return shifted;
}

/** x at computed places of one axis; the first `batchDims` axes of both go together. */
export function gatherAxis(
  p: Planner,
  at: OperationCall,
  x: Value,
  indices: Value,
  axis: number,
  batchDims = 0,
): Value {
  const lead = x.shape.slice(0, batchDims);
  const between = x.shape.slice(batchDims, axis);
  const n = x.shape[axis]!;
  const rest = x.shape.slice(axis + 1);
  // [lead, n, between · rest]
  const order = x.shape.map((_, i) => i).filter((i) => i !== axis);
  order.splice(batchDims, 0, axis);
  const moved = transpose(p, x, order);
  const own = indices.shape.slice(batchDims);
  const rows = gatherRows(
    p,
    reshaped(moved, [sizeOf(lead), n, sizeOf(between) * sizeOf(rest)]),
    reshaped(wrapped(p, indices, n, at), [sizeOf(lead), sizeOf(own)]),
  );
  const parted = reshaped(rows, [sizeOf(lead), sizeOf(own), sizeOf(between), sizeOf(rest)]);
  return reshaped(transpose(p, parted, [0, 2, 1, 3]), [...lead, ...between, ...own, ...rest]);
}

/** The order that sorts rows of the last axis, equal ones in their order. Steps in JavaScript. */
export function order(p: Planner, x: Value, descending: boolean): Value {
  const width = x.shape.at(-1)!;
  const rows = sizeOf(x.shape) / Math.max(width, 1);
  const y = p.tensor(x.shape, "int32");
  const sort: HostOp["run"] = ({ f32, i32 }, [to, from]) => {
    for (let row = 0; row < rows; row++) {
      const own = f32.subarray(from! / 4 + row * width, from! / 4 + (row + 1) * width);
      const sorted = Array.from(own, (_, i) => i).sort((a, b) => own[a]! - own[b]! || a - b);
      if (descending) sorted.sort((a, b) => own[b]! - own[a]! || a - b);
      i32.set(sorted, to! / 4 + row * width);
    }
  };
  p.host([y, x], sort, { kernel: "order", args: { y, x } });
  return y;
}

function sorted(p: Planner, at: OperationCall, values: boolean): Value {
  const given = at.tensor(0);
  const axis = at.number("axis", 1, -1);
  const x = moveAxis(p, cast(p, given, "float32"), axis, -1);
  const places = order(p, x, String(at.get("direction", 2) ?? "ASCENDING").toUpperCase() === "DESCENDING");
  if (!values) return moveAxis(p, places, -1, axis);
  const width = x.shape.at(-1)!;
  const rows = [sizeOf(x.shape) / width, width];
  const y = gatherRows(p, reshaped(x, [...rows, 1]), reshaped(places, rows));
  return moveAxis(p, cast(p, reshaped(y, x.shape), given.dtype), -1, axis);
}

/** The value in the middle of an axis, or the mean of the two. */
function median(p: Planner, at: OperationCall): Value {
  const x = cast(p, at.tensor(0), "float32");
  const axes = (at.numbers("axis", 1) ?? x.shape.map((_, i) => i)).map((axis) => axisOf(axis, x.shape.length));
  const others = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const lead = others.map((axis) => x.shape[axis]!);
  const width = sizeOf(axes.map((axis) => x.shape[axis]!));
  const rows = reshaped(transpose(p, x, [...others, ...axes]), [sizeOf(lead), width]);
  const inOrder = gatherRows(p, reshaped(rows, [sizeOf(lead), width, 1]), order(p, rows, false));
  const two = [Math.floor((width - 1) / 2), Math.floor(width / 2)].map((i) => slice(p, inOrder, 1, i, 1));
  const kept = at.get("keepdims", 2) === true ? x.shape.map((n, i) => (axes.includes(i) ? 1 : n)) : lead;
  return reshaped(reduce(p, "mean", concat(p, two, 1), [1]), kept);
}

/** x at places of one axis: cut out where they are known, else computed. */
function take(p: Planner, at: OperationCall): Value {
  const x = at.tensor(0);
  const given = at.get("indices", 1);
  if (at.get("axis", 2) == null && x.shape.length > 1) {
    const flat = reshaped(x, [sizeOf(x.shape)]);
    return gatherAxis(p, at, flat, at.tensor(1, "indices", flat), 0);
  }
  const axis = axisOf(at.number("axis", 2, 0), x.shape.length);
  const fixed = knownNumbers(given);
  const depth = Array.isArray(given) ? given.length : 0;
  if (!fixed || (depth > 0 && fixed.length !== depth)) {
    const indices = isTensorArgument(given) ? given : at.constantOf(given, "indices", ZERO);
    return gatherAxis(p, at, x, indices, axis, at.number("batchDims", 9, 0));
  }
  const n = x.shape[axis]!;
  const y = concat(
    p,
    fixed.map((index) => slice(p, x, axis, index < 0 ? index + n : index, 1)),
    axis,
  );
  const isOne = typeof given === "number" || (isTensorArgument(given) && given.shape.length === 0);
  return isOne ? reshaped(y, [...x.shape.slice(0, axis), ...x.shape.slice(axis + 1)]) : y;
}

/** Operations that pick elements by number, and those that sort. */
export const GATHER_OPERATIONS: Readonly<Record<string, OperationPlan>> = {
  Take: take,
  "tf.gather": take,
  TakeAlongAxis: (p, at) => {
    const x = at.tensor(0);
    const indices = at.tensor(1, "indices", ZERO);
    const axis = axisOf(at.number("axis", 2, -1), x.shape.length);
    const full = x.shape.map((n, i) => (i === axis ? indices.shape[i]! : n));
    const [from, where] = [x, broadcastTo(p, cast(p, indices, "int32"), full)].map((v) => moveAxis(p, v, axis, -1));
    const rows = sizeOf(from!.shape.slice(0, -1));
    const y = gatherRows(
      p,
      reshaped(from!, [rows, x.shape[axis]!, 1]),
      reshaped(wrapped(p, where!, x.shape[axis]!, at), [rows, indices.shape[axis]!]),
    );
    return moveAxis(p, reshaped(y, where!.shape), -1, axis);
  },
  /** The last axis of the indices names places along the first axes of x. */
  "tf.gather_nd": (p, at) => {
    const x = at.tensor(0);
    const indices = cast(p, at.tensor(1, "indices", ZERO), "int32");
    const depth = indices.shape.at(-1)!;
    const lead = x.shape.slice(0, depth);
    const strides = lead.map((_, i) => sizeOf(lead.slice(i + 1)));
    const weights = constant(p, at.layer, `strides:${strides.join()}`, strides, [depth], "int32");
    const flat = reduce(p, "sum", binary(p, "multiply", indices, weights), [-1]);
    const rest = x.shape.slice(depth);
    return gatherAxis(p, at, reshaped(x, [sizeOf(lead), ...rest]), flat, 0);
  },
  Sort: (p, at) => sorted(p, at, true),
  "tf.sort": (p, at) => sorted(p, at, true),
  Argsort: (p, at) => sorted(p, at, false),
  "tf.argsort": (p, at) => sorted(p, at, false),
  Median: median,
};

const ZERO = { dtype: "int32" } as Value;
