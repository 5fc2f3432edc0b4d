import { createEngine } from "../../src/engine/engine.ts";
import type { Build } from "../../src/engine/load-module.ts";
import { compileCeilings, TURN_FLOP } from "../ceilings.ts";
import { median, type Task, task, timeRounds } from "../measure.ts";
import { lstmCall, productCall } from "../recurrent-call.ts";
import { percent, table } from "../table.ts";

const UNITS = [16, 32, 64, 128, 256];
const BATCHES = [1, 2, 3, 4, 8, 32];
const TURNS = 20_000;

/**
 * Share of the hardware's ceilings: the recurrent product [batch, units] · [units, 4 · units] and the whole LSTM call.
 *
 * Batch 1 reads every weight once for two flop, so that reading bounds it; from batch 4 on arithmetic does. Both
 * ceilings are measured in the same rounds; a share is the median of per-round ratios.
 */
export async function roofline(builds: readonly Build[]): Promise<void> {
  for (const build of builds) {
    const ceilings = compileCeilings(build);
    const tasks: Task[] = [task("arithmetic", () => ceilings.multiplyAdds(TURNS, 1e-3, 0.5))];
    for (const units of UNITS) {
      const bytes = 16 * units * units;
      tasks.push(task(`load ${units}`, () => ceilings.loads(65536, bytes, 1)));
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
    const arithmeticMs = times.get("arithmetic")!.medianMs;
    console.log(
      `\n${build}: arithmetic ceiling ${((TURN_FLOP * TURNS) / arithmeticMs / 1e6).toFixed(1)} GFLOP/s; product = [batch, units] · [units, 4 · units]`,
    );
    const rows = UNITS.map((units) => {
      const weights = 16 * units * units;
      const flop = 8 * units * units;
      const steps = (batch: number) => (2 * 20 * batch * flop) / (TURN_FLOP * TURNS);
      return [
        String(units),
        `${(weights / 1024).toFixed(0)} KiB`,
        `${(weights / times.get(`load ${units}`)!.medianMs / 1e6).toFixed(0)} GB/s`,
        percent(ratio(`load ${units}`, `product ${units} 1`, 1)),
        ...BATCHES.slice(1).map((batch) =>
          percent(ratio("arithmetic", `product ${units} ${batch}`, (batch * flop) / (TURN_FLOP * TURNS))),
        ),
        percent(ratio(`load ${units}`, `lstm ${units} 1`, 40)),
        percent(ratio("arithmetic", `lstm ${units} 32`, steps(32))),
        `${(times.get(`step ${units}`)!.medianMs * 1e3).toFixed(2)} µs`,
      ];
    });
    console.log(
      table(
        [
          "units",
          "weights",
          "load ceiling",
          "batch 1 of load",
          ...BATCHES.slice(1).map((batch) => `${batch} of arith.`),
          "LSTM 1 of load",
          "LSTM 32 of arith.",
          "LSTM step",
        ],
        rows,
      ),
    );
  }
}
