import { createEngine } from "../../src/engine/engine.ts";
import { compileCeilings, TURN_FLOP } from "../ceilings.ts";
import { task, timeRounds } from "../measure.ts";
import { lstmCall } from "../recurrent-call.ts";
import type { ReportTable, SuiteOptions, SuiteReport } from "../support/report.ts";
import { median } from "../support/statistics.ts";
import { percent } from "../table.ts";

const TURNS = 20_000;
const SIZES = { timesteps: 100, features: 128, units: 128 };

/** LSTM(128), features 128, 100 steps, batch 1 and 32, beside both ceilings measured in the same rounds. */
export async function smoke({ builds }: SuiteOptions): Promise<SuiteReport> {
  const tables: ReportTable[] = [];
  for (const build of builds) {
    const ceilings = compileCeilings(build);
    const weights = 4 * 4 * SIZES.units * SIZES.units;
    const calls = [1, 32].map((batch) => ({ batch, ...lstmCall(createEngine({ build }), { batch, ...SIZES }) }));
    const times = await timeRounds([
      task("arithmetic", () => ceilings.multiplyAdds(TURNS)),
      task("load", () => ceilings.loads(weights, 2)),
      ...calls.map(({ batch, run }) => task(`lstm ${batch}`, run)),
    ]);
    const gflops = (TURN_FLOP * TURNS) / times.get("arithmetic")!.medianMs / 1e6;
    const gigabytes = weights / times.get("load")!.medianMs / 1e6;
    const rows = calls.map(({ batch, flop }) => {
      const { medianMs, madMs, rounds } = times.get(`lstm ${batch}`)!;
      const share = (ceiling: string, perCeiling: number) => {
        const of = times.get(ceiling)!.rounds;
        return percent(median(rounds.map((value, round) => ((flop / perCeiling) * of[round]!) / value)));
      };
      return [
        String(batch),
        medianMs.toFixed(3),
        madMs.toFixed(3),
        (flop / medianMs / 1e6).toFixed(1),
        share("arithmetic", TURN_FLOP * TURNS),
        share("load", weights / 2) + (batch > 1 ? " (weights are reused)" : ""),
      ];
    });
    tables.push({
      title: `${build}: LSTM(${SIZES.units}) in ${SIZES.features}, T=${SIZES.timesteps}`,
      head: ["batch", "median ms", "± ms", "GFLOP/s", "of arithmetic", "of load"],
      rows,
      note: `Arithmetic ceiling ${gflops.toFixed(1)} GFLOP/s; load ceiling ${gigabytes.toFixed(0)} GB/s over the recurrent kernel's ${weights / 1024} KiB = ${(gigabytes / 2).toFixed(1)} GFLOP/s at batch 1`,
    });
  }
  return { suite: "smoke", title: "Kernels beside the machine's ceilings", tables, data: undefined };
}
