import { describe, expect, it } from "vitest";
import * as build from "../../src/api/build.ts";
import type { Model } from "../../src/api/model.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { gruStep } from "../reference/gru.ts";
import { lstmStep } from "../reference/lstm.ts";
import { simpleRnnStep } from "../reference/simple-rnn.ts";
import { expectClose, expectSameBits } from "../support/close.ts";
import { expectGradients } from "../support/numeric-gradients.ts";
import { numbers } from "../support/random.ts";

const { bidirectional, dense, embedding, gru, input, lstm, masking, sequential, simpleRNN } = build;

type Arrays = readonly Float64Array[];
type StepOf = (weights: Arrays) => (x: Float64Array, states: Float64Array[]) => Float64Array[];

const as32 = (array: Float64Array | undefined) => array as unknown as Float32Array;

const CELLS: Readonly<
  Record<string, { layer: (options: build.LayerOptions) => build.LayerDraft; step: StepOf; states: number }>
> = {
  SimpleRNN: {
    layer: (options) => simpleRNN(3, options),
    step: ([w, u, b]) => simpleRnnStep(as32(w), as32(u), b!) as never,
    states: 1,
  },
  LSTM: {
    layer: (options) => lstm(3, options),
    step: ([w, u, b]) => lstmStep(as32(w), as32(u), b!) as never,
    states: 2,
  },
  "GRU reset after": {
    layer: (options) => gru(3, options),
    step: ([w, u, b]) => gruStep(as32(w), as32(u), b!.subarray(0, 9), b!.subarray(9)) as never,
    states: 1,
  },
  "GRU reset before": {
    layer: (options) => gru(3, { ...options, resetAfter: false }),
    step: ([w, u, b]) => gruStep(as32(w), as32(u), b!, undefined) as never,
    states: 1,
  },
};

const [BATCH, STEPS, FEATURES, UNITS] = [3, 6, 2, 3];
const x = numbers(BATCH * STEPS * FEATURES, 7);
// Whole steps of zeros: masked where a Masking layer is in front. One at the start, a hole, a tail.
for (const [row, step] of [
  [0, 0],
  [1, 2],
  [2, 4],
  [2, 5],
] as const) {
  x.fill(0, (row * STEPS + step) * FEATURES, (row * STEPS + step + 1) * FEATURES);
}
const target = numbers(BATCH * STEPS * UNITS * 2, 11);

/** Outputs [step][unit] of one row in float64; masked steps repeat the output, zeros first. */
function sequence(
  step: ReturnType<StepOf>,
  row: number,
  states: number,
  masked: boolean,
  backwards: boolean,
  zeroes = false,
) {
  let state: Float64Array[] = Array.from({ length: states }, () => new Float64Array(UNITS));
  let seen = false;
  const outputs: Float64Array[] = [];
  for (let t = 0; t < STEPS; t++) {
    const at = (row * STEPS + (backwards ? STEPS - 1 - t : t)) * FEATURES;
    const now = Float64Array.from(x.subarray(at, at + FEATURES));
    const skip = masked && now.every((value) => value === 0);
    if (!skip) {
      state = step(now, state);
      seen = true;
    }
    outputs.push(seen && !(skip && zeroes) ? state[0]! : new Float64Array(UNITS));
  }
  return outputs;
}

/** Keras' masked mean squared error in float64. */
function lossOf(
  outputs: (row: number) => Float64Array[],
  width: number,
  masked: boolean,
  maskAt: (t: number) => number,
): number {
  let [sum, rows] = [0, 0];
  for (let row = 0; row < BATCH; row++) {
    outputs(row).forEach((y, t) => {
      const at = (row * STEPS + maskAt(t)) * FEATURES;
      if (masked && x.subarray(at, at + FEATURES).every((value) => value === 0)) return;
      rows++;
      for (let i = 0; i < width; i++) sum += (y[i]! - target[(row * STEPS + t) * width + i]!) ** 2 / width;
    });
  }
  return sum / rows;
}

