import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { weightsOf } from "../../src/api/weights.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { InferenceModel } from "../../src/model/model.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { decodeTensor, difference, type GoldenTensor } from "../support/goldens.ts";
import { casesIn, type LayerCase, rootOf } from "../support/layer-cases.ts";
import { one } from "../support/run-training-golden.ts";

/** A model as training_layers.py writes it, steps of training, and what a real Keras made of them. */
interface TrainedCase extends LayerCase {
  readonly batches: readonly { readonly x: readonly GoldenTensor[]; readonly y: readonly GoldenTensor[] }[];
  readonly losses: readonly number[];
  /** In the order of the model's weights. */
  readonly weightsAfter: readonly GoldenTensor[];
}

const TOLERANCE = { abs: 1e-4, rel: 1e-4 };
const optimizer = { className: "SGD", config: { learningRate: 0.05 } };

for (const file of readdirSync(join(import.meta.dirname, "training-cases"))) {
  const cases = casesIn<TrainedCase>(`training-cases/${file}`);
  test.each(cases.map((item) => [item.name, item] as const))(`${file}: %s`, (_, item) => {
    const model = new InferenceModel(rootOf(item), createEngine({ build: "simd" }));
    const loss = item.batches[0]!.y.map(() => "mse");
    const trainer = new Trainer(model, { optimizer, loss, build: "simd" });
    for (const [i, { x, y }] of item.batches.entries()) {
      const logs = trainer.trainOnBatch(one(x.map(decodeTensor)) as never, one(y.map(decodeTensor)));
      const want = item.losses[i]!;
      expect(Math.abs(logs["loss"]! - want)).toBeLessThanOrEqual(1e-5 + 1e-5 * want);
    }
    trainer.syncWeights();
    const after = weightsOf(model);
    expect(after).toHaveLength(item.weightsAfter.length);
    for (const [i, want] of item.weightsAfter.entries()) {
      expect(difference(after[i]!, decodeTensor(want), TOLERANCE), want.name).toBeUndefined();
    }
    model.dispose();
  });
}
