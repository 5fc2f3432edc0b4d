import { describe, expect, it } from "vitest";
import { formName, goldenIndex, hasGoldens } from "../support/goldens.ts";
import { runFitGolden } from "../support/run-fit-golden.ts";
import { readTrainingCase, runTrainingGolden } from "../support/run-training-golden.ts";

// The stock TensorFlow backend squares and clips each occurrence of a repeated id alone. We sum them, as every other
// backend does: a stated difference.
const cases = goldenIndex("train").filter(({ tags }) => !tags.includes("tf-sparse"));

describe.skipIf(!hasGoldens)("training steps give Keras' losses, gradients and weights", () => {
  it.each(cases)("$id", async ({ folder }) => {
    const golden = readTrainingCase(folder);
    for (const files of golden.models) {
      expect(await runTrainingGolden(folder, golden, files), formName(files)).toBeUndefined();
    }
  });
});

describe.skipIf(!hasGoldens)("fit gives Keras' history and weights", () => {
  it.each(goldenIndex("fit"))("$id", async ({ folder }) => {
    expect(await runFitGolden(folder)).toBeUndefined();
  });
});
