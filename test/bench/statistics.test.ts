import { describe, expect, it } from "vitest";
import { deviation, fitPower, median } from "../../bench/support/statistics.ts";

describe("median and deviation", () => {
  it("takes the middle, or the mean of the two in the middle, of unsorted values", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([10, 2, 9, 1])).toBe(5.5);
    expect(median([7])).toBe(7);
    expect(median([])).toBeNaN();
  });

  it("leaves its argument alone and compares numbers, not text", () => {
    const values = [10, 9, 100];
    expect(median(values)).toBe(10);
    expect(values).toEqual([10, 9, 100]);
  });

  it("is not moved by one outlier", () => {
    expect(median([1, 1.1, 0.9, 1, 50])).toBe(1);
    expect(deviation([1, 1.5, 0.5, 1, 50])).toBe(0.5);
  });
});

describe("fitPower", () => {
  it("finds the exponent of an exact power law, with no residual", () => {
    const { exponent, error, residual } = fitPower([1, 2, 5, 11].map((x) => [x, 3 * x ** 1.7] as const));
    expect(exponent).toBeCloseTo(1.7, 12);
    expect(error).toBeCloseTo(0, 10);
    expect(residual).toBeCloseTo(0, 10);
  });

  it("tells how far the points are from the line", () => {
    // Up and down by 10 % in turns: the line goes through the middle.
    const points = [1, 2, 4, 8, 16, 32].map((x, i) => [x, x * (i % 2 ? 1.1 : 1 / 1.1)] as const);
    const { exponent, residual, error } = fitPower(points);
    expect(exponent).toBeCloseTo(1, 1);
    expect(residual).toBeGreaterThan(0.08);
    expect(residual).toBeLessThan(0.1);
    expect(error).toBeGreaterThan(0.02);
  });

  it("has no error of two points", () => {
    const { exponent, error } = fitPower([
      [1, 1],
      [10, 100],
    ]);
    expect(exponent).toBeCloseTo(2, 12);
    expect(error).toBeNaN();
  });
});
