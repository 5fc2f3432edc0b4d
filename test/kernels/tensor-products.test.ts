import { describe, expect, it } from "vitest";
import { constant, matmul, normalize, slice, transpose } from "../../src/plan/tensor-ops.ts";
import type { Shape } from "../../src/tensor.ts";
import { at, indices, type Plain, random, runOne, runPlan } from "../support/run-plan.ts";

describe("products", () => {
  it.each([
    [
      [1, 3],
      [3, 2],
    ],
    [
      [5, 7],
      [7, 9],
    ],
    [
      [8, 17],
      [17, 16],
    ],
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    [
      [2, 3, 4],
      [4, 5],
    ],
    [
      [3, 4],
      [2, 4, 5],
    ],
    [
      [2, 1, 3, 4],
      [1, 5, 4, 2],
    ],
    [[4], [4, 3]],
    [[2, 4], [4]],
  ] as [Shape, Shape][])("%j · %j", (left, right) => {
    const [a, b] = [random(left, 3), random(right, 4)];
    const y = runPlan([a, b], (p, [u, v]) => [matmul(p, u!, v!)])[0]!;
    const wideA = { data: a.data, shape: left.length === 1 ? [1, ...left] : left };
    const wideB = { data: b.data, shape: right.length === 1 ? [...right, 1] : right };
    const k = wideA.shape.at(-1)!;
    const rank = Math.max(wideA.shape.length, wideB.shape.length);
    const full = [...y.shape];
    if (left.length === 1) full.splice(-1, 0, 1);
    if (right.length === 1) full.push(1);
    expect(full.length).toBe(rank);
    const lead = (t: Plain, index: number[]) =>
      index.slice(rank - t.shape.length, -2).map((n, axis) => (t.shape[axis] === 1 ? 0 : n));
    for (const [place, index] of indices(full).entries()) {
      let sum = 0;
      for (let i = 0; i < k; i++) {
        sum +=
          at(wideA, [...lead(wideA, index), index.at(-2)!, i]) * at(wideB, [...lead(wideB, index), i, index.at(-1)!]);
      }
      expect(y.data[place]).toBeCloseTo(sum, 5);
    }
  });

  it("transposes the right side", () => {
    const [a, b] = [random([2, 3, 4], 5), random([2, 6, 4], 6)];
    const [y, z] = runPlan([a, b], (p, [u, v]) => [
      matmul(p, u!, v!, true),
      matmul(p, u!, transpose(p, v!, [0, 2, 1])),
    ]);
    expect(y).toEqual(z);
  });

  it("does not depend on the tile in the simd build", () => {
    const [a, b] = [random([9, 33], 5), random([33, 21], 6)];
    const [whole, row] = runPlan([a, b], (p, [u, v]) => [matmul(p, u!, v!), matmul(p, slice(p, u!, 0, 2, 1), v!)]);
    expect(row!.data).toEqual(whole!.data.slice(2 * 21, 3 * 21));
  });
});

describe("normalize", () => {
  it.each([1, 3, 4, 5, 8, 17, 36])("rows of %i", (width) => {
    const x = random([3, width], width);
    const [scale, offset] = [random([width], 100), random([width], 101)];
    const run = (mode: "affine" | "meanAndVariance" | "rootMeanSquare") =>
      runOne(x, (p, [v]) => [
        normalize(
          p,
          mode,
          v!,
          constant(p, scale, "s", scale.data, [width]),
          constant(p, offset, "o", offset.data, [width]),
          1e-3,
        ),
      ]).data;
    for (const mode of ["affine", "meanAndVariance", "rootMeanSquare"] as const) {
      for (const [i, got] of run(mode).entries()) {
        const row = x.data.slice(i - (i % width), i - (i % width) + width);
        const mean = mode === "meanAndVariance" ? row.reduce((a, b) => a + b) / width : 0;
        const power = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / width;
        const factor = mode === "affine" ? 1 : 1 / Math.sqrt(power + 1e-3);
        const want = (x.data[i]! - mean) * factor * scale.data[i % width]! + offset.data[i % width]!;
        expect(Math.abs(got - want)).toBeLessThan(1e-5 + 1e-5 * Math.abs(want));
      }
    }
  });
});
