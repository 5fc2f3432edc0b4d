import { reshaped, type Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { slice, squeezed } from "../../plan/tensor-ops.ts";
import type { Json } from "../layer.ts";
import { isTensorArgument, type OperationCall } from "./call.ts";

interface SliceSpec {
  readonly start?: number | null;
  readonly stop?: number | null;
  readonly step?: number | null;
}

/** numpy's indexing with numbers, slices, `...` and new axes. */
export function getItem(p: Planner, at: OperationCall): Value {
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
