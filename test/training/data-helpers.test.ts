import { describe, expect, it } from "vitest";
import { timeseriesDatasetFromArray, toCategorical, trainTestSplit } from "../../src/training/data/data-helpers.ts";

describe("data helpers", () => {
  it("toCategorical", () => {
    expect(toCategorical([0, 2])).toEqual({ data: Float32Array.of(1, 0, 0, 0, 0, 1), shape: [2, 3] });
    expect(toCategorical([[1], [0]], 2).shape).toEqual([2, 2]);
    expect(() => toCategorical([3], 2)).toThrow(/label 3/);
  });

  it("trainTestSplit keeps pairs together and loses nothing", () => {
    const x = Array.from({ length: 10 }, (_, i) => [i, i]);
    const { xTrain, xTest, yTrain, yTest } = trainTestSplit(
      x,
      x.map(([i]) => i!),
      { testSize: 0.3, seed: 4 },
    );
    expect([xTrain.shape, xTest.shape]).toEqual([
      [7, 2],
      [3, 2],
    ]);
    expect([...xTrain.data].filter((_, i) => i % 2 === 0)).toEqual([...yTrain.data]);
    expect([...yTrain.data, ...yTest.data].map(Number).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("timeseriesDatasetFromArray, Keras' documented example", () => {
    // data 0..99, sequence_length 10, sampling_rate 2, sequence_stride 3, batch: first [0 2 … 18], second [3 5 … 21].
    const series = Float32Array.from({ length: 100 }, (_, i) => i);
    const options = { sequenceLength: 10, samplingRate: 2, sequenceStride: 3, batchSize: 4 };
    const batches = [...timeseriesDatasetFromArray({ data: series, shape: [100] }, null, options)];
    const [first] = batches[0]!;
    expect([...first.data].slice(0, 10)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    expect([...first.data].slice(10, 20)).toEqual([3, 5, 7, 9, 11, 13, 15, 17, 19, 21]);
    const [last] = batches.at(-1)!;
    expect([...last.data].slice(-10)).toEqual([81, 83, 85, 87, 89, 91, 93, 95, 97, 99]);
  });

  it("pairs windows with targets", () => {
    const series = { data: Float32Array.of(0, 1, 2, 3, 4, 5), shape: [6, 1] };
    const targets = { data: Float32Array.of(3, 4, 5), shape: [3] };
    const [x, y] = [...timeseriesDatasetFromArray(series, targets, { sequenceLength: 3 })][0]!;
    expect(x).toEqual({ data: Float32Array.of(0, 1, 2, 1, 2, 3, 2, 3, 4), shape: [3, 3, 1] });
    expect(y).toEqual(targets);
  });
});
