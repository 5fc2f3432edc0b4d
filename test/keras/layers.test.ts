import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildRoot } from "../../src/api/build-root.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { UnsupportedLayerError } from "../../src/errors.ts";
import { readModel } from "../../src/formats/read-model.ts";
import { writeModel } from "../../src/formats/write/write-model.ts";
import { COMPANIONS } from "../../src/layers/companions.ts";
import type { GraphLayer } from "../../src/model/graph-layer.ts";
import { InferenceModel } from "../../src/model/model.ts";
import type { Tensor } from "../../src/tensor.ts";
import { decodeTensor, difference, type GoldenTensor } from "../support/goldens.ts";
import { casesIn, type LayerCase, rootOf } from "../support/layer-cases.ts";

/** A model as layer_cases.py writes it: one layer or operation, and what Keras computes. */
interface PredictionCase extends LayerCase {
  readonly call: { readonly inputs: readonly GoldenTensor[]; readonly outputs: readonly GoldenTensor[] };
}

const TOLERANCE = { abs: 1e-5, rel: 1e-5 };

function outputsOf(root: GraphLayer, inputs: readonly Tensor[]): readonly Tensor[] {
  const model = new InferenceModel(root, createEngine({}));
  const outputs = model.run(inputs.length === 1 ? inputs[0]! : inputs);
  model.dispose();
  return outputs;
}

/** The model as a `.keras` file and back; undefined where Keras 3 cannot say it. */
function rewritten(root: GraphLayer): GraphLayer | undefined {
  try {
    const bytes = writeModel(root, "keras").files[".keras"]!;
    const parsed = readModel({ bytes, name: "written.keras" });
    const again = buildRoot(parsed.graph, parsed.profile, COMPANIONS);
    parsed.weights.assign(again);
    return again;
  } catch (error) {
    if (error instanceof UnsupportedLayerError) return undefined;
    throw error;
  }
}

for (const file of readdirSync(join(import.meta.dirname, "cases"))) {
  test.each(casesIn<PredictionCase>(`cases/${file}`).map((one) => [one.name, one] as const))(
    `${file}: %s`,
    (_, one) => {
      const inputs = one.call.inputs.map(decodeTensor);
      const wanted = one.call.outputs.map(decodeTensor);
      const root = rootOf(one);
      const again = rewritten(root);
      for (const own of again ? [root, again] : [root]) {
        const got = outputsOf(own, inputs);
        expect(got).toHaveLength(wanted.length);
        for (const [i, want] of wanted.entries()) expect(difference(got[i]!, want, TOLERANCE)).toBeUndefined();
      }
    },
  );
}
