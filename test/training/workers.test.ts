import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import * as build from "../../src/api/build.ts";
import type { Model } from "../../src/api/model.ts";
import type { Platform } from "../../src/api/source.ts";
import { DivergenceError, OptionError } from "../../src/errors.ts";
import { type Callback, earlyStopping } from "../../src/training/callbacks/callbacks.ts";
import { modelCheckpoint } from "../../src/training/callbacks/model-checkpoint.ts";
import type { FitOptions } from "../../src/training/options/fit-options.ts";
import { portInPlace } from "../support/port-in-place.ts";

const { batchNormalization, bidirectional, dense, dropout, embedding, gru, input, lstm } = build;

/** Workers whose loop runs in this thread, with messages copied as a worker's are. */
let spawned = 0;
let ended = 0;
const platform = {
  open: () => Promise.reject(new Error("no files")),
  spawn() {
    spawned++;
    return { ...portInPlace(), terminate: () => void ended++ };
  },
} as Platform;
const { sequential } = build.buildersFor(platform);

const [SAMPLES, STEPS, VOCABULARY] = [23, 6, 40];
const x = {
  data: Int32Array.from({ length: SAMPLES * STEPS }, (_, i) => (i * i * 7 + i) % VOCABULARY),
  shape: [SAMPLES, STEPS],
};
const y = { data: Float32Array.from({ length: SAMPLES }, (_, i) => Number((i * 5) % 3 === 0)), shape: [SAMPLES, 1] };

const l2 = { className: "L2", config: { l2: 0.01 } };

function made(drop = 0.3) {
  const layers = [
    embedding(VOCABULARY, 8, { maskZero: true, activityRegularizer: l2 }),
    bidirectional(gru(5, { dropout: drop, recurrentDropout: drop, returnSequences: true, kernelRegularizer: l2 })),
    lstm(4),
    dropout(drop),
    dense(1, { activation: "sigmoid" }),
  ];
  const model = sequential(layers, { seed: 2, build: "simd" });
  const optimizer = { className: "Adam", config: { learningRate: 0.02 } };
  model.compile({
    optimizer,
    loss: "binary_crossentropy",
    metrics: ["accuracy", "auc"],
    weightedMetrics: ["mse"],
    seed: 4,
  });
  return model;
}

const bits = (model: Model) => model.getWeights().map(({ data }) => [...(data as Float32Array)]);
const weights = Float32Array.from({ length: SAMPLES }, (_, i) => 1 + (i % 4));

async function trained(options: FitOptions, drop?: number) {
  const model = made(drop);
  // 23 samples in batches of 5: parts of 3 and 2, and a last batch of 3.
  const given = { batchSize: 5, epochs: 3, validationData: [x, y], sampleWeight: weights, ...options };
  const { history } = await model.fit(x, y, given);
  const trainedWeights = bits(model);
  model.dispose();
  return { weights: trainedWeights, history };
}

