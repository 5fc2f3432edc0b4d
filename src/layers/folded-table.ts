import type { Place } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import type { Weight } from "./layer.ts";
import { stage } from "./packed-weights.ts";

/**
 * A table of products takes no more memory than this, and neither does what it is made of: a first use waits for it (1 MiB
 * of 64 features: 1.7 ms), and gathering its rows has to be cheaper than multiplying.
 */
const MOST_BYTES = 2 ** 20;

/**
 * Every row of a small embedding times a cell's kernel, plus its bias: what the cell's kernel computes of an input step,
 * done once for all steps of all calls. It is made by the same function, so that the bits are the same.
 *
 * @returns [rows, gates · P], P = units padded to a multiple of 4; undefined if the table is too large to be worth it.
 */
export function foldedTable(
  p: Planner,
  { owner, units, gates }: { readonly owner: object; readonly units: number; readonly gates: number },
  table: Pick<Weight, "shape" | "data">,
  kernel: Place,
  bias: Place,
): Place | undefined {
  const [rows, features] = table.shape as [number, number];
  const rowBytes = 16 * gates * Math.ceil(units / 4);
  if (rows * Math.max(rowBytes, 4 * features) > MOST_BYTES) return undefined;
  const buffer = p.store.constant(owner, table, rows * rowBytes, (engine, address) => {
    const [b, init] = [kernel, bias].map((place) => place.buffer.address! + place.offset) as [number, number];
    const from = stage(engine, table.data);
    engine.kernels.projectBlock(address, from, features, 0, 0, b, init, rows, 1, features, units, gates);
  });
  return { buffer, offset: 0 };
}
