import { dense, input, sequential, timeDistributed } from "../../src/api/build.ts";
import type { Model } from "../../src/api/model.ts";
import { CELLS, type CellName } from "./imdb.ts";

/** Seeded uniform numbers in [0, 1) (mulberry32), the same everywhere. */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Random = () => number;

/**
 * The adding problem: numbers in [0, 1) and marks at two steps, one in each half; the target is the sum of the two marked
 * numbers. Always answering 1 has the mean squared error 1/6.
 */
export function addingBatch(random: Random, batch: number, steps: number) {
  const x = new Float32Array(batch * steps * 2);
  const y = new Float32Array(batch);
  const half = steps >> 1;
  for (let b = 0; b < batch; b++) {
    const at = b * steps * 2;
    for (let t = 0; t < steps; t++) x[at + 2 * t] = random();
    for (const t of [Math.floor(random() * half), half + Math.floor(random() * (steps - half))]) {
      x[at + 2 * t + 1] = 1;
      y[b] = y[b]! + x[at + 2 * t]!;
    }
  }
  return [
    { data: x, shape: [batch, steps, 2] },
    { data: y, shape: [batch, 1] },
  ] as const;
}

/** Symbols of the copy memory task: 0 blank, 1-8 to remember, 9 the sign to answer. */
const SYMBOLS = 10;
const REMEMBERED = 10;

/**
 * Copy memory: ten symbols, then blanks, then a sign; after it the ten symbols are to be given. Without memory the
 * crossentropy of the answer's steps is ln 8 = 2.08; that of all steps is 10 ln 8 / (delay + 20).
 */
export function copyBatch(random: Random, batch: number, delay: number) {
  const steps = delay + 2 * REMEMBERED;
  const x = new Float32Array(batch * steps * SYMBOLS);
  const y = new Float32Array(batch * steps);
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < steps; t++) {
      let symbol = t === delay + REMEMBERED - 1 ? SYMBOLS - 1 : 0;
      if (t < REMEMBERED) {
        symbol = 1 + Math.floor(random() * 8);
        y[b * steps + steps - REMEMBERED + t] = symbol;
      }
      x[(b * steps + t) * SYMBOLS + symbol] = 1;
    }
  }
  return [
    { data: x, shape: [batch, steps, SYMBOLS] },
    { data: y, shape: [batch, steps] },
  ] as const;
}

export interface MemoryTask {
  readonly task: "adding" | "copy";
  /** Timesteps of the adding problem; the delay of copy memory. */
  readonly length: number;
  readonly cell: CellName;
  readonly units: number;
  readonly steps: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly seed: number;
  /** How the gates' biases start: Keras' way, or for memories as long as the task. */
  readonly bias: "keras" | "chrono";
}

export interface MemoryResult extends MemoryTask {
  /** The loss without any memory. */
  readonly baseline: number;
  /** The loss on fresh samples after training. */
  readonly loss: number;
  readonly seconds: number;
}

/**
 * Biases with which a fresh cell forgets after 1 to `longest` steps, each unit at another time: b = ln u, u uniform in
 * 1 … longest − 1, for the gate that keeps (LSTM's f, GRU's z), and −b for LSTM's i. Keras' own start forgets within some
 * ten steps, and the gradient of what is longer ago is lost (Tallec and Ollivier, Can recurrent neural networks warp
 * time?, 2018).
 */
function startWithLongMemory(model: Model, cell: CellName, units: number, longest: number, random: Random): void {
  if (cell === "SimpleRNN") return;
  const weights = model.getWeights();
  const bias = weights[2]!.data as Float32Array;
  for (let unit = 0; unit < units; unit++) {
    const kept = Math.log(1 + random() * (longest - 2));
    if (cell === "LSTM") bias[unit] = -kept;
    bias[cell === "LSTM" ? units + unit : unit] = kept;
  }
  model.setWeights(weights);
}

/** Trains one cell on fresh samples at every step, and measures it on others. */
export async function trainMemory(given: MemoryTask, say: (line: string) => void): Promise<MemoryResult> {
  const { task, length, cell, units, steps, batch, seed } = given;
  const adding = task === "adding";
  const make = adding ? addingBatch : copyBatch;
  const random = uniform(seed);
  const model = sequential(
    adding
      ? [input([length, 2]), CELLS[cell].make(units), dense(1)]
      : [
          input([length + 2 * REMEMBERED, SYMBOLS]),
          CELLS[cell].make(units, { returnSequences: true }),
          timeDistributed(dense(SYMBOLS, { activation: "softmax" })),
        ],
    { seed },
  );
  if (given.bias === "chrono") startWithLongMemory(model, cell, units, length, uniform(seed + 500));
  const schedule = { initialLearningRate: given.learningRate, decaySteps: steps, alpha: 0.02 };
  model.compile({
    loss: adding ? "mse" : "sparse_categorical_crossentropy",
    optimizer: {
      className: "Adam",
      config: { learningRate: { className: "CosineDecay", config: schedule }, clipNorm: 1 },
    },
    seed,
  });
  const started = performance.now();
  for (let step = 0; step < steps; step++) {
    const [x, y] = make(random, batch, length);
    const { loss } = await model.trainOnBatch(x, y);
    if ((step + 1) % 500 === 0) say(`${task} ${cell} step ${step + 1}: loss ${loss!.toExponential(2)}`);
  }
  const seconds = (performance.now() - started) / 1000;
  const [x, y] = make(uniform(seed + 1000), 512, length);
  const { loss } = await model.evaluate(x, y, { batchSize: 128 });
  model.dispose();
  const baseline = adding ? 1 / 6 : (REMEMBERED * Math.log(8)) / (length + 2 * REMEMBERED);
  return { ...given, baseline, loss: loss!, seconds };
}
