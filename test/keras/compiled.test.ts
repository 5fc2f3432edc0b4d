import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { modelFromJson } from "../../src/platform/training-node.ts";
import { decodeTensor, type GoldenTensor } from "../support/goldens.ts";
import { type TrainingCase, trainingFault } from "../support/run-training-golden.ts";

/** A case as pack_training.py writes it: what random_training.py and training_options.py found, kept for good. */
interface PackedCase extends Omit<TrainingCase, "models"> {
  readonly name: string;
  readonly architecture: object;
  /** In Keras' order. */
  readonly weights: readonly GoldenTensor[];
}

const FOLDER = join(import.meta.dirname, "compiled-cases");

for (const file of readdirSync(FOLDER)) {
  const lines = readFileSync(join(FOLDER, file), "utf8").trim().split("\n");
  const cases = lines.map((line) => JSON.parse(line) as PackedCase);
  test.each(cases.map((one) => [one.name, one] as const))(`${file}: %s`, async (_, one) => {
    const model = await modelFromJson(one.architecture);
    model.setWeights(one.weights.map(decodeTensor));
    expect(await trainingFault(model, one)).toBeUndefined();
    model.dispose();
  });
}
