import { ACTIVATION_CODES } from "../src/engine/activation-codes.ts";
import type { Engine } from "../src/engine/engine.ts";
import { KERNELS, type KernelName } from "../src/engine/kernels.ts";

/** Sizes of a recurrent layer's call. */
export interface CallSizes {
  readonly batch: number;
  readonly timesteps: number;
  readonly features: number;
  readonly units: number;
}

/** Uniform numbers in ±scale from a seed. */
export function seeded(count: number, scale: number, seed: number): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * scale;
  });
}

/** Puts an array into the engine's memory for good. */
export function put(engine: Engine, data: Float32Array): number {
  const at = engine.memory.allocate(data.byteLength);
  engine.memory.f32.set(data, at >> 2);
  return at;
}

/** Packs a kernel (or, with one row, a bias) for good. */
export function pack(engine: Engine, source: Float32Array, rows: number, units: number, gates: number): number {
  const plain = put(engine, source);
  const panels = engine.memory.allocate(engine.kernels.packedBytes(rows, units, gates));
  engine.kernels.packKernel(panels, plain, rows, units, gates);
  return panels;
}

/** A call with these arguments by name, bound as plans bind theirs; what is left out is 0. */
export function bound(engine: Engine, name: KernelName, values: Readonly<Record<string, number>>): () => void {
  const names: readonly string[] = KERNELS[name];
  const unknown = Object.keys(values).find((key) => !names.includes(key));
  if (unknown) throw new Error(`${name} takes no "${unknown}"; it takes ${names.join(", ")}.`);
  return engine.kernels[name].bind(undefined, ...names.map((key) => values[key] ?? 0));
}

/** A bound LSTM call with tanh and sigmoid, last output only; it writes y [batch, units]. `packing` packs its weights. */
export function lstmCall(
  engine: Engine,
  sizes: CallSizes,
  packing = pack,
): { run: () => void; y: number; flop: number } {
  const { batch, timesteps, features, units } = sizes;
  const columns = 4 * units;
  const x = put(engine, seeded(batch * timesteps * features, 1, 1));
  const kernel = packing(engine, seeded(features * columns, 0.1, 2), features, units, 4);
  const recurrentKernel = packing(engine, seeded(units * columns, 0.1, 3), units, units, 4);
  const bias = pack(engine, seeded(columns, 0.1, 4), 1, units, 4);
  const y = put(engine, new Float32Array(batch * units));
  const scratch = engine.memory.allocate(engine.kernels.recurrentScratchBytes(batch, timesteps, features, units, 4, 0));
  const run = bound(engine, "lstmForward", {
    ...{ y, yBatchStride: units, x, xBatchStride: timesteps * features, xTimeStride: features },
    ...{ kernel, recurrentKernel, bias, scratch, batch, timesteps, features, units },
    ...{ activation: ACTIVATION_CODES.tanh, recurrentActivation: ACTIVATION_CODES.sigmoid },
  });
  return { run, y, flop: 2 * (features + units) * columns * batch * timesteps };
}

/** A bound product [batch, depth] · [depth, columns]: the one inside every recurrent step. */
export function productCall(engine: Engine, batch: number, depth: number, columns: number): () => void {
  const x = put(engine, seeded(batch * depth, 1, 5));
  const kernel = pack(engine, seeded(depth * columns, 0.1, 6), depth, columns, 1);
  const bias = pack(engine, seeded(columns, 0.1, 7), 1, columns, 1);
  const y = put(engine, new Float32Array(batch * columns));
  const sizes = { rows: batch, features: depth, units: columns };
  return bound(engine, "denseForward", { y, yStride: columns, x, xStride: depth, kernel, bias, ...sizes });
}
