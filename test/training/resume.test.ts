import { describe, expect, it } from "vitest";
import { dense, gru, input, sequential } from "../../src/api/build.ts";
import {
  type Callback,
  earlyStopping,
  lambdaCallback,
  reduceLROnPlateau,
} from "../../src/training/callbacks/callbacks.ts";
import { modelCheckpoint } from "../../src/training/callbacks/model-checkpoint.ts";

const SAMPLES = 30;
const x = {
  data: Float32Array.from({ length: SAMPLES * 5 * 2 }, (_, i) => Math.fround(((i * 37) % 29) / 29 - 0.5)),
  shape: [SAMPLES, 5, 2],
};
const y = { data: Float32Array.from({ length: SAMPLES }, (_, i) => (i * 7) % 2), shape: [SAMPLES, 1] };

function build() {
  const layers = [input([5, 2]), gru(4), dense(1, { activation: "sigmoid" })];
  const model = sequential(layers, { seed: 1, build: "simd" });
  const metrics = ["accuracy", "auc", "precision", "mse", "r2_score"];
  model.compile({
    optimizer: { className: "Adam", learningRate: 0.05 },
    loss: "binary_crossentropy",
    metrics,
    seed: 3,
  });
  return model;
}

const bits = (model: ReturnType<typeof build>) => model.getWeights().map(({ data }) => [...(data as Float32Array)]);

/** Callbacks that act within a few epochs, the checkpoint between them: what they decide must not hang on the order. */
const callbacks = (save: (bytes: Uint8Array) => void): Callback[] => [
  reduceLROnPlateau({ monitor: "loss", patience: 1, factor: 0.5, minDelta: 0.05, cooldown: 1 }),
  modelCheckpoint({ everyBatches: 1, save }),
  earlyStopping({ monitor: "auc", mode: "min", patience: 5, restoreBestWeights: true }),
];

const options = { batchSize: 8, epochs: 12, verbose: 0 } as const;

describe("a resumed run", () => {
  it("has the weights, history and end of an uninterrupted one, from wherever it goes on", async () => {
    const checkpoints: Uint8Array[] = [];
    const whole = build();
    const { history, epoch, stopped } = await whole.fit(x, y, {
      ...options,
      callbacks: callbacks((bytes) => checkpoints.push(bytes.slice())),
    });
    expect(stopped).toBe("callback");
    expect(new Set(history["learning_rate"]).size).toBeGreaterThan(1);
    expect(checkpoints.length).toBeGreaterThan(20);
    for (const [i, resume] of checkpoints.entries()) {
      const model = build();
      const resumed = await model.fit(x, y, { ...options, resume, callbacks: callbacks(() => undefined) });
      expect(bits(model), `checkpoint ${i}`).toEqual(bits(whole));
      expect(resumed.stopped, `checkpoint ${i}`).toBe("callback");
      const from = epoch.length - resumed.epoch.length;
      const rest = Object.entries(history).map(([key, values]) => [key, values.slice(from)]);
      if (resumed.epoch.length > 0) expect(resumed.history, `checkpoint ${i}`).toEqual(Object.fromEntries(rest));
    }
  });

  it("gives callbacks of the user's what they remembered, by name and order", async () => {
    const counter = (start: number) => {
      let count = start;
      return {
        name: "counter",
        state: () => ({ count, seen: [Float32Array.of(count, 2 * count)] }),
        restore: (state: { readonly count?: unknown; readonly seen?: unknown }) => {
          expect(state.seen).toEqual([Float32Array.of(Number(state.count), 2 * Number(state.count))]);
          count = Number(state.count);
        },
        onBatchEnd: () => void count++,
        count: () => count,
      };
    };
    let kept: Uint8Array | undefined;
    const save = (bytes: Uint8Array) => {
      kept = bytes.slice();
    };
    const first = [counter(0), counter(100)] as const;
    await build().fit(x, y, { ...options, epochs: 1, callbacks: [...first, modelCheckpoint({ save })] });
    const then = [counter(7), counter(7), counter(7)] as const;
    await build().fit(x, y, { ...options, epochs: 2, resume: kept!, callbacks: [...then, lambdaCallback({})] });
    expect(then.map((one) => one.count())).toEqual([8, 108, 11]);
  });
});
