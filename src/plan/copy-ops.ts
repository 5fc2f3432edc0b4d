import { ShapeError, UnsupportedLayerError } from "../errors.ts";
import { type DType, formatShape, type Shape, sizeOf } from "../tensor.ts";
import { bytesOf, type Place, reshaped, type Value } from "./buffer.ts";
import type { Planner } from "./planner.ts";

/** A tensor somewhere in a buffer: strides count elements and may be zero or negative. */
export interface View {
  readonly place: Place;
  readonly strides: readonly number[];
}

/** Row-major strides of a dense tensor, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Axis −1 is the last one. */
export function axisOf(axis: number, rank: number): number {
  const at = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(at) && at >= 0 && at < rank) return at;
  throw new ShapeError(`the axis ${axis} does not exist in a tensor of ${rank} dimensions.`);
}

/** The place `elements` further on. */
export function advanced(place: Place, elements: number, dtype: DType): Place {
  return { buffer: place.buffer, offset: place.offset + elements * bytesOf(dtype) };
}

/** The fewest axes that describe the same walk for all operands: axes of one vanish, neighbours in step merge. */
export function collapse(shape: Shape, ...operands: readonly (readonly number[])[]) {
  const sizes: number[] = [];
  const strides: number[][] = operands.map(() => []);
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis]!;
    if (size === 1) continue;
    const last = sizes.length - 1;
    if (last >= 0 && operands.every((own, i) => strides[i]![last] === own[axis]! * size)) {
      sizes[last]! *= size;
      for (const [i, own] of operands.entries()) strides[i]![last] = own[axis]!;
    } else {
      sizes.push(size);
      for (const [i, own] of operands.entries()) strides[i]!.push(own[axis]!);
    }
  }
  return { sizes, strides };
}

/** Copies `shape` elements from one layout to another. */
export function copyView(p: Planner, to: View, from: View, shape: Shape, dtype: DType): void {
  const { sizes, strides } = collapse(shape, to.strides, from.strides);
  const missing = 6 - sizes.length;
  if (missing < 0) {
    throw new UnsupportedLayerError(`A tensor of more than 6 axes cannot be rearranged: ${formatShape(shape)}.`);
  }
  const fill = (list: readonly number[], by: number) => [...new Array<number>(missing).fill(by), ...list];
  const args: Record<string, number | Place> = { y: to.place, x: from.place, bytes: bytesOf(dtype) };
  const lists = { n: fill(sizes, 1), y: fill(strides[0]!, 1), x: fill(strides[1]!, 1) };
  for (const [name, list] of Object.entries(lists)) for (const [i, n] of list.entries()) args[name + i] = n;
  p.emit("copyStrided", args as never);
}

/** A dense copy of a view. */
export function gather(p: Planner, from: View, shape: Shape, dtype: DType): Value {
  const y = p.tensor(shape, dtype);
  copyView(p, { place: y, strides: stridesOf(shape) }, from, shape, dtype);
  return y;
}

/** Reorders axes: axis i of the result is axis `order[i]` of x. */
export function transpose(p: Planner, x: Value, order: readonly number[]): Value {
  const strides = stridesOf(x.shape);
  const axes = order.map((axis) => axisOf(axis, x.shape.length));
  if (axes.length !== strides.length || new Set(axes).size !== strides.length) {
    throw new ShapeError(`the axes [${order.join(", ")}] are no order of those of ${formatShape(x.shape)}.`);
  }
  const shape = axes.map((axis) => x.shape[axis]!);
  const moved = axes.filter((axis) => x.shape[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) return reshaped(x, shape);
  return gather(p, { place: x, strides: axes.map((axis) => strides[axis]!) }, shape, x.dtype);
}

/** One axis to another place; the others keep their order. */
export function moveAxis(p: Planner, x: Value, from: number, to: number): Value {
  const order = x.shape.map((_, i) => i);
  const [axis] = order.splice(axisOf(from, x.shape.length), 1);
  order.splice(axisOf(to, x.shape.length), 0, axis!);
  return transpose(p, x, order);
}

/** `size` elements of one axis from `start` on, every `step`-th; a negative step walks back. */
export function slice(p: Planner, x: Value, axis: number, start: number, size: number, step = 1): Value {
  const at = axisOf(axis, x.shape.length);
  if (start === 0 && step === 1 && size === x.shape[at]) return x;
  const strides = stridesOf(x.shape);
  const shape = x.shape.map((n, i) => (i === at ? size : n));
  const place = advanced(x, size > 0 ? start * strides[at]! : 0, x.dtype);
  if (step === 1 && sizeOf(x.shape.slice(0, at)) === 1) return { ...place, shape, dtype: x.dtype };
  strides[at]! *= step;
  return gather(p, { place, strides }, shape, x.dtype);
}

/** Reverses one axis. */
export function flip(p: Planner, x: Value, axis: number): Value {
  const n = x.shape[axisOf(axis, x.shape.length)]!;
  return slice(p, x, axis, Math.max(n - 1, 0), n, -1);
}

/** Strides with which x is read as `shape`, by numpy's rule. */
export function broadcastStrides(x: Value, shape: Shape): number[] {
  const missing = shape.length - x.shape.length;
  const own = stridesOf(x.shape);
  return shape.map((n, i) => {
    const size = i < missing ? 1 : x.shape[i - missing]!;
    if (missing < 0 || (size !== n && size !== 1)) {
      throw new ShapeError(`${formatShape(x.shape)} cannot be broadcast to ${formatShape(shape)}.`);
    }
    return size === 1 ? 0 : own[i - missing]!;
  });
}

/** The shape that numpy gives to an operation on all of these. @throws {ShapeError} If they do not fit each other. */
export function broadcastShape(shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) => {
    let size = 1;
    for (const shape of shapes) {
      const n = shape[i - rank + shape.length] ?? 1;
      if (n !== 1 && size !== 1 && n !== size) {
        throw new ShapeError(`the shapes ${shapes.map(formatShape).join(" and ")} do not fit each other.`);
      }
      if (n !== 1) size = n;
    }
    return size;
  });
}

