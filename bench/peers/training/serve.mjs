// The process of a training peer: node serve.mjs MODULE FOLDER OPTIONS-AS-JSON. It reads one JSON object a line on standard
// input and answers each with one line that begins with "@". A module exports `create(data, options)` and returns
//   version   what the tables print
//   loss      rows of one batch → its loss before the update; the update is made
//   epoch     trains on the first `samples` rows, in order
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [, , module, folder, optionText] = process.argv;
const data = readData(folder);
let peer;

/** What bench/support/training-data.ts has written. */
function readData(from) {
  const { batch, timesteps, samples, x, y, weights } = JSON.parse(readFileSync(join(from, "training.json"), "utf8"));
  const bytes = readFileSync(join(from, "training.bin"));
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const floats = ({ at, length }) => new Float32Array(buffer, at, length);
  return {
    batch,
    timesteps,
    samples,
    x: new Int32Array(buffer, x.at, x.length),
    y: floats(y),
    weights: weights.map((weight) => ({ shape: weight.shape, data: floats(weight) })),
  };
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
  async load() {
    const { create } = await import(module);
    peer = await create(data, JSON.parse(optionText ?? "{}"));
    return { version: peer.version };
  },
  async losses({ steps }) {
    const losses = [];
    for (let step = 0; step < steps; step++) {
      const rows = data.batch * data.timesteps;
      const x = data.x.subarray(step * rows, (step + 1) * rows);
      losses.push(await peer.loss(x, data.y.subarray(step * data.batch, (step + 1) * data.batch)));
    }
    return losses;
  },
  async epoch({ samples }) {
    const start = performance.now();
    await peer.epoch(samples);
    return { ms: performance.now() - start };
  },
  memory: () => ({ peakMb: peakMb() }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  let answer;
  try {
    answer = { value: await actions[message.kind](message) };
  } catch (error) {
    answer = { error: String(error?.message ?? error).split("\n")[0] };
  }
  process.stdout.write(`@${JSON.stringify(answer)}\n`);
}
process.exit(0);
