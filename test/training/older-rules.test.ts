import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadModel } from "../../src/platform/node.ts";
import { decodeTensor, difference, type GoldenTensor } from "../support/goldens.ts";

/** Made by test/fixtures/training/make.py. */
const FOLDER = join(import.meta.dirname, "../fixtures/training");

interface Case {
  readonly batches: readonly {
    readonly x: GoldenTensor;
    readonly y: GoldenTensor;
    readonly sampleWeight?: GoldenTensor;
  }[];
  readonly losses: readonly number[];
  readonly accuracy: readonly number[];
  readonly weightsAfter: readonly GoldenTensor[];
}

describe("a compiled .h5 of an older Keras trains on as that Keras does", () => {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".h5"));
  it.each(names.map((name) => name.slice(0, -3)))("%s", async (name) => {
    const wanted = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")) as Case;
    const model = await loadModel(join(FOLDER, `${name}.h5`), { build: "simd" });
    for (const [i, { x, y, sampleWeight }] of wanted.batches.entries()) {
      // Nothing is compiled: optimizer, its state and its rules are the file's.
      const options = sampleWeight ? { sampleWeight: decodeTensor(sampleWeight) } : {};
      const logs = await model.trainOnBatch(decodeTensor(x), decodeTensor(y), options);
      expect(Math.abs(logs["loss"]! - wanted.losses[i]!), `loss ${i}`).toBeLessThan(1e-5);
      expect(logs["accuracy"] ?? logs["acc"], `accuracy ${i}`).toBeCloseTo(wanted.accuracy[i]!, 5);
    }
    const after = model.getWeights();
    expect(after).toHaveLength(wanted.weightsAfter.length);
    for (const [i, want] of wanted.weightsAfter.entries()) {
      expect(difference(after[i]!, decodeTensor(want), { abs: 1e-5, rel: 1e-5 })).toBeUndefined();
    }
    model.dispose();
  });
});
