import { describe, expect, it } from "vitest";
import { parityNotes } from "../../src/api/parity.ts";
import { writeHdf5 } from "../../src/formats/hdf5/index.ts";
import { loadModel } from "../../src/platform/node.ts";

const weights = (version: string) =>
  writeHdf5({
    attributes: { layer_names: ["l"], keras_version: version, backend: "tensorflow" },
    children: new Map([["l", { attributes: { weight_names: [] }, children: new Map() }]]),
  });

/** What `inspect` says of a model without weights. */
async function notesOf(keras_version: string, layers: readonly object[]): Promise<readonly string[]> {
  const json = JSON.stringify({ class_name: "Sequential", keras_version, config: { name: "m", layers } });
  const model = await loadModel({ json, weights: weights(keras_version) });
  const notes = parityNotes(model.inference.root);
  model.dispose();
  return notes;
}

const layer = (class_name: string, config: object) => ({
  class_name,
  config: { name: "l", batch_input_shape: [null, 5, 3], ...config },
});

describe("parity notes", () => {
  it("name a rule of the model's Keras that the model meets", async () => {
    const notes = await notesOf("2.2.4", [layer("Activation", { activation: "hard_sigmoid" })]);
    expect(notes).toEqual(["hard_sigmoid is clip(0.2x + 0.5), not Keras 3's clip(x/6 + 0.5)"]);
  });

  it("say nothing of rules that the model does not meet", async () => {
    expect(await notesOf("2.2.4", [layer("Activation", { activation: "relu" })])).toEqual([]);
  });
});
