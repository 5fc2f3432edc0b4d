import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { dense, embedding, gru, lstm, sequential, simpleRNN } from "../../src/api/build.ts";
import { ImdbEncoder, padSequences } from "../../src/text/index.ts";
import { epochOrder } from "../../src/training/data/shuffle.ts";

/** The recurrent layers of the table, with what is known about them before anything is measured. */
export const CELLS = {
  SimpleRNN: { make: simpleRNN, gates: 0 },
  LSTM: { make: lstm, gates: 3 },
  GRU: { make: gru, gates: 2 },
} as const;

export type CellName = keyof typeof CELLS;

const TIMESTEPS = 100;
const VALIDATION_SHARE = 0.1;

/** What one training run gave. */
export interface ComparedRun {
  readonly cell: CellName;
  readonly gates: number;
  readonly layerParameters: number;
  readonly parameters: number;
  readonly secondsPerEpoch: number;
  readonly keptEpoch: number;
  readonly validationAccuracy: readonly number[];
  readonly testAccuracy: number;
  readonly build: string;
}

export interface CompareSettings {
  readonly data: string;
  readonly units: number;
  readonly epochs: number;
  readonly seed: number;
  /** Reviews of the training split and of the test split; undefined takes all. */
  readonly samples: number | undefined;
}

function read(settings: CompareSettings, split: string) {
  const file = join(settings.data, `${split}.jsonl.gz`);
  if (!existsSync(file)) throw new Error(`${file} is not there: name the folder of the IMDB reviews with --data.`);
  const lines = gunzipSync(readFileSync(file)).toString("utf8").trim().split("\n");
  const order = epochOrder(lines.length, settings.seed, 1000).subarray(0, settings.samples ?? lines.length);
  const reviews = Array.from(order, (row) => JSON.parse(lines[row]!) as { text: string; label: number });
  const vocabulary = JSON.parse(readFileSync("models/sentiment/vocabulary.json", "utf8"));
  const encoder = new ImdbEncoder(vocabulary, { numWords: 20000 });
  const ids = reviews.map(({ text }) => encoder.encode(text));
  const x = padSequences(ids, { maxlen: TIMESTEPS });
  return { x, y: { data: Float32Array.from(reviews, ({ label }) => label), shape: [reviews.length] } };
}

/** Trains the classic post's model with each recurrent layer on the same reviews in the same order. */
export async function compareCells(settings: CompareSettings, say: (line: string) => void): Promise<ComparedRun[]> {
  const [train, test] = [read(settings, "train"), read(settings, "test")];
  const runs: ComparedRun[] = [];
  for (const [cell, { make, gates }] of Object.entries(CELLS)) {
    const model = sequential(
      [
        embedding(20000, 128, { inputLength: TIMESTEPS }),
        make(settings.units, { dropout: 0.2, recurrentDropout: 0.2 }),
        dense(1, { activation: "sigmoid" }),
      ],
      { seed: settings.seed },
    );
    model.compile({ loss: "binary_crossentropy", optimizer: "adam", metrics: ["accuracy"], seed: settings.seed });
    const count = (weights: readonly { readonly data: { readonly length: number } }[]) =>
      weights.reduce((sum, { data }) => sum + data.length, 0);
    let best = { accuracy: -1, epoch: 0, weights: model.getWeights() };
    const seconds: number[] = [];
    let started = 0;
    const { history } = await model.fit(train.x, train.y, {
      batchSize: 32,
      epochs: settings.epochs,
      seed: settings.seed,
      validationSplit: VALIDATION_SHARE,
      callbacks: [
        {
          onEpochBegin: () => {
            started = performance.now();
          },
          onEpochEnd: (epoch, logs) => {
            seconds.push((performance.now() - started) / 1000);
            const accuracy = logs["val_accuracy"]!;
            if (accuracy > best.accuracy) best = { accuracy, epoch, weights: model.getWeights() };
            say(`${cell} epoch ${epoch + 1}: validation accuracy ${accuracy.toFixed(4)}`);
          },
        },
      ],
    });
    model.setWeights(best.weights);
    const result = await model.evaluate(test.x, test.y, { batchSize: 256 });
    runs.push({
      cell: cell as CellName,
      gates,
      layerParameters: count(best.weights.slice(1, -2)),
      parameters: count(best.weights),
      secondsPerEpoch: [...seconds].sort((a, b) => a - b)[Math.floor((seconds.length - 1) / 2)]!,
      keptEpoch: best.epoch + 1,
      validationAccuracy: history["val_accuracy"]!,
      testAccuracy: result["accuracy"]!,
      build: model.runtime.build,
    });
    model.dispose();
  }
  return runs;
}
