import { Bench } from "tinybench";
import { deviation, median } from "./support/statistics.ts";

/** One thing to time: `run` does the work `repeats` times, so that a call is long enough to be timed. */
export interface Task {
  readonly name: string;
  readonly repeats: number;
  readonly run: () => void;
}

/** Milliseconds of one repeat: the median over samples, then over rounds, and the median distance from it. */
export interface Timing {
  readonly medianMs: number;
  readonly madMs: number;
}

/** A function that repeats work so often that one call takes about `targetMs`. */
export function task(name: string, work: () => void, targetMs = 0.5): Task {
  for (let i = 0; i < 20; i++) work();
  let repeats = 1;
  for (;;) {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) work();
    const spent = performance.now() - start;
    if (spent >= targetMs || repeats > 1e7) break;
    repeats = Math.ceil(repeats * Math.min(10, (1.2 * targetMs) / Math.max(spent, 1e-3)));
  }
  return {
    name,
    repeats,
    run() {
      for (let i = 0; i < repeats; i++) work();
    },
  };
}

/**
 * Times tasks in rounds: every round visits each task, so that a slow stretch of a shared machine hits all of them.
 *
 * @returns By name, one timing a round as well as the whole.
 */
export async function timeRounds(
  tasks: readonly Task[],
  rounds = 5,
  roundMs = 60,
): Promise<Map<string, Timing & { readonly rounds: readonly number[] }>> {
  const perRound = new Map<string, number[]>(tasks.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const bench = new Bench({ time: roundMs, iterations: 5, warmup: round === 0, warmupTime: 30, warmupIterations: 3 });
    const order = round % 2 ? [...tasks].reverse() : tasks;
    for (const { name, run } of order) bench.add(name, run);
    await bench.run();
    for (const { name, repeats } of order) {
      const result = bench.getTask(name)?.result;
      if (!result || !("latency" in result)) throw new Error(`${name} could not be timed: ${JSON.stringify(result)}`);
      perRound.get(name)!.push(result.latency.p50 / repeats);
    }
  }
  return new Map(
    [...perRound].map(([name, values]) => {
      const medianMs = median(values);
      return [name, { medianMs, madMs: deviation(values), rounds: values }];
    }),
  );
}