function compare(model: Model, width: number, loss: (weights: Arrays) => number): void {
  const trainer = new Trainer(model.inference, { loss: "mse", optimizer: "sgd", build: "simd" });
  const y = { data: target.subarray(0, BATCH * STEPS * width), shape: [BATCH, STEPS, width] };
  const inputs = { data: x, shape: [BATCH, STEPS, FEATURES] };
  const got = trainer.gradients(inputs, y);
  for (const spanSteps of [1, 2, 4]) {
    trainer.gradients(inputs, y, {}, { spanSteps }).forEach(({ parameter, data }, i) => {
      expectSameBits(data, got[i]!.data, `${parameter.name}, ${spanSteps} steps at once`);
    });
  }
  const weights = model.getWeights().map(({ data }) => Float64Array.from(data as Float32Array));
  const largest = Math.max(...got.flatMap(({ data }) => [...data].map(Math.abs)));
  expect(largest).toBeGreaterThan(1e-3);
  weights.forEach((array, w) => {
    for (let i = 0; i < array.length; i++) {
      const kept = array[i]!;
      array[i] = kept + 1e-5;
      const above = loss(weights);
      array[i] = kept - 1e-5;
      const below = loss(weights);
      array[i] = kept;
      const want = (above - below) / 2e-5;
      expectClose([got[w]!.data[i]!], [want], "gradient", `weight ${w}[${i}]`, largest);
    }
  });
  model.dispose();
}

/** Random weights everywhere, biases too. */
function randomised(layers: Parameters<typeof sequential>[0]): Model {
  const model = sequential(layers, { build: "simd" });
  const random = model.getWeights().map(({ shape }, i) => ({
    shape,
    data: numbers(
      shape.reduce((a, b) => a * b, 1),
      i + 3,
    ),
  }));
  model.setWeights(random);
  return model;
}

describe("gradients through time against central differences of the float64 reference", () => {
  for (const [name, { layer, step, states }] of Object.entries(CELLS)) {
    for (const masked of [false, true]) {
      for (const goBackwards of [false, true]) {
        it(`${name}${masked ? ", masked" : ""}${goBackwards ? ", backwards" : ""}`, () => {
          const cell = layer({ returnSequences: true, goBackwards });
          const model = randomised([input([STEPS, FEATURES]), ...(masked ? [masking()] : []), cell]);
          // The mask that reaches the loss is not reversed, as in Keras.
          compare(model, UNITS, (weights) =>
            lossOf(
              (row) => sequence(step(weights), row, states, masked, goBackwards),
              UNITS,
              masked,
              (t) => t,
            ),
          );
        });
      }
      it(`Bidirectional ${name}${masked ? ", masked" : ""}`, () => {
        const cell = bidirectional(layer({ returnSequences: true }));
        const model = randomised([input([STEPS, FEATURES]), ...(masked ? [masking()] : []), cell]);
        compare(model, 2 * UNITS, (weights) => {
          const [front, back] = [step(weights.slice(0, 3)), step(weights.slice(3))];
          return lossOf(
            (row) => {
              const left = sequence(front, row, states, masked, false, true);
              const right = sequence(back, row, states, masked, true, true).reverse();
              return left.map((y, t) => Float64Array.from([...y, ...right[t]!]));
            },
            2 * UNITS,
            masked,
            (t) => t,
          );
        });
      });
    }
  }
});

/** The trainer's own loss at shifted weights: float32, so that the step is wide. */
function selfCheck(
  layers: Parameters<typeof sequential>[0],
  xs: Float32Array,
  shape: number[],
  loss: unknown,
  y: Float32Array,
  yShape: number[],
) {
  const model = randomised(layers);
  const trainer = new Trainer(model.inference, { loss, optimizer: "sgd", build: "simd" });
  const inputs = { data: xs, shape };
  const targets = { data: y, shape: yShape };
  expectGradients(trainer, inputs, targets, { h: 4e-3, slack: 2e-3 });
  model.dispose();
}

