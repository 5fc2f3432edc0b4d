// An LSTM on Bach's chorales (JSB): which of 88 notes sound in the next quarter, given those before.
//   npm run chorales [-- --data ../shared/data/jsb --epochs 60 --units 200 --seed 1 --save]
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { dense, dropout, input, lstm, masking, sequential, timeDistributed } from "../../src/api/build.ts";
import { earlyStopping } from "../../src/training/callbacks/callbacks.ts";
import { learningCurves } from "../support/curve.ts";

const { values } = parseArgs({
  options: {
    data: { type: "string", default: "../shared/data/jsb" },
    epochs: { type: "string", default: "150" },
    units: { type: "string", default: "200" },
    dropout: { type: "string", default: "0.5" },
    rate: { type: "string", default: "0.002" },
    seed: { type: "string", default: "1" },
    save: { type: "boolean", default: false },
  },
});
const [NOTES, LOWEST, PADDING] = [88, 21, -1];

type Piece = readonly (readonly number[])[];

/** Frames [pieces, longest − 1, 88] and the frame after each; what is behind a piece's end is masked. */
function frames(pieces: readonly Piece[]) {
  const steps = Math.max(...pieces.map((piece) => piece.length)) - 1;
  const shape = [pieces.length, steps, NOTES];
  const x = new Float32Array(pieces.length * steps * NOTES).fill(PADDING);
  const y = new Float32Array(x.length);
  pieces.forEach((piece, p) => {
    for (let t = 0; t + 1 < piece.length; t++) {
      const at = (p * steps + t) * NOTES;
      x.fill(0, at, at + NOTES);
      for (const note of piece[t]!) x[at + note - LOWEST] = 1;
      for (const note of piece[t + 1]!) y[at + note - LOWEST] = 1;
    }
  });
  return [
    { data: x, shape },
    { data: y, shape },
  ] as const;
}

const file = join(values.data, "jsb-chorales-quarter.json");
if (!existsSync(file)) {
  console.log(`${file} is not there: nothing is trained. It is the JSB chorales' common split, quarter notes.`);
  process.exit(0);
}
const pieces = JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<"train" | "valid" | "test", readonly Piece[]>>;
const [units, seed] = [Number(values.units), Number(values.seed)];
const model = sequential(
  [
    input([null, NOTES]),
    masking({ maskValue: PADDING }),
    lstm(units, { returnSequences: true, dropout: 0.1 }),
    dropout(Number(values.dropout)),
    timeDistributed(dense(NOTES, { activation: "sigmoid" })),
  ],
  { seed, name: "chorales" },
);
model.compile({
  loss: "binary_crossentropy",
  optimizer: { className: "Adam", config: { learningRate: Number(values.rate), clipNorm: 1 } },
  seed,
});
const [x, y] = frames(pieces.train);
const started = performance.now();
const { history, epoch } = await model.fit(x, y, {
  batchSize: 16,
  epochs: Number(values.epochs),
  validationData: frames(pieces.valid),
  seed,
  verbose: 2,
  callbacks: [earlyStopping({ patience: 15, restoreBestWeights: true })],
});
const seconds = (performance.now() - started) / 1000;
const [testX, testY] = frames(pieces.test);
const { loss } = await model.evaluate(testX, testY, { batchSize: 32 });
const build = model.runtime.build;
model.dispose();

/** The loss is a mean over notes: the field's number is the sum over the 88 of a frame. */
const perFrame = (mean: number) => mean * NOTES;
const nll = perFrame(loss!);
console.log(`test NLL per frame ${nll.toFixed(3)} after ${epoch.length} epochs, ${seconds.toFixed(0)} s`);
if (values.save) {
  const inFrames = Object.fromEntries(Object.entries(history).map(([key, all]) => [key, all.map(perFrame)]));
  const foot = `Measured on ${cpus()[0]?.model}, one core, Node ${process.version}, kernels: ${build}, ${new Date().toISOString().slice(0, 10)}: npm run chorales -- --save`;
  const curve = learningCurves([{ name: "NLL a frame", history: inFrames }], ["loss"], foot);
  writeFileSync("models/chorales/curve.svg", curve);
  writeFileSync(
    "models/chorales/README.md",
    `# Bach's chorales

Which of 88 notes sound in the next quarter: Masking → LSTM(${units}, dropout 0.1) → Dropout(${values.dropout}) → Dense(88, sigmoid) on the JSB chorales (229 to train on, 76 to validate, 77 to test). Adam at ${values.rate}, clipNorm 1, batches of 16, seed ${seed}; the weights of the best validation loss are kept.

| | NLL per frame |
| --- | --- |
| test | ${nll.toFixed(2)} |
| best of validation | ${perFrame(Math.min(...history["val_loss"]!)).toFixed(2)} |
| published for an LSTM (Bai, Kolter and Koltun, 2018) | 8.45 |

${epoch.length} epochs in ${seconds.toFixed(0)} s. ![NLL per frame, epoch by epoch](curve.svg)

${foot.replace(/: npm/, ": `npm")}\`.
`,
  );
}
