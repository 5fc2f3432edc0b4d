// Teaches a GRU the sine wave: the next value from the last 50.
//   node .build/run-ts.mjs models/sine/train.ts [--epochs 10] [--seed 1]
import { parseArgs } from "node:util";
import { dense, gru, input, sequential } from "../../src/api/build.ts";

const { values } = parseArgs({
  options: { epochs: { type: "string", default: "10" }, seed: { type: "string", default: "1" } },
});
const [epochs, seed] = [Number(values.epochs), Number(values.seed)];
const LENGTH = 50;
const SAMPLES = 1500;
const wave = Float32Array.from({ length: SAMPLES + LENGTH + 1 }, (_, i) => Math.sin(i * 0.1));
const x = new Float32Array(SAMPLES * LENGTH);
const y = new Float32Array(SAMPLES);
for (let i = 0; i < SAMPLES; i++) {
  x.set(wave.subarray(i, i + LENGTH), i * LENGTH);
  y[i] = wave[i + LENGTH]!;
}
const model = sequential([input([LENGTH, 1]), gru(32), dense(1)], { seed, name: "sine" });
model.compile({ loss: "mse", optimizer: { className: "Adam", config: { learningRate: 0.003 } } });
const started = Date.now();
const { history } = await model.fit(
  { data: x, shape: [SAMPLES, LENGTH, 1] },
  { data: y, shape: [SAMPLES, 1] },
  { batchSize: 32, epochs, validationSplit: 0.2, seed },
);
const loss = history["val_loss"]!.at(-1)!;
console.log(
  `validation MSE ${loss.toExponential(2)} after ${epochs} epochs, ${((Date.now() - started) / 1000).toFixed(1)} s`,
);
model.dispose();
