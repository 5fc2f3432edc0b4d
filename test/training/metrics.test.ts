import { describe, expect, it } from "vitest";
import { dense, input, losses, metrics, sequential } from "../../src/platform/training-node.ts";
import { expectClose } from "../support/close.ts";

/** A model whose output is its input. */
async function seen(metric: unknown, x: readonly number[][], y: readonly (readonly number[])[] | number[]) {
  const model = sequential([input([x[0]!.length]), dense(x[0]!.length, { kernelInitializer: "identity" })]);
  model.compile({ loss: "mse", metrics: [metric] });
  if (Array.isArray(y[0])) return (await model.testOnBatch(x, y)) as Record<string, unknown>;
  model.compile({ loss: "sparse_categorical_crossentropy", metrics: [metric] });
  return (await model.testOnBatch(x, y)) as Record<string, unknown>;
}

describe("metrics on numbers that are counted by hand", () => {
  const x = [
    [0.9, 0.1, 0.2],
    [0.3, 0.4, 0.8],
    [0.6, 0.7, 0.1],
    [0.2, 0.5, 0.55],
  ];
  const y = [
    [1, 0, 0],
    [0, 0, 1],
    [1, 0, 0],
    [0, 1, 0],
  ];

  it.each<[string, unknown, unknown]>([
    // Above 0.5: 0.9 right, 0.8 right, 0.6 right, 0.7 wrong, 0.55 wrong.
    ["precision", metrics.Precision(), 3 / 5],
    ["precision", metrics.Precision([0.5, 0.65]), [3 / 5, 2 / 3]],
    ["precision", metrics.Precision({ topK: 1 }), 2 / 4],
    ["precision", metrics.Precision({ classId: 0 }), 1],
    ["recall", metrics.Recall({ topK: 2 }), 1],
    ["recall", metrics.Recall([0.5, 0.65]), [3 / 4, 2 / 4]],
    ["true_positives", metrics.TruePositives(), 3],
    ["f1_score", metrics.F1Score({ threshold: 0.5, average: "micro" }), 2 / 3],
    ["iou", metrics.OneHotIoU(3, [0, 2], { name: "iou" }), (1 / 2 + 1 / 2) / 2],
    ["accuracy", metrics.Accuracy(), 0],
    ["mine", Object.defineProperty(() => [1, 2, 3, 6], "name", { value: "mine" }), 3],
  ])("%s", async (name, metric, want) => {
    const got = (await seen(metric, x, y))[name];
    expect([got].flat()).toHaveLength([want].flat().length);
    [want].flat().forEach((value, i) => {
      expect([got].flat()[i]).toBeCloseTo(value as number, 5);
    });
  });

  it("reads what Keras wraps, and refuses what is not Keras'", async () => {
    const wrapped = { class_name: "MeanMetricWrapper", config: { name: "acc", fn: "categorical_accuracy" } };
    expect((await seen(wrapped, x, y))["acc"]).toBe(0.5);
    await expect(seen(metrics.Precision(1.5), x, y)).rejects.toThrow(/from 0 to 1; got 1\.5/);
    await expect(seen(metrics.F1Score({ average: "mean" }), x, y)).rejects.toThrow(/micro, macro or weighted/);
    await expect(seen(metrics.Recall({ classId: 3 }), x, y)).rejects.toThrow(/there is no class 3, only 3/);
    await expect(seen(metrics.MeanIoU(), x, y)).rejects.toThrow(/`numClasses` must be a whole number ≥ 1; got 0/);
  });
});

describe("losses as metrics", () => {
  const rows = [
    [0.9, 0.1, 0.2],
    [0.3, 0.4, 0.8],
    [0.6, 0.7, 0.1],
  ];
  const marks = [
    [1, 0, 0],
    [0, 0, 1],
    [0, 1, 0],
  ];
  const sizes = [
    [0.5, 1.3, 0.1],
    [2, 0.2, 0.9],
    [0.3, 0.4, 3],
  ];
  const smooth = { labelSmoothing: 0.2 };
  it.each<[string, object, readonly number[][]]>([
    ["mean_squared_error", {}, sizes],
    ["mean_absolute_error", {}, sizes],
    ["mean_absolute_percentage_error", {}, sizes],
    ["mean_squared_logarithmic_error", {}, sizes],
    ["huber", { delta: 0.4 }, sizes],
    ["log_cosh", {}, sizes],
    ["poisson", {}, sizes],
    ["kl_divergence", {}, sizes],
    ["hinge", {}, marks],
    ["squared_hinge", {}, marks],
    ["categorical_hinge", {}, marks],
    ["binary_crossentropy", smooth, marks],
    ["binary_crossentropy", { fromLogits: true, ...smooth }, marks],
    ["categorical_crossentropy", smooth, marks],
    ["categorical_crossentropy", { fromLogits: true }, marks],
    ["binary_focal_crossentropy", { gamma: 3 }, marks],
    ["binary_focal_crossentropy", { applyClassBalancing: true, alpha: 0.7, ...smooth }, marks],
    ["binary_focal_crossentropy", { fromLogits: true }, marks],
    ["categorical_focal_crossentropy", { gamma: 1.5, alpha: 0.6, ...smooth }, marks],
    ["categorical_focal_crossentropy", { fromLogits: true }, marks],
  ])("%s %j is what the kernel trains with", async (className, config, targets) => {
    const model = sequential([input([3]), dense(3, { kernelInitializer: "identity" })], { build: "simd" });
    const named = { className, config: { ...config, name: "same" } };
    model.compile({ loss: { className, config }, metrics: [named] });
    const logs = await model.testOnBatch(rows, targets);
    expectClose([logs["same"]!], [logs["loss"]!], "training");
    model.dispose();
  });
});

describe("losses of a whole batch", () => {
  it.each<[string, unknown, number]>([
    // Σtp = 1.1, Σt = 2, Σp = 2
    ["dice", losses.Dice(), 1 - 2.2 / 4],
    ["tversky", losses.Tversky({ alpha: 0.25, beta: 0.5 }), 1 - 1.1 / (1.1 + 0.25 * 0.9 + 0.5 * 0.9)],
  ])("%s", async (_, loss, want) => {
    const model = sequential([input([2]), dense(2, { kernelInitializer: "identity" })]);
    model.compile({ loss, optimizer: "sgd" });
    const logs = await model.trainOnBatch(
      [
        [0.8, 0.3],
        [0.6, 0.3],
      ],
      [
        [1, 1],
        [0, 0],
      ],
    );
    expect(logs["loss"]).toBeCloseTo(want, 5);
  });
});
