import type { Parameter, Region } from "../parameters.ts";
import type { TableRows } from "../table-rows.ts";
import type { Tape } from "../tape.ts";

/**
 * Appends an update of a table that leaves rows without a gradient as they are, as tf.keras' old optimizers do: their
 * momenta do not move them either.
 *
 * @param kept - What stays in those rows: the weight and the slots that the optimizer updates row by row.
 * @param rows - The rows that the batch names; undefined takes those whose gradient is not all zero.
 */
export function keepUntouched(
  tape: Tape,
  { shape, gradient }: Parameter,
  kept: readonly Region[],
  rows: TableRows | undefined,
  update: () => void,
): void {
  const [count, width] = shape as [number, number];
  const copies = kept.map((region) => new Float32Array(region.count));
  const places = kept.map(({ place }) => place);
  tape.p.host(places, ({ f32 }, addresses) => {
    for (const [i, copy] of copies.entries())
      copy.set(f32.subarray(addresses[i]! >> 2, (addresses[i]! >> 2) + copy.length));
  });
  update();
  const how = rows ? [rows.map, rows.named, rows.total] : [gradient!.place];
  tape.p.host([...places, ...how], ({ f32, i32 }, addresses) => {
    const [map = 0, named = 0, total = 0] = addresses.slice(kept.length).map((address) => address >> 2);
    const isTouched = (row: number): boolean => {
      if (!rows) return f32.subarray(map + row * width, map + (row + 1) * width).some((g) => g !== 0);
      const at = i32[map + row]! >>> 0;
      return at < i32[total]! && i32[named + at] === row;
    };
    for (let row = 0; row < count; row++) {
      if (isTouched(row)) continue;
      for (const [i, copy] of copies.entries()) {
        f32.set(copy.subarray(row * width, (row + 1) * width), (addresses[i]! >> 2) + row * width);
      }
    }
  });
}
