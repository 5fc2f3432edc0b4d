import { describe, expect, it } from "vitest";
import * as build from "../../src/api/build.ts";
import type { Model } from "../../src/api/model.ts";
import { OptionError } from "../../src/errors.ts";
import { fit } from "../../src/training/fit.ts";
import { leastMemory, stepMemory } from "../../src/training/threads/step-memory.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { expectClose, expectSameBits } from "../support/close.ts";
import { randomTensor } from "../support/one-layer.ts";
import { numbers } from "../support/random.ts";

const { batchNormalization, bidirectional, dense, embedding, functional, gru, input, lstm, masking } = build;
const { gruCell, lstmCell, rnn, sequential, simpleRNN, stackedRNNCells } = build;

type Options = build.LayerOptions;
const [BATCH, STEPS, FEATURES] = [3, 11, 4];
const x = randomTensor([BATCH, STEPS, FEATURES], 7);
// Masked where a Masking layer is in front: the first steps of a row, a hole over a border of spans, the last ones.
for (const [row, first, end] of [
  [0, 0, 2],
  [1, 3, 6],
  [2, 8, STEPS],
] as const) {
  (x.data as Float32Array).fill(0, (row * STEPS + first) * FEATURES, (row * STEPS + end) * FEATURES);
}
const y = { data: numbers(BATCH, 11), shape: [BATCH, 1] };
const PAGE = 65536;

const trainerOf = (model: Model) =>
  new Trainer(model.inference, { optimizer: "adam", loss: "mse", seed: 5, build: "simd" });

const LAYERS: Readonly<Record<string, (options: Options) => build.LayerDraft[]>> = {
  LSTM: (options) => [lstm(5, options)],
  GRU: (options) => [gru(5, options)],
  "GRU, reset before": (options) => [gru(5, { ...options, resetAfter: false })],
  SimpleRNN: (options) => [simpleRNN(5, options)],
  "two layers": (options) => [lstm(5, { ...options, returnSequences: true }), gru(3, options)],
  Bidirectional: (options) => [bidirectional(lstm(5, options))],
  "Bidirectional, summed, under a layer": (options) => [
    bidirectional(gru(5, { ...options, returnSequences: true }), { mergeMode: "sum" }),
    simpleRNN(3),
  ],
};

const OPTIONS: Readonly<Record<string, Options>> = {
  plain: {},
  goBackwards: { goBackwards: true },
  dropout: { dropout: 0.4 },
  "both dropouts": { dropout: 0.3, recurrentDropout: 0.4 },
  "recurrent dropout, no bias": { recurrentDropout: 0.4, useBias: false },
};

/** Losses, outputs and gradients of a batch as a part that is a whole, whatever was run before. */
function resultOf(trainer: Trainer, inputs: unknown, spanSteps?: number) {
  const batch = trainer.readBatch(inputs as never, y, {});
  return trainer.part(batch, { part: 0, step: 3, share: 1, stays: false, spanSteps });
}

function expectSame(model: Model, inputs: unknown, spans: readonly number[]): void {
  const trainer = trainerOf(model);
  const whole = resultOf(trainer, inputs);
  expect(Math.max(...whole.gradients.flatMap(({ values }) => [...values].map(Math.abs)))).toBeGreaterThan(1e-3);
  for (const spanSteps of spans) {
    const spanned = resultOf(trainer, inputs, spanSteps);
    expectSameBits(spanned.losses, whole.losses, "losses");
    whole.gradients.forEach(({ parameter, values }, i) => {
      expect(spanned.gradients[i]!.parameter).toBe(parameter);
      expectSameBits(spanned.gradients[i]!.values, values, `gradient ${parameter}, ${spanSteps} steps at once`);
    });
  }
  model.dispose();
}

