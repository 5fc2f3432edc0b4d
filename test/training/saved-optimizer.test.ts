import { describe, expect, it } from "vitest";
import { loadModel } from "../../src/platform/node.ts";
import { dense, embedding, lstm, sequential } from "../../src/platform/training-node.ts";

const x = { data: Int32Array.from({ length: 16 * 5 }, (_, i) => (i * 31) % 20), shape: [16, 5] };
const y = { data: Float32Array.from({ length: 16 }, (_, i) => i % 2), shape: [16, 1] };
const options = { batchSize: 4, shuffle: false };
const bits = (weights: readonly { data: unknown }[]) => weights.map(({ data }) => [...(data as Float32Array)]);

const OPTIMIZERS: readonly unknown[] = [
  "adam",
  { className: "SGD", config: { learningRate: 0.05, momentum: 0.9 } },
  "rmsprop",
  { className: "AdamW", config: { beta1: 0.8, amsgrad: true } },
  "nadam",
];

describe("a .keras file of a trained model", () => {
  for (const optimizer of OPTIMIZERS) {
    it(`holds the optimizer's state: ${JSON.stringify(optimizer)}`, async () => {
      const compile = { optimizer, loss: "binary_crossentropy", metrics: ["accuracy"], build: "simd" } as const;
      const layers = [embedding(20, 4, { inputLength: 5 }), lstm(3), dense(1, { activation: "sigmoid" })];
      const model = sequential(layers, { build: "simd" });
      model.compile(compile);
      await model.fit(x, y, { ...options, epochs: 2 });
      const { files } = await model.export("keras");
      const loaded = await loadModel(files[".keras"]!, { build: "simd" });
      expect(loaded.origin.trainingConfig).toMatchObject({ loss: "binary_crossentropy", metrics: ["accuracy"] });
      loaded.compile(compile);
      const fresh = await loadModel((await model.export("keras")).files[".keras"]!, { build: "simd" });
      fresh.compile({ ...compile, optimizer: "adagrad" });
      for (const each of [model, loaded, fresh]) await each.fit(x, y, options);
      expect(bits(loaded.getWeights())).toEqual(bits(model.getWeights()));
      // Another optimizer starts anew.
      expect(bits(fresh.getWeights())).not.toEqual(bits(model.getWeights()));
    });
  }
});
