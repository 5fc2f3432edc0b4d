import { describe, expect, it } from "vitest";
import * as build from "../../src/api/build.ts";
import type { Model } from "../../src/api/model.ts";
import { Trainer } from "../../src/training/trainer.ts";

const {
  add,
  bidirectional,
  dense,
  embedding,
  functional,
  globalAveragePooling1D,
  gru,
  input,
  lstm,
  sequential,
  simpleRNN,
} = build;

const [BATCH, STEPS, VOCABULARY, WIDTH] = [5, 7, 11, 8];
// Many words twice, the last of the vocabulary, and zeros that a mask leaves out: at the start, in the midst, at the end.
const x = {
  data: Int32Array.from({ length: BATCH * STEPS }, (_, i) => (i * i * 3 + i) % VOCABULARY),
  shape: [BATCH, STEPS],
};
x.data.set([0, 0], 0);
x.data.set([0], STEPS + 3);
x.data.set([0, 0], 3 * STEPS - 2);
const y = { data: Float32Array.from({ length: BATCH }, (_, i) => Math.fround(Math.sin(i))), shape: [BATCH, 1] };

/** A term so small that it changes no bit, and asks for the gradient of the embedding's own output. */
const WHOLE = { activityRegularizer: { className: "L2", config: { l2: 1e-30 } } };

function gradients(model: Model): readonly (readonly [string, Float32Array])[] {
  const trainer = new Trainer(model.inference, { optimizer: "sgd", loss: "mse", build: "simd" });
  return trainer.gradients(x, y).map(({ parameter, data }) => [`${parameter.layer.name} ${parameter.name}`, data]);
}

type Options = build.LayerOptions;
const RECURRENT: Readonly<Record<string, (options: Options) => build.LayerDraft[]>> = {
  SimpleRNN: (options) => [simpleRNN(6, options)],
  LSTM: (options) => [lstm(6, options)],
  GRU: (options) => [gru(6, options)],
  "GRU, reset before": (options) => [gru(6, { ...options, resetAfter: false })],
  "LSTM of two": (options) => [lstm(6, { ...options, returnSequences: true }), lstm(5, options)],
  Bidirectional: (options) => [bidirectional(gru(6, options))],
};

describe("a recurrent layer behind an embedding", () => {
  for (const [name, layers] of Object.entries(RECURRENT)) {
    for (const maskZero of [false, true]) {
      for (const goBackwards of [false, true]) {
        it(`${name}, maskZero ${maskZero}, goBackwards ${goBackwards}: gives the gradients of whole sequences`, () => {
          const made = (options: Options) =>
            sequential([embedding(VOCABULARY, WIDTH, { maskZero, ...options }), ...layers({ goBackwards }), dense(1)], {
              seed: 5,
            });
          const [shared, whole] = [gradients(made({})), gradients(made(WHOLE))];
          expect(shared.map(([key]) => key.replace(/_\d+/, ""))).toEqual(whole.map(([key]) => key.replace(/_\d+/, "")));
          shared.forEach(([key, values], i) => {
            const largest = Math.max(...values.map(Math.abs));
            expect(largest, key).toBeGreaterThan(0);
            values.forEach((value, k) => {
              expect(Math.abs(value - whole[i]![1][k]!), `${key} ${k}`).toBeLessThan(1e-6 * largest);
            });
          });
        });
      }
    }
  }

  it("adds to what other layers give the table back", () => {
    const made = (options: Options) => {
      const words = input([STEPS], { dtype: "int32" });
      const table = embedding(VOCABULARY, WIDTH, options);
      const vectors = table(words);
      const again = table(words);
      const outputs = [
        dense(1)(lstm(6)(vectors)),
        dense(1)(globalAveragePooling1D()(vectors)),
        dense(1)(gru(6)(again)),
      ];
      return functional(words, add()(outputs), { seed: 5 });
    };
    const [shared, whole] = [gradients(made({})), gradients(made(WHOLE))];
    const of = (all: typeof shared) => all.find(([key]) => key.endsWith("embeddings"))![1];
    for (const [k, value] of of(shared).entries()) expect(value).toBeCloseTo(of(whole)[k]!, 6);
    expect(of(shared).some((value) => Math.abs(value) > 1e-3)).toBe(true);
  });
});

describe("Adam on a table", () => {
  for (const config of [{}, { amsgrad: true }, { weightDecay: 0.01 }]) {
    it(`moves the rows that a batch names, and the others' moments, bit for bit as on a whole gradient: ${JSON.stringify(config)}`, async () => {
      const trained = async (more: object) => {
        const model = sequential([embedding(VOCABULARY, WIDTH), lstm(6), dense(1)], { seed: 5, build: "simd" });
        const optimizer = { className: "AdamW", config: { learningRate: 0.05, weightDecay: 0, ...config, ...more } };
        model.compile({ optimizer, loss: "mse" });
        for (let step = 0; step < 6; step++) {
          // Other words at each step.
          const data = x.data.map((word) => (word * (step + 1) + 2 * step) % (VOCABULARY - (step % 3)));
          await model.trainOnBatch({ data, shape: x.shape }, y);
        }
        return model.getWeights().map(({ data }) => [...(data as Float32Array)]);
      };
      // A limit that clips nothing, for which the whole gradient must be known.
      expect(await trained({})).toEqual(await trained({ clipNorm: 1e9 }));
    });
  }
});
