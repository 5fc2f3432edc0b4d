import { describe, expect, it } from "vitest";
import { dense, functional, input, type Logs, optimizers } from "../../src/platform/training-node.ts";
import { small, tensor, weightNumbers, X, Y } from "../support/small-model.ts";

describe("data of fit", () => {
  const batch = [X, Y];
  function* endless() {
    while (true) yield batch;
  }

  it("come from a generator that goes on from epoch to epoch, validation data too", async () => {
    const model = small();
    model.compile({ loss: "mse" });
    const { history } = await model.fit(endless(), {
      stepsPerEpoch: 3,
      epochs: 2,
      validationData: endless(),
      validationSteps: 2,
    });
    expect(history["loss"]).toHaveLength(2);
    expect(history["val_loss"]).toHaveLength(2);
    expect(model.optimizer.iterations).toBe(6);
    expect(await model.evaluate(endless(), undefined, { steps: 2 })).toEqual(await model.evaluate(X, Y));
  });

  it("end training with a note when an iterable runs dry", async () => {
    const model = small();
    model.compile({ loss: "mse" });
    const once = (async function* () {
      yield batch;
    })();
    const { history, notes } = await model.fit(once, undefined, { epochs: 3 });
    expect(history["loss"]).toHaveLength(1);
    expect(notes[0]).toMatch(/ended after 1 epochs/);
    await expect(model.fit((function* () {})(), undefined)).rejects.toThrow(/gave no batch/);
  });

  it("are cut by stepsPerEpoch, each epoch going on, and validated now and then", async () => {
    const one = small();
    one.compile({ loss: "mse" });
    await one.fit(X, Y, { batchSize: 4, shuffle: false });
    const two = small();
    two.compile({ loss: "mse" });
    const { history } = await two.fit(X, Y, {
      batchSize: 4,
      shuffle: false,
      epochs: 2,
      stepsPerEpoch: 2,
      validationData: [X, Y],
      validationFreq: 2,
    });
    expect(weightNumbers(two)).toEqual(weightNumbers(one));
    expect(history["val_loss"]).toHaveLength(1);
  });

  it("are shuffled by batches on request", async () => {
    const seen = async (shuffle: false | "batch") => {
      const model = small();
      model.compile({ loss: "mse", optimizer: optimizers.SGD(0) });
      const losses: number[] = [];
      const onBatchEnd = (_: number, logs: Logs) => void losses.push(logs["loss"]!);
      await model.fit(X, Y, { batchSize: 4, shuffle, seed: 3, callbacks: [{ onBatchEnd }] });
      return losses.map((mean, i) => Math.round(1e4 * (mean * (i + 1) - (losses[i - 1] ?? 0) * i)) / 1e4);
    };
    const [plain, mixed] = [await seen(false), await seen("batch")];
    expect(mixed).not.toEqual(plain);
    expect([...mixed].sort()).toEqual([...plain].sort());
  });

  it.each<[string, unknown, unknown, string, RegExp]>([
    ["targets of another shape", X, tensor([16, 2, 1]), "mse", /must be \[16, 1\]; got \[16, 2, 1\]/],
    ["class numbers out of range", X, tensor([16], 1, () => 3), "sparse_categorical_crossentropy", /0 to 2; got 3/],
    ["negative class numbers", X, tensor([16], 1, () => -1), "sparse_categorical_crossentropy", /0 to 2; got -1/],
    ["rows for class numbers", X, tensor([16, 3]), "sparse_categorical_crossentropy", /belong to categorical_cross/],
    ["class numbers for rows", X, tensor([16]), "categorical_crossentropy", /toCategorical/],
    ["another number of targets", X, tensor([15, 3]), "mse", /x has 16 samples; y has 15/],
    ["targets that are not finite", X, tensor([16, 3], 1, () => Number.NaN), "mse", /y holds NaN \(row 0/],
    ["inputs that are not finite", tensor([16, 5, 3], 1, () => 1 / 0), tensor([16, 3]), "mse", /x holds Infinity/],
  ])("refused: %s", async (_, x, y, loss, message) => {
    const model = small(loss === "mse" && (y as { shape: number[] }).shape.length === 3 ? 1 : 3);
    model.compile({ loss });
    const before = weightNumbers(model);
    await expect(model.fit(x, y)).rejects.toThrow(message);
    expect(weightNumbers(model)).toEqual(before);
  });

  it("have one list of sample weights for all outputs", async () => {
    const a = input([3]);
    const model = functional(a, [dense(1, { name: "p" })(a), dense(1, { name: "q" })(a)]);
    model.compile({ loss: "mse" });
    const x = tensor([4, 3]);
    const [y, weights] = [tensor([4, 1]), [0, 1, 2, 3]];
    const one = await model.testOnBatch(x, [y, y], { sampleWeight: weights });
    expect(await model.testOnBatch(x, [y, y], { sampleWeight: [weights, weights] })).toEqual(one);
    await expect(model.fit(x, [y, y], { classWeight: { 0: 1 } })).rejects.toThrow(/one output/);
  });
});
