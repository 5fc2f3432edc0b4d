import { expect, it } from "vitest";
import { dense, input, optimizers, sequential } from "../../src/platform/training-node.ts";

const X = { data: Float32Array.from({ length: 8 }, (_, i) => i / 8), shape: [4, 2] };
const Y = { data: Float32Array.of(1, 0, 1, 0), shape: [4, 1] };

it("running averages of the weights take their place after fit, and are the optimizer's state", async () => {
  const made = (options: object) => {
    const model = sequential([input([2]), dense(1)], { build: "simd" });
    model.compile({ loss: "mse", optimizer: optimizers.SGD(0.5, options), build: "simd" });
    return model;
  };
  const [plain, averaged] = [made({}), made({ useEma: true, emaMomentum: 0.75 })];
  const first = (model: typeof plain) => model.getWeights()[0]!.data[0] as number;
  const seen: number[] = [];
  for (let step = 0; step < 3; step++) {
    await plain.trainOnBatch(X, Y);
    await averaged.trainOnBatch(X, Y);
    expect(first(averaged)).toBe(first(plain));
    seen.push(first(plain));
  }
  const mean = seen.reduce((average, value, i) => (i === 0 ? value : 0.75 * average + 0.25 * value), 0);
  const state = averaged.optimizer.getWeights().find(({ name }) => name.endsWith("kernel_average"));
  expect(state!.data[0]).toBeCloseTo(mean, 6);
  await plain.fit(X, Y, { batchSize: 4 });
  await averaged.fit(X, Y, { batchSize: 4 });
  expect(first(averaged)).toBeCloseTo(0.75 * mean + 0.25 * first(plain), 6);
});
