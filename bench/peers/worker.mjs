// The process of one peer: node worker.mjs <module> <options as JSON>. The parent asks; it answers one message each.
//
// A peer's module exports `create(workload, context)` and returns
//   version  what the tables print
//   prepare  optional: turns an input into the peer's own layout, outside of the timed call
//   run      a prepared input → Float32Array, or a promise of one
//   restore  optional: turns an output into [batch, …] order
//   reset    optional: steps begin anew
//   close    optional: ends threads
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { measure } from "./measure.mjs";
import { readWorkload } from "./workload-file.mjs";

const [, , module, optionText] = process.argv;
const options = JSON.parse(optionText ?? "{}");
let peer;
let inputs;

async function load({ folder }) {
  await peer?.close?.();
  const read = (name) => readFile(join(folder, name));
  const workload = await readWorkload(read);
  const start = performance.now();
  const { create } = await import(module);
  peer = await create(workload, { ...options, read, folder });
  const loadMs = performance.now() - start;
  inputs = peer.prepare ? workload.inputs.map(peer.prepare) : workload.inputs;
  return { version: peer.version, loadMs };
}

async function check() {
  const outputs = [];
  peer.reset?.();
  const start = performance.now();
  let firstMs;
  for (const input of inputs) {
    const output = await peer.run(input);
    firstMs ??= performance.now() - start;
    outputs.push(Float32Array.from(peer.restore ? peer.restore(output) : output));
  }
  return { outputs, firstMs };
}

/** Peak resident memory in MB; 0 where the system does not say. */
function peakMb() {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

const actions = {
  load,
  check,
  measure: ({ ms }) => measure(peer.run, inputs, ms),
  memory: () => ({ peakMb: peakMb() }),
  close: () => peer?.close?.(),
};

process.on("message", async (message) => {
  try {
    process.send({ value: await actions[message.kind](message) });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
