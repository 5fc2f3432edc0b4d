// Trains the classic post's model on IMDB, in TypeScript: the settings of train.py.
//   node .build/run-ts.mjs models/sentiment/train.ts ../shared/data/imdb [--epochs 5] [--seed 1] [--out FOLDER]
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { dense, embedding, lstm, sequential } from "../../src/api/build.ts";
import { ImdbEncoder, padSequences } from "../../src/text/index.ts";
import { csvLogger } from "../../src/training/callbacks/log-files.ts";
import { modelCheckpoint } from "../../src/training/callbacks/model-checkpoint.ts";
import { epochOrder } from "../../src/training/data/shuffle.ts";
import { learningCurves } from "../support/curve.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    epochs: { type: "string", default: "5" },
    seed: { type: "string", default: "1" },
    out: { type: "string" },
  },
});
const data = positionals[0];
if (!data) throw new Error("usage: train.ts FOLDER [--epochs 5] [--seed 1] [--out FOLDER]");
const [epochs, seed] = [Number(values.epochs), Number(values.seed)];
const MAXLEN = 100;
const VALIDATION = 2496;

const here = dirname(fileURLToPath(import.meta.url));
const vocabularyFile = [join(here, "vocabulary.json"), "models/sentiment/vocabulary.json"].find((file) => {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
});
const encoder = new ImdbEncoder(JSON.parse(readFileSync(vocabularyFile!, "utf8")), { numWords: 20000 });

/** Reviews of one split as padded ids and labels. */
function read(split: string) {
  const lines = gunzipSync(readFileSync(join(data!, `${split}.jsonl.gz`)))
    .toString("utf8")
    .trim()
    .split("\n");
  const reviews = lines.map((line) => JSON.parse(line) as { text: string; label: number });
  const x = padSequences(
    reviews.map(({ text }) => encoder.encode(text)),
    { maxlen: MAXLEN },
  );
  return { x: x.data as Int32Array, y: Float32Array.from(reviews, ({ label }) => label), length: reviews.length };
}

/** Some reviews of a split, in the given order. */
function pick({ x, y }: ReturnType<typeof read>, rows: ArrayLike<number>) {
  const list = Array.from(rows);
  const ids = new Int32Array(list.length * MAXLEN);
  list.forEach((row, i) => {
    ids.set(x.subarray(row * MAXLEN, (row + 1) * MAXLEN), i * MAXLEN);
  });
  return [
    { data: ids, shape: [list.length, MAXLEN] },
    { data: Float32Array.from(list, (row) => y[row]!), shape: [list.length] },
  ] as const;
}

const all = read("train");
const order = epochOrder(all.length, seed, 1000);
const [xVal, yVal] = pick(all, order.subarray(0, VALIDATION));
const [x, y] = pick(all, order.subarray(VALIDATION));

const model = sequential(
  [
    embedding(20000, 128, { inputLength: MAXLEN }),
    lstm(128, { dropout: 0.2, recurrentDropout: 0.2 }),
    dense(1, { activation: "sigmoid" }),
  ],
  { seed, name: "sentiment" },
);
model.compile({ loss: "binary_crossentropy", optimizer: "adam", metrics: ["accuracy"], seed });
const started = Date.now();
let best: { epoch: number; weights: ReturnType<typeof model.getWeights> } | undefined;
const { history } = await model.fit(x, y, {
  batchSize: 32,
  epochs,
  seed,
  validationData: [xVal, yVal],
  callbacks: [
    csvLogger((line) => {
      process.stdout.write(`${((Date.now() - started) / 1000).toFixed(0)} s  ${line}`);
    }),
    modelCheckpoint({
      monitor: "val_accuracy",
      saveBestOnly: true,
      save: (_checkpoint, { epoch }) => {
        best = { epoch, weights: model.getWeights() };
      },
    }),
  ],
});
if (best) model.setWeights(best.weights);
const test = read("test");
const [xTest, yTest] = pick(
  test,
  Array.from({ length: test.length }, (_, i) => i),
);
const result = await model.evaluate(xTest, yTest, { batchSize: 256 });
const seconds = (Date.now() - started) / 1000;
console.log(JSON.stringify({ seed, keptEpoch: (best?.epoch ?? 0) + 1, test: result, seconds: Math.round(seconds) }));
if (values.out) {
  mkdirSync(values.out, { recursive: true });
  const machine = `${cpus()[0]?.model}, Node ${process.version}, ${model.runtime.build}`;
  const run = { seed, machine, history, keptEpoch: (best?.epoch ?? 0) + 1, test: result, seconds: Math.round(seconds) };
  writeFileSync(join(values.out, `history-${seed}.json`), `${JSON.stringify(run, undefined, 2)}\n`);
  const { files } = await model.export("rnn-wasm", { includeOptimizer: false });
  mkdirSync(join(values.out, `model-${seed}`), { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(values.out, `model-${seed}`, name), bytes);
  drawCurve(values.out);
}
model.dispose();

/** Draws the curves of all runs that the folder holds. */
function drawCurve(folder: string): void {
  const names = readdirSync(folder).filter((name) => /^history-\d+\.json$/.test(name));
  const runs = names.sort().map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
  const curves = runs.map((run) => ({ name: `seed ${run.seed}`, history: run.history }));
  const foot = `IMDB, batch 32, adam. ${runs.at(-1).machine}. node .build/run-ts.mjs models/sentiment/train.ts`;
  writeFileSync(join(folder, "curve.svg"), learningCurves(curves, ["loss", "accuracy"], foot));
}
