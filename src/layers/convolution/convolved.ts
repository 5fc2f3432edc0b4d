import { reshaped, type Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { gather, matmul, pad } from "../../plan/tensor-ops.ts";
import { sizeOf } from "../../tensor.ts";
import type { Window } from "./window.ts";

/** Convolutions as tensor operations, as training takes them: their ways back are those of the operations. */

/** What lies under the windows: [batch, …places, cells · channels] from x [batch, …spatial, channels]. */
export function patches(p: Planner, x: Value, windows: readonly Window[]): Value {
  const margins = windows.map(({ size, before, count, stride, dilation, kernel }): [number, number] => {
    const needed = (count - 1) * stride + (kernel - 1) * dilation + 1;
    return [before, Math.max(0, needed - size - before)];
  });
  let y = pad(p, x, [[0, 0], ...margins, [0, 0]]);
  // One axis after the other, the last one first: what lies under its windows becomes part of the channels.
  for (let axis = windows.length; axis > 0; axis--) {
    const { count, kernel, stride, dilation } = windows[axis - 1]!;
    const lead = y.shape.slice(0, axis);
    const places = y.shape.slice(axis + 1, -1);
    const depth = y.shape.at(-1)!;
    const cell = sizeOf(places) * depth;
    const strides = [y.shape[axis]! * cell, stride * cell, depth, dilation * cell, 1];
    const shape = [sizeOf(lead), count, sizeOf(places), kernel, depth];
    y = reshaped(gather(p, { place: y, strides }, shape, "float32"), [...lead, count, ...places, kernel * depth]);
  }
  return y;
}

/** x [batch, …spatial, channels] under the windows times the kernel [...size, channels, filters]. */
export function convolved(p: Planner, x: Value, kernel: Value, windows: readonly Window[]): Value {
  const filters = kernel.shape.at(-1)!;
  const depth = sizeOf(kernel.shape) / filters;
  return matmul(p, patches(p, x, windows), reshaped(kernel, [depth, filters]));
}
