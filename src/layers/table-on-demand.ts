import type { Place, PlanBuffer } from "../plan/buffer.ts";
import type { HostMemory, Planner } from "../plan/planner.ts";

/** Which rows of a table are in memory: 1 for those that are. */
const present = new WeakMap<PlanBuffer, Uint8Array>();

/**
 * A table of float32 rows that come to the kernels' memory when they are first asked for. A text uses a hundredth of its
 * vocabulary: a first prediction comes milliseconds sooner, and pages that hold no used row take no memory twice.
 *
 * @param row - Gives a row of the table, as it is at the moment.
 * @returns Where the table is, and what must be called with a row's number before the row is read.
 */
export function tableOnDemand(
  p: Planner,
  owner: object,
  key: string,
  [rows, width]: readonly [rows: number, width: number],
  row: (index: number) => Float32Array,
): { readonly table: Place; readonly fetch: (memory: HostMemory, row: number) => void } {
  const made: { buffer?: PlanBuffer } = {};
  const buffer = p.store.constant(owner, key, 4 * rows * width, () => {
    // Called again when the weights have changed: then every row must come anew.
    if (made.buffer) present.get(made.buffer)?.fill(0);
  });
  made.buffer = buffer;
  const there = present.get(buffer) ?? new Uint8Array(p.store.dry ? 0 : rows);
  present.set(buffer, there);
  const fetch = (memory: HostMemory, index: number): void => {
    if (there[index] === 1) return;
    memory.f32.set(row(index), (buffer.address! >> 2) + index * width);
    there[index] = 1;
  };
  return { table: { buffer, offset: 0 }, fetch };
}
