import { describe, expect, it } from "vitest";
import { arctan2, exponential, onCircle } from "../../src/layers/portable-math.ts";

/** Differences from the engine's own functions, in units of the last place of doubles near 1. */
const close = (got: number, want: number, ulps: number) =>
  expect(Math.abs(got - want)).toBeLessThanOrEqual(ulps * Number.EPSILON * Math.max(1, Math.abs(want)));

describe("functions that are the same bits on every engine", () => {
  it("agree with the engine's own to the last places", () => {
    for (let i = -200; i <= 200; i++) {
      const x = i * 0.173;
      // 2π is rounded itself: every turn adds to the difference.
      close(onCircle(x, 2 * Math.PI).sin, Math.sin(x), 8);
      close(onCircle(x, 2 * Math.PI).cos, Math.cos(x), 8);
      close(exponential(x) / Math.exp(x), 1, 8);
      close(arctan2(x, 1.7), Math.atan2(x, 1.7), 4);
      close(arctan2(x, -0.3), Math.atan2(x, -0.3), 4);
    }
  });

  it("know their ends", () => {
    expect(exponential(0)).toBe(1);
    expect(exponential(-800)).toBe(0);
    expect(exponential(Number.NEGATIVE_INFINITY)).toBe(0);
    expect(exponential(800)).toBe(Number.POSITIVE_INFINITY);
    expect(exponential(Number.NaN)).toBeNaN();
    expect(onCircle(1, 4)).toEqual({ cos: expect.closeTo(0, 15), sin: 1 });
  });
});
