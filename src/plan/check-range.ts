import { ShapeError } from "../errors.ts";
import { sizeOf } from "../tensor.ts";
import type { HostMemory, IndexCheck } from "./planner.ts";

/**
 * Throws if a row number is outside 0..limit − 1.
 *
 * @throws {ShapeError} Naming the layer, the number, its place and the range.
 */
export function checkRange(memory: HostMemory, address: number, { indices, limit, owner, visit }: IndexCheck): void {
  const view = indices.dtype === "int32" ? memory.i32 : memory.f32;
  const start = address >> 2;
  const count = sizeOf(indices.shape);
  for (let i = 0; i < count; i++) {
    const index = Math.trunc(view[start + i]!);
    if (index >= 0 && index < limit) {
      visit?.(memory, index);
      continue;
    }
    const place: number[] = [];
    for (let axis = indices.shape.length - 1, rest = i; axis >= 0; axis--) {
      place.unshift(rest % indices.shape[axis]!);
      rest = Math.floor(rest / indices.shape[axis]!);
    }
    throw new ShapeError(
      `${owner}: the index ${view[start + i]} at [${place.join(", ")}] is outside its table of ${limit} rows (0 to ${limit - 1}). Map unknown tokens to the model's out-of-vocabulary index.`,
    );
  }
}
