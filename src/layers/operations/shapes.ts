import { reshaped, type Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import {
  axisOf,
  broadcastTo,
  cast,
  commonDtype,
  concat,
  flip,
  moveAxis,
  pad,
  repeat,
  slice,
  squeezed,
  stack,
  tile,
  transpose,
} from "../../plan/tensor-ops.ts";
import { sizeOf } from "../../tensor.ts";
import { fillShape } from "../reshaping.ts";
import { all, type OperationPlan } from "./call.ts";
import { getItem } from "./get-item.ts";

/** Operations that move, cut and join. */
export const SHAPE_OPERATIONS: Readonly<Record<string, OperationPlan>> = {
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
    const mode = String(at.get("mode", 2) ?? "constant").toLowerCase();
    const given = at.get("padWidth", 1);
    const list = Array.isArray(given) ? given : [[given, given]];
    const widths = (Array.isArray(list[0]) ? list : [list]) as unknown as [number, number][];
    const margins = all(x).map((axis) => widths[axis] ?? widths[0]!);
    if (mode === "constant") return pad(p, x, margins, at.number("constantValues", 3, 0));
    if (mode !== "reflect" && mode !== "symmetric") throw at.refuse(`mode ${JSON.stringify(mode)}`);
    return margins.reduce((y, margin, axis) => mirrored(p, y, axis, margin, mode === "reflect" ? 1 : 0), x);
  },
  GetItem: getItem,
};

/** Cells before and behind an axis as in a mirror: at its first and last cell (`skip` 1), or just outside them (0). */
function mirrored(p: Planner, x: Value, axis: number, [before, after]: readonly [number, number], skip: 0 | 1): Value {
  const n = x.shape[axis]!;
  const front = before > 0 ? [slice(p, x, axis, before - 1 + skip, before, -1)] : [];
  const back = after > 0 ? [slice(p, x, axis, n - 1 - skip, after, -1)] : [];
  return front.length + back.length > 0 ? concat(p, [...front, x, ...back], axis) : x;
}

function sameDtype(p: Planner, xs: readonly Value[]): Value[] {
  const dtype = commonDtype(xs);
  return xs.map((x) => cast(p, x, dtype));
}

/** An axis cut into equal parts. */
function parts(p: Planner, x: Value, axis: number, count: number): Value[] {
  const size = x.shape[axis]! / count;
  return Array.from({ length: count }, (_, i) => slice(p, x, axis, i * size, size));
}
