import { expect, it } from "vitest";
import { naturalLog } from "../../src/natural-log.ts";

it("is the natural logarithm to the last bits", () => {
  expect(naturalLog(1)).toBe(0);
  for (let x = 1e-6; x < 1e12; x *= 1.0173) {
    expect(Math.abs(naturalLog(x) - Math.log(x))).toBeLessThanOrEqual(4e-16 * Math.max(1, Math.abs(Math.log(x))));
  }
});
