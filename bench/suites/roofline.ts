import { createEngine } from "../../src/engine/engine.ts";
import { compileCeilings, TURN_FLOP } from "../ceilings.ts";
import { type Task, task, timeRounds } from "../measure.ts";
import { lstmCall, productCall } from "../recurrent-call.ts";
import type { ReportTable, SuiteOptions, SuiteReport } from "../support/report.ts";
import { median } from "../support/statistics.ts";
import { percent } from "../table.ts";

const UNITS = [16, 32, 64, 128, 256];
const BATCHES = [1, 2, 3, 4, 8, 32];
const TURNS = 20_000;

/** One size of layer: shares are medians of per-round ratios. */
interface RooflineRow {
  readonly units: number;
  /** In one stream. */
  readonly loadGigabytes: number;
  readonly productOfLoad: number;
  /** In two streams. */
  readonly pairedGigabytes: number;
  readonly productOfPaired: number;
  /** By batch. */
  readonly productOfArithmetic: Readonly<Record<number, number>>;
  /** Of two streams. */
  readonly layerOfPaired: number;
  readonly layerOfArithmetic: number;
  readonly stepUs: number;
}

interface RooflineData {
  readonly arithmeticGflops: number;
  readonly rows: readonly RooflineRow[];
}

/**
 * Share of the hardware's ceilings: the recurrent product [batch, units] · [units, 4 · units] and the whole LSTM call.
 *
 * Batch 1 reads every weight once for two flop, so that reading bounds it; from batch 4 on arithmetic does. All ceilings
 * are measured in the same rounds; a share is the median of per-round ratios. Reading has two ceilings: one stream, which
 * the product may beat, and two at a time, as it reads its panels.
 */
export async function roofline({ builds, say }: SuiteOptions): Promise<SuiteReport> {
  const tables: ReportTable[] = [];
  const data: Record<string, RooflineData> = {};
  for (const build of builds) {
    say(`roofline ${build}`);
    const ceilings = compileCeilings(build);
    const tasks: Task[] = [task("arithmetic", () => ceilings.multiplyAdds(TURNS))];
    for (const units of UNITS) {
      const bytes = 16 * units * units;
      tasks.push(task(`load ${units}`, () => ceilings.loads(bytes, 1)));
      tasks.push(task(`paired ${units}`, () => ceilings.loads(bytes, 2)));
      for (const batch of BATCHES) {
        tasks.push(task(`product ${units} ${batch}`, productCall(createEngine({ build }), batch, units, 4 * units)));
      }
      const sizes = { batch: 1, timesteps: 20, features: units, units };
      tasks.push(task(`lstm ${units} 1`, lstmCall(createEngine({ build }), sizes).run));
      tasks.push(task(`lstm ${units} 32`, lstmCall(createEngine({ build }), { ...sizes, batch: 32 }).run));
      tasks.push(task(`step ${units}`, lstmCall(createEngine({ build }), { ...sizes, timesteps: 1 }).run));
    }
    const times = await timeRounds(tasks);
    const rounds = (name: string) => times.get(name)!.rounds;
    const ratio = (a: string, b: string, factor: number) =>
      median(rounds(a).map((value, round) => (value * factor) / rounds(b)[round]!));
    const arithmeticGflops = (TURN_FLOP * TURNS) / times.get("arithmetic")!.medianMs / 1e6;
    const found = UNITS.map((units): RooflineRow => {
      const weights = 16 * units * units;
      const flop = 8 * units * units;
      const steps = (batch: number) => (2 * 20 * batch * flop) / (TURN_FLOP * TURNS);
      return {
        units,
        loadGigabytes: weights / times.get(`load ${units}`)!.medianMs / 1e6,
        productOfLoad: ratio(`load ${units}`, `product ${units} 1`, 1),
        pairedGigabytes: weights / times.get(`paired ${units}`)!.medianMs / 1e6,
        productOfPaired: ratio(`paired ${units}`, `product ${units} 1`, 1),
        productOfArithmetic: Object.fromEntries(
          BATCHES.slice(1).map((batch) => [
            batch,
            ratio("arithmetic", `product ${units} ${batch}`, (batch * flop) / (TURN_FLOP * TURNS)),
          ]),
        ),
        layerOfPaired: ratio(`paired ${units}`, `lstm ${units} 1`, 40),
        layerOfArithmetic: ratio("arithmetic", `lstm ${units} 32`, steps(32)),
        stepUs: times.get(`step ${units}`)!.medianMs * 1e3,
      };
    });
    data[build] = { arithmeticGflops, rows: found };
    tables.push({
      title: `${build}: share of the ceilings; arithmetic ceiling ${arithmeticGflops.toFixed(1)} GFLOP/s`,
      head: [
        "units",
        "weights",
        "load ceiling, 1/2 streams",
        "batch 1 of load",
        ...BATCHES.slice(1).map((batch) => `${batch} of arith.`),
        "LSTM 1 of 2 streams",
        "LSTM 32 of arith.",
        "LSTM step",
      ],
      rows: found.map((row) => [
        String(row.units),
        `${((16 * row.units ** 2) / 1024).toFixed(0)} KiB`,
        `${row.loadGigabytes.toFixed(0)} / ${row.pairedGigabytes.toFixed(0)} GB/s`,
        `${percent(row.productOfLoad)} / ${percent(row.productOfPaired)}`,
        ...BATCHES.slice(1).map((batch) => percent(row.productOfArithmetic[batch]!)),
        percent(row.layerOfPaired),
        percent(row.layerOfArithmetic),
        `${row.stepUs.toFixed(2)} µs`,
      ]),
      note: "The product is [batch, units] · [units, 4 · units], the one of each recurrent step; the LSTM has as many features as units and 20 timesteps. Ceilings are measured in the same rounds; two streams are what the product reads.",
    });
  }
  return { suite: "roofline", title: "Share of the machine's ceilings", tables, data };
}
