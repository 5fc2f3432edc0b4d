import { createEngine } from "../../src/engine/engine.ts";
import type { Build } from "../../src/engine/load-module.ts";
import { compileCeilings, TURN_FLOP } from "../ceilings.ts";
import { median, task, timeRounds } from "../measure.ts";
import { lstmCall } from "../recurrent-call.ts";
import { percent, table } from "../table.ts";

const TURNS = 20_000;
const SIZES = { timesteps: 100, features: 128, units: 128 };

/** LSTM(128), features 128, 100 steps, batch 1 and 32, beside both ceilings measured in the same rounds. */
export async function smoke(builds: readonly Build[]): Promise<void> {
  for (const build of builds) {
    const ceilings = compileCeilings(build);
    const weights = 4 * 4 * SIZES.units * SIZES.units;
    const calls = [1, 32].map((batch) => ({ batch, ...lstmCall(createEngine({ build }), { batch, ...SIZES }) }));
    const times = await timeRounds([
      task("arithmetic", () => ceilings.multiplyAdds(TURNS, 1e-3, 0.5)),
      task("load", () => ceilings.loads(65536, weights, 1)),
      ...calls.map(({ batch, run }) => task(`lstm ${batch}`, run)),
    ]);
    const gflops = (TURN_FLOP * TURNS) / times.get("arithmetic")!.medianMs / 1e6;
    const gigabytes = weights / times.get("load")!.medianMs / 1e6;
    console.log(
      `\n${build}: arithmetic ceiling ${gflops.toFixed(1)} GFLOP/s; load ceiling ${gigabytes.toFixed(0)} GB/s over the recurrent kernel's ${weights / 1024} KiB = ${(gigabytes / 2).toFixed(1)} GFLOP/s at batch 1`,
    );
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
    console.log(table(["batch", "median ms", "± ms", "GFLOP/s", "of arithmetic", "of load"], rows));
  }
}
