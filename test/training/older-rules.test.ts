import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadModel } from "../../src/platform/node.ts";
import { sizeOf } from "../../src/tensor.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { expectClose } from "../support/close.ts";
import { decodeTensor, type GoldenTensor } from "../support/goldens.ts";
import { chainOf, randomTensor } from "../support/one-layer.ts";

/** Made by test/fixtures/training/make.py. */
const FOLDER = join(import.meta.dirname, "../fixtures/training");

interface Case {
  readonly batches: readonly {
    readonly x: GoldenTensor;
    readonly y: GoldenTensor;
    readonly sampleWeight?: GoldenTensor;
  }[];
  readonly losses: readonly number[];
  readonly accuracy: readonly number[];
  readonly weightsAfter: readonly GoldenTensor[];
}

describe("a compiled .h5 of an older Keras trains on as that Keras does", () => {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".h5"));
  it.each(names.map((name) => name.slice(0, -3)))("%s", async (name) => {
    const wanted = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")) as Case;
    const model = await loadModel(join(FOLDER, `${name}.h5`), { build: "simd" });
    for (const [i, { x, y, sampleWeight }] of wanted.batches.entries()) {
      // Nothing is compiled: optimizer, its state and its rules are the file's.
      const options = sampleWeight ? { sampleWeight: decodeTensor(sampleWeight) } : {};
      const logs = await model.trainOnBatch(decodeTensor(x), decodeTensor(y), options);
      expectClose([logs["loss"]!], [wanted.losses[i]!], "training", `loss ${i}`);
      expectClose([(logs["accuracy"] ?? logs["acc"])!], [wanted.accuracy[i]!], "training", `accuracy ${i}`);
    }
    const after = model.getWeights();
    expect(after).toHaveLength(wanted.weightsAfter.length);
    for (const [i, want] of wanted.weightsAfter.entries()) {
      expectClose(after[i]!.data as Float32Array, decodeTensor(want).data as Float32Array, "training", `weight ${i}`);
    }
    model.dispose();
  });
});

// From the sources of Keras 2.1.3 to 2.3.1 and of tf.keras 2.15, of which the images have been compared.
describe("the variance that moves BatchNormalization's average", () => {
  const epsilon = 1e-3;
  const ofKernel = (n: number) => n / (n - 1);
  const ofKeras2 = (n: number) => n / (n - 1 - epsilon);
  it.each([
    ["batch", [2, 3, 2, 2], () => 1],
    ["sampleOfImages", [2, 3, 2, 2], ofKernel],
    ["sampleOfImages", [2, 3, 2], () => 1],
    ["sample", [2, 3, 2], ofKeras2],
    ["sample", [2, 3, 2, 2], (n: number) => ofKernel(n) * ofKeras2(n)],
  ] as const)("%s, %o", (movingVariance, shape, factor) => {
    const layer = { className: "BatchNormalization", config: { epsilon, momentum: 0.9 } };
    const model = chainOf([{ shape: [null, ...shape.slice(1)] }], [layer], {
      profile: { movingVariance },
      sizes: () => 2,
    });
    const x = randomTensor(shape, 5);
    const before = model.root.layers[1]!.weight("movingVariance")!.data.slice();
    const trainer = new Trainer(model, { loss: "mse", optimizer: "sgd", build: "simd" });
    trainer.trainOnBatch(x, randomTensor(shape, 6));
    trainer.syncWeights();
    const n = sizeOf(shape) / 2;
    for (const channel of [0, 1]) {
      const values = Array.from({ length: n }, (_, i) => x.data[2 * i + channel] as number);
      const mean = values.reduce((sum, value) => sum + value) / n;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n;
      const want = 0.9 * before[channel]! + 0.1 * variance * factor(n);
      expect(model.root.layers[1]!.weight("movingVariance")!.data[channel]).toBeCloseTo(want, 5);
    }
    model.dispose();
  });
});
