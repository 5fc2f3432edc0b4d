import type { Engine } from "../engine/engine.ts";
import type { Place } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import type { Weight } from "./layer.ts";

/** Rows and columns of a weight as the panels see it: a vector is one row. */
function matrixOf(weight: Pick<Weight, "shape">): { rows: number; columns: number } {
  const columns = weight.shape.at(-1) ?? 1;
  return { rows: weight.shape.slice(0, -1).reduce((a, b) => a * b, 1), columns };
}

/** Copies an array to just above the persistent memory, where nothing lives between runs. */
export function stage(engine: Engine, data: Float32Array): number {
  const at = engine.memory.scratchBase;
  engine.memory.reserve(at + data.byteLength);
  engine.memory.f32.set(data, at >> 2);
  return at;
}

/**
 * A weight in the kernels' panels, gates interleaved; packed once per model.
 *
 * @param weight - In Keras' layout, [rows, gates · units] or [gates · units]; undefined packs zeros (an absent bias).
 * @param row - Takes one row only (GRU's two biases).
 * @param units - Needed where there is no weight.
 */
export function packedKernel(
  p: Planner,
  owner: object,
  key: string,
  weight: Pick<Weight, "shape" | "data" | "quantized"> | undefined,
  gates: number,
  units?: number,
  row?: number,
): Place {
  const { rows, columns } = weight ? matrixOf(weight) : { rows: 1, columns: gates * (units ?? 0) };
  const packedRows = row === undefined ? rows : 1;
  const width = columns / gates;
  if (weight?.quantized) return packedInt8(p, owner, key, weight, rows, width, gates);
  const bytes = (engine: Engine) => engine.kernels.packedBytes(packedRows, width, gates);
  const buffer = p.store.constant(owner, row === undefined ? key : `${key}[${row}]`, bytes, (engine, address) => {
    const all = weight?.data ?? new Float32Array(columns);
    const data = row === undefined ? all : all.subarray(row * columns, (row + 1) * columns);
    engine.kernels.packKernel(address, stage(engine, data), packedRows, width, gates);
  });
  return { buffer, offset: 0 };
}

/** A kernel whose weights stay int8 in memory. The odd address tells the kernels so. */
function packedInt8(
  p: Planner,
  owner: object,
  key: string,
  weight: Pick<Weight, "quantized">,
  rows: number,
  width: number,
  gates: number,
): Place {
  const bytes = (engine: Engine) => engine.kernels.packedBytesInt8(rows, width, gates);
  const buffer = p.store.constant(owner, key, bytes, (engine, address) => {
    const { values, scales } = weight.quantized!;
    const at = stage(engine, scales);
    const source = at + scales.byteLength;
    engine.memory.reserve(source + values.byteLength);
    engine.memory.u8.set(bytesOfInt8(values), source);
    engine.kernels.packKernelInt8(address, source, at, rows, width, gates);
  });
  return { buffer, offset: 1 };
}

function bytesOfInt8(values: Int8Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** A table of int8 rows with their scales, for `gatherRowsInt8`. */
export function quantizedTable(
  p: Planner,
  owner: object,
  key: string,
  weight: Weight,
): { readonly table: Place; readonly scales: Place } {
  const { values, scales } = weight.quantized!;
  const table = p.store.constant(owner, key, values.byteLength, (engine, address) => {
    engine.memory.u8.set(bytesOfInt8(weight.quantized!.values), address);
  });
  const factors = p.store.constant(owner, `${key}:scales`, scales.byteLength, (engine, address) => {
    engine.memory.f32.set(weight.quantized!.scales, address >> 2);
  });
  return { table: { buffer: table, offset: 0 }, scales: { buffer: factors, offset: 0 } };
}

/** A weight as it is, row-major. */
export function plainWeight(p: Planner, owner: object, key: string, weight: Pick<Weight, "data">): Place {
  const buffer = p.store.constant(owner, key, weight.data.byteLength, (engine, address) => {
    engine.memory.f32.set(weight.data, address >> 2);
  });
  return { buffer, offset: 0 };
}
