import { describe, expect, it } from "vitest";
import { toCategorical, trainTestSplit } from "../../src/training/data/data-helpers.ts";

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

  it("trainTestSplit takes scikit-learn's names and counts, and refuses others", () => {
    const x = Float32Array.from({ length: 10 }, (_, i) => i);
    const { xTrain, xTest } = trainTestSplit(x, x, { test_size: 4, random_state: 3, shuffle: false });
    expect([xTrain.data.length, [...xTest.data]]).toEqual([6, [6, 7, 8, 9]]);
    expect(() => trainTestSplit(x, x, { tesSize: 0.2 })).toThrow(/Did you mean "testSize"/);
    expect(() => trainTestSplit(x, x, { testSize: 10 })).toThrow(/a number of the 10 samples; got 10/);
  });
});