/** x spread out to `shape`; x itself where it has it. */
export function broadcastTo(p: Planner, x: Value, shape: Shape): Value {
  if (sizeOf(x.shape) === sizeOf(shape) && x.shape.length <= shape.length) return reshaped(x, shape);
  return gather(p, { place: x, strides: broadcastStrides(x, shape) }, shape, x.dtype);
}

/** Joins along an axis; all other sizes must be equal. */
export function concat(p: Planner, xs: readonly Value[], axis: number): Value {
  const first = xs[0];
  if (!first) throw new ShapeError("there is nothing to concatenate.");
  const at = axisOf(axis, first.shape.length);
  const shape = [...first.shape];
  shape[at] = 0;
  for (const x of xs) {
    if (x.shape.length !== shape.length || x.shape.some((n, i) => i !== at && n !== shape[i])) {
      throw new ShapeError(
        `the shapes ${xs.map((v) => formatShape(v.shape)).join(" and ")} must agree in all axes but ${at}.`,
      );
    }
    shape[at]! += x.shape[at]!;
  }
  const y = p.tensor(shape, first.dtype);
  const strides = stridesOf(shape);
  let offset = 0;
  for (const x of xs) {
    copyView(
      p,
      { place: advanced(y, offset * strides[at]!, y.dtype), strides },
      { place: x, strides: stridesOf(x.shape) },
      x.shape,
      y.dtype,
    );
    offset += x.shape[at]!;
  }
  return y;
}

/** Joins along a new axis. */
export function stack(p: Planner, xs: readonly Value[], axis: number): Value {
  const rank = (xs[0]?.shape.length ?? 0) + 1;
  const at = axisOf(axis, rank);
  return concat(
    p,
    xs.map((x) => reshaped(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)])),
    at,
  );
}

/** Every element of an axis `times` times in a row. */
export function repeat(p: Planner, x: Value, axis: number, times: number): Value {
  const at = axisOf(axis, x.shape.length);
  const [before, rest] = [x.shape.slice(0, at + 1), x.shape.slice(at + 1)];
  const inner = reshaped(x, [...before, 1, ...rest]);
  const wide = broadcastTo(p, inner, [...before, times, ...rest]);
  return reshaped(
    wide,
    x.shape.map((n, i) => (i === at ? n * times : n)),
  );
}

/** The whole tensor `times[i]` times along axis i. */
export function tile(p: Planner, x: Value, times: readonly number[]): Value {
  const rank = Math.max(x.shape.length, times.length);
  const pad = (list: readonly number[]) => [...new Array<number>(rank - list.length).fill(1), ...list];
  const shape = pad(x.shape);
  const all = pad(times);
  const inner = reshaped(
    x,
    shape.flatMap((n) => [1, n]),
  );
  const wide = broadcastTo(
    p,
    inner,
    shape.flatMap((n, i) => [all[i]!, n]),
  );
  return reshaped(
    wide,
    shape.map((n, i) => n * all[i]!),
  );
}

/** Adds cells of `value` before and after along each axis; negative numbers crop. */
export function pad(p: Planner, x: Value, margins: readonly (readonly [number, number])[], value = 0): Value {
  if (margins.every(([before, after]) => before === 0 && after === 0)) return x;
  const shape = x.shape.map((n, i) => Math.max(0, n + margins[i]![0] + margins[i]![1]));
  const grows = margins.some(([before, after]) => before > 0 || after > 0);
  const y = grows ? filled(p, shape, value, x.dtype) : p.tensor(shape, x.dtype);
  const from = stridesOf(x.shape);
  const to = stridesOf(shape);
  let skip = 0;
  let start = 0;
  const kept = x.shape.map((n, i) => {
    const [before, after] = margins[i]!;
    if (before < 0) skip -= before * from[i]!;
    else start += before * to[i]!;
    return Math.max(0, n + Math.min(before, 0) + Math.min(after, 0));
  });
  if (sizeOf(kept) > 0) {
    copyView(
      p,
      { place: advanced(y, start, x.dtype), strides: to },
      { place: advanced(x, skip, x.dtype), strides: from },
      kept,
      x.dtype,
    );
  }
  return y;
}

const SCALARS = {};

/** A number as a tensor without axes. */
export function scalar(p: Planner, value: number, dtype: DType = "float32"): Value {
  return constant(p, SCALARS, `${dtype}:${Object.is(value, -0) ? "-0" : value}`, [value], [], dtype);
}

/**
 * Numbers kept with the model's weights under `owner` and `key`.
 *
 * @param data - A function where they come from weights: it is asked again when these have changed.
 */
export function constant(
  p: Planner,
  owner: object,
  key: string,
  data: ArrayLike<number> | (() => ArrayLike<number>),
  shape: Shape,
  dtype: DType = "float32",
): Value {
  const buffer = p.store.constant(owner, key, sizeOf(shape) * bytesOf(dtype), (engine, address) => {
    const { f32, i32, u8 } = engine.memory;
    const now = typeof data === "function" ? data() : data;
    if (dtype === "bool") u8.set(now, address);
    else (dtype === "int32" ? i32 : f32).set(now, address >> 2);
  });
  return { buffer, offset: 0, shape, dtype };
}

/** A new tensor that holds one number everywhere. */
export function filled(p: Planner, shape: Shape, value: number, dtype: DType = "float32"): Value {
  return gather(p, { place: scalar(p, value, dtype), strides: shape.map(() => 0) }, shape, dtype);
}
