// Times one function inside a peer's own process or page. Short calls are timed in groups, so that the clock's own cost
// and resolution vanish.
import { Bench } from "tinybench";

/** A sample lasts at least this long: a page's clock is coarse. */
const SAMPLE_MS = typeof document === "undefined" ? 0.1 : 4;

/** Keeps results alive, so that no engine may leave the work out. */
export const sink = { value: 0 };

function groupOf(callMs) {
  return callMs > SAMPLE_MS ? 1 : Math.ceil(SAMPLE_MS / Math.max(callMs, 1e-5));
}

/**
 * Median and best time of a call in milliseconds.
 *
 * @param run - Takes an input; returns a Float32Array or a promise of one.
 * @param inputs - Calls cycle through them.
 * @param ms - How long to measure; one call at least is made.
 */
export async function measure(run, inputs, ms) {
  const isAsync = run(inputs[0]) instanceof Promise;
  let next = 0;
  const input = () => inputs[next++ % inputs.length];
  const timed = (calls) =>
    isAsync
      ? async () => {
          for (let i = 0; i < calls; i++) sink.value += (await run(input()))[0];
        }
      : () => {
          for (let i = 0; i < calls; i++) sink.value += run(input())[0];
        };
  let probe = 1;
  let callMs = 0;
  for (;;) {
    const start = performance.now();
    await timed(probe)();
    const took = performance.now() - start;
    callMs = took / probe;
    if (took > 2 * SAMPLE_MS || took > 1e3 || probe > 1e6) break;
    probe *= 4;
  }
  const calls = groupOf(callMs);
  const bench = new Bench({ time: ms, iterations: callMs > ms ? 1 : 5, warmup: false });
  bench.add("call", timed(calls));
  const [task] = await bench.run();
  if (task.result.state !== "completed") throw task.result.error ?? new Error(`tinybench: ${task.result.state}`);
  const { latency } = task.result;
  return { ms: latency.p50 / calls, bestMs: latency.min / calls, calls: latency.samplesCount * calls };
}