describe("a sequence that is taken in spans", () => {
  for (const [name, layers] of Object.entries(LAYERS)) {
    for (const [which, options] of Object.entries(OPTIONS)) {
      for (const masked of [false, true]) {
        it(`${name}, ${which}${masked ? ", masked" : ""}: gives the same bits`, () => {
          const front = [input([null, FEATURES]), dense(FEATURES, { useBias: false }), ...(masked ? [masking()] : [])];
          const model = sequential([...front, ...layers(options), dense(1)], { seed: 4, build: "simd" });
          expectSame(model, x, [1, 2, 3, 5, 10]);
        });
      }
    }
  }

  it("both dropouts: the gradients are those of the loss with the same masks", () => {
    const layers = [input([null, FEATURES]), lstm(5, { dropout: 0.3, recurrentDropout: 0.4 }), dense(1)];
    const trainer = trainerOf(sequential(layers, { seed: 4, build: "simd" }));
    const { gradients } = resultOf(trainer, x, 3);
    const { f32 } = trainer.engine.memory;
    for (const { parameter, values } of gradients) {
      const first = trainer.parameters.trainable[parameter]!.value.address >> 2;
      const largest = Math.max(...values.map(Math.abs));
      for (let i = 0; i < values.length; i += 3) {
        const kept = f32[first + i]!;
        const lossAt = (value: number) => {
          f32[first + i] = value;
          return resultOf(trainer, x).losses[0]!;
        };
        const want = (lossAt(kept + 4e-3) - lossAt(kept - 4e-3)) / 8e-3;
        f32[first + i] = kept;
        expect(Math.abs(values[i]! - want), `${parameter}[${i}]`).toBeLessThanOrEqual(0.02 * largest + 1e-3);
      }
    }
  });

  it("stacked cells of different kinds: gives the same bits", () => {
    const cells = stackedRNNCells([lstmCell(4, { dropout: 0.2 }), gruCell(3, { recurrentDropout: 0.3 })]);
    expectSame(sequential([input([null, FEATURES]), rnn(cells), dense(1)], { seed: 2, build: "simd" }), x, [1, 4, 6]);
  });

  it("initial states and last states with gradients: gives the same bits", () => {
    const [a, b] = [input([null, FEATURES]), input([null, FEATURES])];
    const [, h, c] = lstm(4, { returnState: true })(a) as unknown as build.SymbolicTensor[];
    const decoded = lstm(4)(b, { initialState: [h!, c!] } as never) as build.SymbolicTensor;
    expectSame(functional([a, b], dense(1)(decoded), { seed: 3, build: "simd" }), [x, x], [2, 4]);
  });

  it("rows of a table: gives the same numbers but for last digits", () => {
    const ids = { data: Int32Array.from({ length: BATCH * STEPS }, (_, i) => (i * i) % 7), shape: [BATCH, STEPS] };
    for (const maskZero of [false, true]) {
      const layers = [embedding(9, 4, { maskZero }), bidirectional(lstm(5)), dense(1)];
      const model = sequential(layers, { seed: 4, build: "simd" });
      const trainer = trainerOf(model);
      const gradients = (spanSteps?: number) => trainer.gradients(ids, y, {}, { spanSteps }).map(({ data }) => data);
      const whole = gradients();
      for (const spanSteps of [1, 3, 6]) {
        gradients(spanSteps).forEach((values, i) => {
          expectClose(values, whole[i]!, "sequence", `gradient ${i}, ${spanSteps} steps at once`);
        });
      }
    }
  });

  it("states that go on to the next batch: gives the same bits", () => {
    const made = () => {
      const layers = [input([STEPS, FEATURES], { batchSize: BATCH } as never), lstm(4, { stateful: true }), dense(1)];
      return trainerOf(sequential(layers, { seed: 6, build: "simd" }));
    };
    const [whole, spanned] = [made(), made()];
    for (let step = 0; step < 3; step++) {
      whole.step("train", x, y, {}, whole.gathering());
      spanned.step("train", x, y, {}, spanned.gathering(), { spanSteps: 3 });
    }
    expectSameBits(spanned.stateValues(), whole.stateValues(), "states");
    for (const [i, array] of spanned.weightArrays().entries()) {
      expectSameBits(array, whole.weightArrays()[i]!, `weight ${i}`);
    }
  });
});