describe("training on several threads", () => {
  it("gives the bits of one thread that takes the same parts, and the same history", async () => {
    for (const shards of [2, 3]) {
      const one = await trained({ shards });
      const before = spawned;
      expect(await trained({ workers: shards })).toEqual(one);
      expect(spawned - before).toBe(shards - 1);
      expect(ended).toBe(spawned);
      // Fewer threads than parts: the caller's takes the rest.
      expect(await trained({ workers: 2, shards })).toEqual(one);
    }
  });

  it("exchanges gradients in memory of their own where threads cannot share any, with the same bits", async () => {
    const shared = await trained({ workers: 3 });
    vi.stubGlobal("SharedArrayBuffer", undefined);
    try {
      expect(await trained({ workers: 3 })).toEqual(shared);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("trains by the rules of the era that compile names on every thread", async () => {
    // Keras 1 has ε outside of RMSprop's root. Without shared memory every thread makes the whole update.
    const run = async (options: FitOptions, era?: "keras1") => {
      const model = sequential([embedding(VOCABULARY, 8), lstm(4), dense(1)], { seed: 2, build: "simd" });
      const optimizer = { className: "RMSprop", config: { learningRate: 0.02, epsilon: 0.1 } };
      model.compile({ optimizer, loss: "mse", ...(era && { era }) });
      await model.fit(x, y, { batchSize: 5, epochs: 2, ...options });
      const all = bits(model);
      model.dispose();
      return all;
    };
    vi.stubGlobal("SharedArrayBuffer", undefined);
    try {
      expect(await run({ workers: 2 }, "keras1")).toEqual(await run({ shards: 2 }, "keras1"));
      expect(await run({ shards: 2 }, "keras1")).not.toEqual(await run({ shards: 2 }));
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("keeps its threads for the next fit, and gives them what has changed in between", async () => {
    const run = async (options: FitOptions) => {
      const model = made();
      const before = spawned;
      await model.fit(x, y, { batchSize: 5, ...options });
      await model.fit(x, y, { batchSize: 5, ...options, seed: 2 });
      await model.trainOnBatch(x, y);
      await model.fit(x, y, { batchSize: 5, ...options });
      model.setWeights(
        model.getWeights().map(({ data, shape }) => ({ data: (data as Float32Array).map((v) => -v), shape })),
      );
      await model.fit(x, y, { batchSize: 5, ...options });
      const all = bits(model);
      model.dispose();
      return { all, threads: spawned - before };
    };
    const [one, two] = [await run({ shards: 2 }), await run({ workers: 2 })];
    expect(two).toEqual({ all: one.all, threads: 1 });
    expect(one.threads).toBe(0);
    expect(ended).toBe(spawned);
  });

  it("learns what one piece learns, but for rounding", async () => {
    // Without dropout, whose masks are the parts' own.
    const [whole, parts] = [await trained({}, 0), await trained({ shards: 2 }, 0)];
    parts.weights.forEach((values, i) => {
      for (const [k, value] of values.entries()) expect(Math.abs(value - whole.weights[i]![k]!)).toBeLessThan(2e-4);
    });
    for (const [key, values] of Object.entries(whole.history)) {
      for (const [epoch, value] of values.entries()) expect(parts.history[key]![epoch], key).toBeCloseTo(value, 4);
    }
  });

  it("resumes bit for bit, and refuses a checkpoint of other parts", async () => {
    const checkpoints: Uint8Array[] = [];
    const save = (bytes: Uint8Array) => void checkpoints.push(bytes.slice());
    const whole = await trained({ workers: 2, callbacks: [modelCheckpoint({ save, everyBatches: 3 })] });
    for (const resume of [checkpoints[1]!, checkpoints[4]!]) {
      expect((await trained({ workers: 2, resume })).weights).toEqual(whole.weights);
    }
    await expect(trained({ resume: checkpoints[1]! })).rejects.toThrow(/its data is .*gradients of 2 parts/);
  });

  it("gives the workers what a callback changes", async () => {
    const meddler = (model: () => Model): Callback => ({
      onEpochEnd: () =>
        model().setWeights(
          model()
            .getWeights()
            .map(({ data, shape }) => ({ data: (data as Float32Array).map((v) => v / 2), shape })),
        ),
    });
    const run = async (options: FitOptions) => {
      const model = made();
      const stop = earlyStopping({ monitor: "loss", patience: 5, restoreBestWeights: true });
      await model.fit(x, y, { batchSize: 5, epochs: 3, ...options, callbacks: [meddler(() => model), stop] });
      const all = bits(model);
      model.dispose();
      return all;
    };
    expect(await run({ workers: 2 })).toEqual(await run({ shards: 2 }));
  });

  it("throws before any thread's weights have changed if a gradient is not finite", async () => {
    const model = made(0);
    const before = bits(model);
    const bad = { data: y.data.map((_, i) => (i === 4 ? Number.NaN : 1)), shape: y.shape };
    await expect(model.fit(x, bad, { workers: 2, batchSize: 23, shuffle: false })).rejects.toThrow(DivergenceError);
    expect(bits(model)).toEqual(before);
    model.dispose();
    expect(ended).toBe(spawned);
  });

  it("refuses what cannot be cut, by name", async () => {
    const of = (layers: Parameters<typeof sequential>[0], options: object = {}) => {
      const model = sequential(layers, { seed: 1 });
      model.compile({ optimizer: "sgd", loss: "mse", ...options });
      return model.fit(
        { data: new Float32Array(4 * 3 * 2).map((_, i) => i / 24), shape: [4, 3, 2] },
        new Float32Array(4),
        { shards: 2 },
      );
    };
    const xs = input([3, 2]);
    await expect(of([xs, batchNormalization(), gru(2), dense(1)])).rejects.toThrow(
      /BatchNormalization.* takes the statistics/,
    );
    await expect(of([xs, gru(2, { stateful: true }), dense(1)])).rejects.toThrow(/stateful/);
    const accumulating = { optimizer: { className: "SGD", config: { gradientAccumulationSteps: 2 } } };
    await expect(of([xs, gru(2), dense(1)], accumulating)).rejects.toThrow(/accumulated/);
    const alone = build.sequential([xs, gru(2), dense(1)]);
    alone.compile({ loss: "mse" });
    const ones = { data: new Float32Array(24).fill(1), shape: [4, 3, 2] };
    await expect(alone.fit(ones, new Float32Array(4), { workers: 2 })).rejects.toThrow(OptionError);
  });

  it("runs in Node's worker threads, from the built package", () => {
    const program = `
      import { embedding, lstm, dense, sequential } from "./dist/platform/training-node.js";
      const run = async (options) => {
        const model = sequential([embedding(50, 8), lstm(6, { dropout: 0.2 }), dense(1)], { seed: 1, build: "simd" });
        model.compile({ optimizer: "adam", loss: "mse", seed: 2 });
        const x = { data: Int32Array.from({ length: 120 }, (_, i) => (i * 17) % 50), shape: [20, 6] };
        const y = { data: Float32Array.from({ length: 20 }, (_, i) => i % 2), shape: [20, 1] };
        await model.fit(x, y, { batchSize: 8, epochs: 3, ...options });
        return model.getWeights().map(({ data }) => [...new Uint32Array(data.buffer)]);
      };
      const [one, two] = [await run({ shards: 2 }), await run({ workers: 2 })];
      console.log(JSON.stringify(one) === JSON.stringify(two), one.flat().length);
    `;
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const args = ["--input-type=module", "-e", program];
    const said = execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    expect(said.trim()).toBe(`true ${50 * 8 + 4 * 6 * (8 + 6 + 1) + 7}`);
  });
});
