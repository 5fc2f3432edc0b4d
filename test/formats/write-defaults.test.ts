import { describe, expect, it } from "vitest";
import { loadModel } from "../../src/platform/node.ts";
import { dense, gru, input, lstm, sequential } from "../../src/platform/training-node.ts";
import { randomTensor } from "../support/one-layer.ts";

describe("written models", () => {
  it.each(["keras", "h5", "rnn-wasm"] as const)("say what their Keras takes for granted: %s", async (format) => {
    const model = sequential([input([null, 3]), lstm(4, { returnSequences: true }), gru(5), dense(2)], {
      build: "simd",
    });
    const x = randomTensor([2, 6, 3], 5);
    const { files } = await model.export(format);
    const parts = Object.values(files);
    const source =
      parts.length === 1 ? parts[0]! : { json: files["model.json"]!, weights: files["weights.safetensors"]! };
    const again = await loadModel(source, { build: "simd" });
    expect([...again.predict(x).data]).toEqual([...model.predict(x).data]);
  });
});
