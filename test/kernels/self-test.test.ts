import { expect, test } from "vitest";
import { BUILDS, loadKernels } from "../support/kernels.ts";

test.each(BUILDS)("the self-test of %s passes here, and fails where a number is another", (build) => {
  const { kernels } = loadKernels(build);
  expect(kernels.selfTest(1)).toBe(1);
  expect(kernels.selfTest(2)).toBe(0);
});
