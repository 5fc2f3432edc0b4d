import { expect, it } from "vitest";
import { batchNormalization, dense, embedding, sequential } from "../../src/platform/training-node.ts";

it("takes zeros as the statistics of a batch whose rows are all masked, as Keras does", async () => {
  const model = sequential([embedding(5, 3, { maskZero: true }), batchNormalization({ momentum: 0.7 }), dense(1)]);
  model.compile({ loss: "mse", optimizer: "sgd" });
  const logs = await model.trainOnBatch({ data: new Int32Array(4), shape: [2, 2] }, [
    [[1], [2]],
    [[3], [4]],
  ]);
  // Every step is masked out of the loss, too.
  expect(logs["loss"]).toBe(0);
  const [, , , mean, variance] = model.getWeights();
  expect([...(mean!.data as Float32Array)]).toEqual([0, 0, 0]);
  for (const value of variance!.data as Float32Array) expect(value).toBeCloseTo(0.7, 6);
  model.dispose();
});