describe("gradients against differences of the loss itself", () => {
  const shape = [4, 8, 3];
  const xs = numbers(4 * 8 * 3, 5);
  const y = numbers(4 * 2, 9);
  const layers: Readonly<Record<string, () => readonly (build.LayerDraft | build.SymbolicTensor)[]>> = {
    Dense: () => [build.flatten(), dense(3, { activation: "tanh" })],
    "Dense gelu": () => [build.flatten(), dense(3, { activation: "gelu" })],
    "Dense leaky_relu": () => [build.flatten(), dense(5, { activation: "leaky_relu" })],
    "Dense silu, mish": () => [build.flatten(), dense(3, { activation: "silu" }), dense(3, { activation: "mish" })],
    TimeDistributed: () => [build.timeDistributed(dense(3, { activation: "softsign" })), build.flatten()],
    Conv1D: () => [build.conv1D(3, 3, { padding: "same", dilationRate: [2] }), build.flatten()],
    "strided Conv1D, pooling": () => [
      build.conv1D(3, 2, { strides: [2], activation: "tanh" }),
      build.averagePooling1D(2),
      build.flatten(),
    ],
    "max pooling": () => [dense(3), build.maxPooling1D(2), build.flatten()],
    "global pooling": () => [dense(3), build.globalAveragePooling1D()],
    LayerNormalization: () => [dense(4), build.layerNormalization(), build.flatten()],
    "stacked cells": () => [build.rnn([build.lstmCell(3), build.gruCell(2), build.simpleRNNCell(3)])],
    "Permute, RepeatVector": () => [build.permute([2, 1]), lstm(3), build.repeatVector(3), gru(2)],
    "odd units": () => [lstm(5, { returnSequences: true }), gru(7)],
  };
  for (const [name, make] of Object.entries(layers)) {
    it(name, () => selfCheck([input([8, 3]), ...make(), dense(2)], xs, shape, "mse", y, [4, 2]));
  }
  it("Embedding with repeated ids", () => {
    const ids = Float32Array.from({ length: 4 * 6 }, (_, i) => (i * i) % 5);
    selfCheck([embedding(5, 3, { inputLength: 6 }), gru(3), dense(2)], ids, [4, 6], "mse", y, [4, 2]);
  });

  const positive = y.map((value) => Math.abs(value) + 0.1);
  const binary = Float32Array.from(y, (value) => Number(value > 0));
  const losses: readonly (readonly [unknown, string | undefined, Float32Array])[] = [
    ["mse", undefined, y],
    ["logcosh", undefined, y],
    [{ className: "Huber", config: { delta: 0.3 } }, undefined, y],
    ["poisson", "softplus", positive],
    ["kl_divergence", "softmax", positive],
    ["msle", "softplus", positive],
    ["cosine_similarity", undefined, y],
    ["binary_crossentropy", "sigmoid", binary],
    [{ className: "BinaryCrossentropy", config: { fromLogits: true, labelSmoothing: 0.1 } }, undefined, binary],
    ["categorical_crossentropy", "softmax", Float32Array.of(1, 0, 0, 1, 0, 1, 1, 0)],
    ["binary_focal_crossentropy", "sigmoid", binary],
    [{ className: "BinaryFocalCrossentropy", config: { fromLogits: true } }, undefined, binary],
    ["dice", "sigmoid", binary],
    [{ className: "Tversky", config: { alpha: 0.3, beta: 0.8 } }, "sigmoid", binary],
    ["categorical_focal_crossentropy", "softmax", Float32Array.of(1, 0, 0, 1, 0, 1, 1, 0)],
  ];
  for (const [loss, activation, targets] of losses) {
    it(`loss ${typeof loss === "string" ? loss : JSON.stringify(loss)}`, () => {
      const top = dense(2, activation ? { activation } : {});
      selfCheck([input([8, 3]), gru(3), top], xs, shape, loss, targets, [4, 2]);
    });
  }
});
