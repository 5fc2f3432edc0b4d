import type { Engine } from "../../engine/engine.ts";
import type { Place, PlanBuffer } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { sizeOf } from "../../tensor.ts";
import type { GatheredSteps, Strided } from "./sequence-run.ts";

/**
 * The products of a whole table take no more memory than this, and neither does the table: a first use waits for them
 * (1 MiB of 64 features: 1.7 ms).
 */
const WHOLE_BYTES = 2 ** 20;
/** What the products of a larger table's rows may take that are kept from call to call. */
const KEPT_BYTES = 2 ** 22;

interface Cell {
  readonly owner: object;
  readonly units: number;
  readonly gates: number;
}

/** Which rows of a table have a product: its place, or −1. */
interface Kept {
  engine?: Engine;
  places: Int32Array;
  total: number;
}

const known = new WeakMap<PlanBuffer, Kept>();

function rowBytesOf({ units, gates }: Cell): number {
  return 16 * gates * Math.ceil(units / 4);
}

/** Distinct rows that a call may have. */
function mostRows({ table, numbers }: GatheredSteps): number {
  return Math.min(table.shape[0]!, sizeOf(numbers.shape));
}

/** Bytes that {@link rowProducts} may need beside what it keeps, for one call. */
export function spareBytes(cell: Cell, gathered: GatheredSteps): number {
  return rowBytesOf(cell) * (mostRows(gathered) + 1);
}

/**
 * The products of an embedding's rows with a cell's kernel, plus its bias: what the cell's kernel computes of an input
 * step, once for all steps and calls. Small tables are multiplied whole when they are first used, rows of others when
 * they are first met; those that find no more room come anew in each call. The function that the kernel itself uses makes
 * them, so that the bits are the same.
 *
 * @param spare - {@link spareBytes} that live as long as the call of the kernel.
 * @returns [any, gates · P], P = units padded to a multiple of 4, and the number in it of each step.
 */
export function rowProducts(
  p: Planner,
  cell: Cell,
  gathered: GatheredSteps,
  kernel: Place,
  bias: Place,
  spare: Place,
): { readonly table: Place; readonly index: Strided } {
  const { table, numbers, read } = gathered;
  const { owner, units, gates } = cell;
  const [rows, features] = table.shape as [number, number];
  const rowBytes = rowBytesOf(cell);
  const project = ({ kernels }: Engine, z: number, x: number, count: number): void => {
    const [b, init] = [kernel, bias].map(({ buffer, offset }) => buffer.address! + offset) as [number, number];
    kernels.projectBlock(z, x, features, 0, 0, b, init, count, 1, features, units, gates);
  };
  if (rows * Math.max(rowBytes, 4 * features) <= WHOLE_BYTES) {
    const buffer = p.store.constant(owner, table, rows * rowBytes, (engine, address) => {
      const { memory } = engine;
      const at = memory.scratchBase;
      memory.reserve(at + 4 * rows * features);
      for (let row = 0; row < rows; row++) read(row, memory.f32, (at >> 2) + row * features);
      project(engine, address, at, rows);
    });
    return { table: { buffer, offset: 0 }, index: gathered.blockOf(numbers) };
  }
  const capacity = Math.min(rows, Math.floor(KEPT_BYTES / rowBytes));
  const none: Kept = { places: new Int32Array(0), total: 0 };
  const buffer = p.store.constant(owner, table, capacity * rowBytes, (engine) => {
    none.engine = engine;
    none.places = new Int32Array(rows).fill(-1);
    none.total = 0;
  });
  const kept = known.get(buffer) ?? none;
  known.set(buffer, kept);
  const most = mostRows(gathered);
  const met = new Int32Array(most);
  const places = p.tensor(numbers.shape, "int32");
  const fresh = { buffer: p.buffer(4 * features * most), offset: 0 };
  const steps = sizeOf(numbers.shape);
  p.host([numbers, places, fresh, spare], ({ f32, i32 }, addresses) => {
    const [from, to, x, z] = addresses as [number, number, number, number];
    const at = buffer.address!;
    const first = kept.total;
    // Numbered on from the kept ones: memory of one call lies above all that lasts.
    const beyond = Math.ceil((z - at) / rowBytes);
    let count = 0;
    for (let i = 0; i < steps; i++) {
      const row = i32[(from >> 2) + i]!;
      let place = kept.places[row]!;
      if (place < 0) {
        place = kept.total < capacity ? kept.total++ : beyond + count - (kept.total - first);
        kept.places[row] = place;
        met[count] = row;
        read(row, f32, (x >> 2) + features * count++);
      }
      i32[(to >> 2) + i] = place;
    }
    const added = kept.total - first;
    if (added > 0) project(kept.engine!, at + rowBytes * first, x, added);
    if (count > added) project(kept.engine!, at + rowBytes * beyond, x + 4 * features * added, count - added);
    for (let i = added; i < count; i++) kept.places[met[i]!] = -1;
  });
  return { table: { buffer, offset: 0 }, index: gathered.blockOf(places) };
}
