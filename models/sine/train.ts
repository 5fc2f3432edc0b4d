// Teaches a GRU the sine wave: the next value from the last 50.
//   npm run sine [-- --epochs 10 --seed 1 --save]
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { dense, gru, input, sequential } from "../../src/api/build.ts";
import { learningCurves } from "../support/curve.ts";

const { values } = parseArgs({
  options: {
    epochs: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    save: { type: "boolean", default: false },
  },
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
const seconds = (Date.now() - started) / 1000;
const result = `validation MSE ${loss.toExponential(2)} after ${epochs} epochs, ${seconds.toFixed(1)} s`;
console.log(result);
if (values.save) {
  const foot = `Measured on ${cpus()[0]?.model}, one core, Node ${process.version}, kernels: ${model.runtime.build}, ${new Date().toISOString().slice(0, 10)}: npm run sine -- --save`;
  const logarithms = Object.fromEntries(Object.entries(history).map(([key, all]) => [key, all.map(Math.log10)]));
  const curves = [{ name: "log10", history: logarithms }];
  writeFileSync("models/sine/curve.svg", learningCurves(curves, ["loss"], foot));
  writeFileSync(
    "models/sine/README.md",
    `# The sine wave\n\nThe next value from the last ${LENGTH}: GRU(32) → Dense(1), Adam at 0.003, ${SAMPLES} windows, the last fifth held back; ${result}.\n\n![Mean squared error, its logarithm, epoch by epoch](curve.svg)\n\n${foot.replace(/: npm/, ": `npm")}\`.\n`,
  );
}
model.dispose();
