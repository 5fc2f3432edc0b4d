// Trains with a checkpoint after every second batch; goes on from one that is there. Run by kill.test.ts, which kills it.
//   node .build/run-ts.mjs test/support/train-until-killed.ts CHECKPOINT RESULT
import { existsSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import {
  batchNormalization,
  dense,
  dropout,
  embedding,
  lstm,
  modelCheckpoint,
  sequential,
} from "../../src/platform/training-node.ts";

const [checkpoint, result, seed = "3"] = process.argv.slice(2) as [string, string, string?];
const [samples, steps] = [96, 8];
const x = { data: Int32Array.from({ length: samples * steps }, (_, i) => (i * 7919) % 30), shape: [samples, steps] };
const y = { data: Float32Array.from({ length: samples }, (_, i) => (i * 31) % 2), shape: [samples, 1] };
const model = sequential(
  [
    embedding(30, 8),
    lstm(12, { dropout: 0.2, recurrentDropout: 0.2 }),
    batchNormalization(),
    dropout(0.3),
    dense(1, { activation: "sigmoid" }),
  ],
  { seed: 1, build: "simd" },
);
model.compile({ optimizer: "adam", loss: "binary_crossentropy", seed: 5, build: "simd" });
await model.fit(x, y, {
  batchSize: 8,
  epochs: 6,
  seed: Number(seed),
  ...(existsSync(checkpoint) && { resume: readFileSync(checkpoint) }),
  callbacks: [
    modelCheckpoint({ filepath: checkpoint, saveFreq: 2 }),
    // The parent reads this at once: it kills by it.
    { onBatchEnd: () => void writeSync(1, ".") },
  ],
});
writeFileSync(
  result,
  Buffer.concat(model.getWeights().map(({ data }) => new Uint8Array((data as Float32Array).buffer))),
);
