import { createEngine, type Engine } from "../../src/engine/engine.ts";
import { quantize } from "../../src/layers/quantized.ts";
import { task, timeRounds } from "../measure.ts";
import { lstmCall, pack, put } from "../recurrent-call.ts";
import type { ReportTable, SuiteOptions, SuiteReport } from "../support/report.ts";
import { median } from "../support/statistics.ts";

const UNITS = [64, 128, 256, 512];
const TIMESTEPS = 20;

interface Int8Result {
  readonly units: number;
  readonly float32Us: number;
  readonly int8Us: number;
  /** Median of per-round ratios. */
  readonly faster: number;
  readonly bytesShare: number;
}

/** An LSTM at batch 1 with int8 weights against the same in float32, in the same rounds. */
export async function int8({ builds, say }: SuiteOptions): Promise<SuiteReport> {
  const tables: ReportTable[] = [];
  const data: Record<string, Int8Result[]> = {};
  for (const build of builds) {
    say(`int8 ${build}`);
    const tasks = UNITS.flatMap((units) => {
      const sizes = { batch: 1, timesteps: TIMESTEPS, features: units, units };
      return [
        task(`float32 ${units}`, lstmCall(createEngine({ build }), sizes).run),
        task(`int8 ${units}`, lstmCall(createEngine({ build }), sizes, packInt8).run),
      ];
    });
    const times = await timeRounds(tasks);
    const found = UNITS.map((units): Int8Result => {
      const plain = times.get(`float32 ${units}`)!;
      const small = times.get(`int8 ${units}`)!;
      return {
        units,
        float32Us: (plain.medianMs / TIMESTEPS) * 1e3,
        int8Us: (small.medianMs / TIMESTEPS) * 1e3,
        faster: median(plain.rounds.map((value, round) => value / small.rounds[round]!)),
        bytesShare: bytesShare(units),
      };
    });
    data[build] = found;
    tables.push({
      title: `${build}: LSTM of as many features as units, batch 1, ${TIMESTEPS} steps`,
      head: ["units", "float32 weights", "float32 a step", "int8 a step", "faster", "bytes in memory"],
      rows: found.map((row) => [
        String(row.units),
        `${((2 * 16 * row.units ** 2) / 2 ** 20).toFixed(2)} MiB`,
        `${row.float32Us.toFixed(2)} µs`,
        `${row.int8Us.toFixed(2)} µs`,
        `${row.faster.toFixed(2)}×`,
        `×${row.bytesShare.toFixed(3)}`,
      ]),
    });
  }
  return { suite: "int8", title: "int8 weights against float32", tables, data };
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