describe("a limit that one sample would pass", () => {
  const LONG = 2000;
  const long = randomTensor([2, LONG, 2], 3);
  const target = { data: numbers(2, 5), shape: [2, 1] };
  const weightsOf = (trainer: Trainer) => trainer.weightArrays().map((array) => [...array]);
  const made = (...extra: build.LayerDraft[]) =>
    sequential([input([null, 2]), gru(8, { returnSequences: true }), lstm(6), ...extra, dense(1)], {
      seed: 2,
      build: "simd",
    });

  it("is kept by spans, with the bits of whole sequences", async () => {
    const [whole, limited] = [trainerOf(made()), trainerOf(made())];
    const batch = whole.readBatch(long, target, {});
    const one = stepMemory(whole, batch, { parts: 2 });
    const least = leastMemory(whole, batch, 1);
    expect(least.tape).toBeLessThan(one.tape / 2);
    const limit = Math.round((least.total + one.total) / 2);
    const validationData = [long, target] as const;
    const options = { batchSize: 1, epochs: 2, shuffle: false, validationData, validationBatchSize: 2 };
    const { notes, history } = await fit(limited, long, target, { ...options, memoryLimit: limit });
    expect(notes).toEqual([
      expect.stringMatching(
        /^Batches of 1x2000x2 are computed with \d+ time steps kept at once and computed anew on the/,
      ),
    ]);
    expect(limited.engine.memory.byteLength).toBeLessThan(limit + 2 * PAGE);
    const free = await fit(whole, long, target, options);
    expect(whole.engine.memory.byteLength).toBeGreaterThan(limit + 2 * PAGE);
    expect(history).toEqual(free.history);
    expect(weightsOf(limited)).toEqual(weightsOf(whole));
  });

  it("is told beforehand, and what would be the least", async () => {
    const model = made();
    model.compile({ optimizer: "adam", loss: "mse" });
    const { least, ...whole } = await model.trainingMemory(long, target);
    expect(whole.parts).toBe(1);
    const within = await model.trainingMemory(long, target, { memoryLimit: least });
    expect(within.total).toBeLessThanOrEqual(least);
    expect(within.spanSteps).toBeGreaterThan(1);
    expect(within.least).toBe(least);
    // Parts alone cost no time: they come first.
    const half = await model.trainingMemory(long, target, { memoryLimit: whole.total - 1 });
    expect([half.parts, half.spanSteps]).toEqual([2, undefined]);
    const refused = model.trainingMemory(long, target, { memoryLimit: least - 1 });
    await expect(refused).rejects.toThrow(OptionError);
    await expect(refused).rejects.toThrow(
      new RegExp(`takes [\\d.]+ MB and, in 2 parts, with \\d+ time steps kept .* or give it ${least} bytes`),
    );
  });

  it("is kept without taking a batch apart whose samples belong together", async () => {
    const trainer = trainerOf(made(batchNormalization()));
    const batch = trainer.readBatch(long, target, {});
    const { total } = stepMemory(trainer, batch, { parts: 1 });
    const { notes } = await fit(trainer, long, target, { batchSize: 2, epochs: 1, memoryLimit: Math.round(total / 2) });
    expect(notes).toEqual([
      expect.stringMatching(/^Batches of 2x2000x2 are computed with \d+ time steps kept at once/),
    ]);
    const { total: least } = leastMemory(trainer, batch, 1);
    await expect(fit(trainer, long, target, { batchSize: 2, memoryLimit: least - 1 })).rejects.toThrow(
      /its samples are not taken apart: BatchNormalization .* takes the statistics of the whole batch/,
    );
  });
});
