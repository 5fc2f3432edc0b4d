import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openHdf5 } from "../../src/formats/hdf5/index.ts";
import { loadModel } from "../../src/platform/node.ts";
import {
  bidirectional,
  conv1D,
  dense,
  embedding,
  gru,
  input,
  lstm,
  sequential,
} from "../../src/platform/training-node.ts";
import { decodeTensor, difference, GOLDENS, goldenIndex, hasGoldens, readCase } from "../support/goldens.ts";
import { randomTensor } from "../support/one-layer.ts";

describe("a .h5 for Keras 1", () => {
  it("has Keras 1's words, gates in arrays of their own, and the same numbers", async () => {
    const model = sequential(
      [
        input([7, 3]),
        bidirectional(lstm(4, { returnSequences: true })),
        gru(5, { resetAfter: false, useBias: false, returnSequences: true }),
        dense(2),
      ],
      { build: "simd" },
    );
    const x = randomTensor([2, 7, 3], 5);
    const bytes = (await model.export("h5", { keras: 1 })).files[".h5"]!;
    const again = await loadModel(bytes, { build: "simd" });
    expect(again.profile.era).toBe("keras1");
    expect([...again.predict(x).data]).toEqual([...model.predict(x).data]);
    const root = openHdf5(bytes);
    const config = JSON.parse(root.attributes.get("model_config") as string);
    expect(config.class_name).toBe("Sequential");
    expect(config.config.map((layer: { class_name: string }) => layer.class_name)).toEqual([
      "Bidirectional",
      "GRU",
      "TimeDistributed",
    ]);
    expect(config.config[0].config).toMatchObject({ batch_input_shape: [null, 7, 3], input_dtype: "float32" });
    const group = root.get(`model_weights/${config.config[0].config.name}`)!;
    const names = group.attributes.get("weight_names") as string[];
    expect(names).toHaveLength(24);
    expect(names[3]).toMatch(/_W_c:0$/);
  });

  it("turns kernels round for Theano", async () => {
    const model = sequential([input([6, 2]), conv1D(3, 3)], { build: "simd" });
    const x = randomTensor([1, 6, 2], 5);
    const files = await Promise.all(
      (["theano", "tensorflow"] as const).map((backend) => model.export("h5", { keras: 1, backend })),
    );
    const [theano, tensorflow] = files.map((file) => file.files[".h5"]!);
    expect(theano).not.toEqual(tensorflow);
    for (const bytes of [theano!, tensorflow!]) {
      const again = await loadModel(bytes, { build: "simd" });
      expect(difference(again.predict(x), model.predict(x), { abs: 1e-6, rel: 1e-6 })).toBeUndefined();
    }
  });

  it.each([
    [gru(4), /GRU layer "gru.*": Keras 1 knows no resetAfter true/],
    [conv1D(3, 3, { padding: "causal" }), /Conv1D layer "conv1d.*": Keras 1 knows no padding "causal"/],
    [lstm(3, { activation: "selu" }), /Keras 1 has no activation "selu"/],
  ])("refuses what Keras 1 has no word for: %#", async (layer, message) => {
    const model = sequential([input([6, 2]), layer], { build: "simd" });
    await expect(model.export("h5", { keras: 1 })).rejects.toThrow(message);
    await expect(model.export("h5", { keras: 1, approximate: true })).rejects.toThrow(message);
  });

  it("refuses other formats, other versions and a backend without it", async () => {
    const model = sequential([input([6]), embedding(5, 2)], { build: "simd" });
    await expect(model.export("keras", { keras: 1 })).rejects.toThrow(/Keras 1 reads "h5" alone/);
    await expect(model.export("h5", { keras: 4 as 1 })).rejects.toThrow(/`keras` must be 1 or 2/);
    await expect(model.export("h5", { backend: "theano" })).rejects.toThrow(/for files of Keras 1/);
    await expect(model.export("h5", { keras: 1, backend: "cntk" as "theano" })).rejects.toThrow(/"theano" or "tens/);
  });
});

describe.skipIf(!hasGoldens)(
  "goldens of Keras 1.2.2 written back (skipped: the goldens are not beside the project)",
  () => {
    const some =
      /theano\/(advanced|batchnorm|bidir|classic|conv|cropping|embedding|functional|gru|highway|local|lstm|mask|maxout|merge|nested|names|pooling|stateful|time)/;
    const cases = goldenIndex("predict").filter(({ id }) => id.startsWith("keras-1.2.2") && some.test(id));
    it.each(cases.map(({ id, folder }) => [id, folder]))("%s", async (_, folder) => {
      const golden = readCase(folder);
      const file = golden.models.find((model) => model.file?.endsWith(".h5"))?.file;
      if (!file || golden.expect !== "ok") return;
      const first = await loadModel(new Uint8Array(readFileSync(join(GOLDENS, folder, file))));
      const { files } = await first.export("h5", { keras: 1 });
      const model = await loadModel(files[".h5"]!);
      for (const call of golden.calls) {
        if (call.reset) model.resetStates();
        const inputs = call.inputs.map(decodeTensor);
        const outputs = [model.predict(inputs.length === 1 ? inputs[0]! : inputs)].flat();
        for (const [i, want] of call.outputs.entries())
          expect(difference(outputs[i]!, decodeTensor(want), golden.tolerance)).toBeUndefined();
      }
      first.dispose();
      model.dispose();
    });
  },
);
