import { createEngine, type Engine } from "../../src/engine/engine.ts";
import type { Build } from "../../src/engine/load-module.ts";
import { quantize } from "../../src/layers/quantized.ts";
import { median, task, timeRounds } from "../measure.ts";
import { lstmCall, pack, put } from "../recurrent-call.ts";
import { table } from "../table.ts";

const UNITS = [64, 128, 256, 512];
const TIMESTEPS = 20;

/** An LSTM at batch 1 with int8 weights against the same in float32, in the same rounds. */
export async function int8(builds: readonly Build[]): Promise<void> {
  for (const build of builds) {
    const tasks = UNITS.flatMap((units) => {
      const sizes = { batch: 1, timesteps: TIMESTEPS, features: units, units };
      return [
        task(`float32 ${units}`, lstmCall(createEngine({ build }), sizes).run),
        task(`int8 ${units}`, lstmCall(createEngine({ build }), sizes, packInt8).run),
      ];
    });
    const times = await timeRounds(tasks);
    const rows = UNITS.map((units) => {
      const plain = times.get(`float32 ${units}`)!;
      const small = times.get(`int8 ${units}`)!;
      return [
        String(units),
        `${((2 * 16 * units * units) / 2 ** 20).toFixed(2)} MiB`,
        `${((plain.medianMs / TIMESTEPS) * 1e3).toFixed(2)} µs`,
        `${((small.medianMs / TIMESTEPS) * 1e3).toFixed(2)} µs`,
        `${median(plain.rounds.map((value, round) => value / small.rounds[round]!)).toFixed(2)}x`,
        bytesShare(units).toFixed(3),
      ];
    });
    console.log(`\n${build}: LSTM of as many features as units, batch 1, ${TIMESTEPS} steps`);
    const head = ["units", "float32 weights", "float32 a step", "int8 a step", "faster", "bytes in memory"];
    console.log(table(head, rows));
  }
}

/** Packs a float32 kernel as int8 for good; its address is odd. */
function packInt8(engine: Engine, source: Float32Array, rows: number, units: number, gates: number): number {
  if (rows === 1) return pack(engine, source, rows, units, gates);
  const { values, scales } = quantize(source, [rows, gates * units], "column");
  const from = engine.memory.allocate(values.byteLength);
  engine.memory.u8.set(new Uint8Array(values.buffer), from);
  const factors = put(engine, scales);
  const block = engine.memory.allocate(engine.kernels.packedBytesInt8(rows, units, gates));
  engine.kernels.packKernelInt8(block, from, factors, rows, units, gates);
  return block + 1;
}

/** Bytes of an int8 kernel in memory over those of a float32 one. */
function bytesShare(units: number): number {
  const { kernels } = createEngine();
  return kernels.packedBytesInt8(units, units, 4) / kernels.packedBytes(units, units, 4);
}
