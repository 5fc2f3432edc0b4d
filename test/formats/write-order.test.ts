import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { loadModel } from "../../src/platform/node.ts";
import { modelFromJson } from "../../src/platform/training-node.ts";
import { randomTensor } from "../support/one-layer.ts";

type Json = Readonly<Record<string, unknown>>;

const tensor = (layer: string) => ({
  class_name: "__keras_tensor__",
  config: { shape: [null], dtype: "float32", keras_history: [layer, 0, 0] },
});
const node = (args: unknown[], kwargs: Json = {}) => ({ args, kwargs });
const layer = (class_name: string, name: string, config: Json, ...inbound_nodes: unknown[]) => ({
  module: "keras.layers",
  class_name,
  name,
  config: { name, ...config },
  registered_name: null,
  inbound_nodes,
});
const input = (name: string, ...shape: (number | null)[]) =>
  layer("InputLayer", name, { batch_shape: [null, ...shape], dtype: "float32" });

/** A model of Keras 3 from its layers, in whatever order. */
function model(layers: readonly unknown[], inputs: readonly string[], output: string) {
  const border = (name: string) => [name, 0, 0];
  const config = {
    name: "net",
    layers,
    input_layers: inputs.map(border),
    output_layers: [border(output)],
  };
  return modelFromJson(
    { module: "keras", class_name: "Functional", config, registered_name: "Functional" },
    { seed: 2 },
  );
}

describe("a written model", () => {
  it("names operations before the layers that read them, as Keras 3.0 wants it, wherever they stood", async () => {
    const op = (class_name: string, name: string, ...of: unknown[]) => ({
      ...layer(class_name, name, {}, node(of)),
      module: "keras.src.ops.numpy",
    });
    const made = await model(
      [
        input("x", 5, 3),
        layer("LSTM", "lstm", { units: 4 }, node([tensor("x")], { mask: tensor("any") })),
        layer("Dense", "dense", { units: 2 }, node([tensor("sum")])),
        { ...op("Any", "any", tensor("differs")), config: { name: "any", axis: -1 } },
        op("NotEqual", "differs", tensor("x"), 0),
        op("Add", "sum", tensor("lstm"), 1),
      ],
      ["x"],
      "dense",
    );
    const x = randomTensor([2, 5, 3], 4);
    (x.data as Float32Array).fill(0, 6, 9);
    const { files } = await made.export("keras");
    const written = unzipSync(files[".keras"]!)["config.json"]!;
    const { config } = JSON.parse(new TextDecoder().decode(written)) as {
      config: { layers: { class_name: string }[] };
    };
    const order = config.layers.map(({ class_name }) => class_name);
    expect(order).toEqual(["InputLayer", "NotEqual", "Any", "LSTM", "Add", "Dense"]);
    const again = await loadModel(files[".keras"]!, { build: "simd" });
    expect([...again.predict(x).data].map((value, i) => Number(value) - Number(made.predict(x).data[i]))).toEqual(
      [0, 0, 0, 0].map(() => expect.closeTo(0, 6)),
    );
  });

  it("hands attention its tensors by name and a mask for each input, as tf.keras reads them from .h5", async () => {
    const size = { num_heads: 2, key_dim: 3 };
    const made = await model(
      [
        input("q", 5, 4),
        input("v", 6, 4),
        { ...input("m", 6), config: { name: "m", batch_shape: [null, 6], dtype: "bool" } },
        layer("GRU", "gru", { units: 4, return_sequences: true }, node([tensor("q")])),
        layer("MultiHeadAttention", "heads", size, node([tensor("gru"), tensor("v")], { key: tensor("v") })),
        layer("Attention", "attention", {}, node([[tensor("heads"), tensor("v")]], { mask: [null, tensor("m")] })),
      ],
      ["q", "v", "m"],
      "attention",
    );
    const { files } = await made.export("h5");
    const text = new TextDecoder("latin1").decode(files[".h5"]!);
    expect(text).toContain('[["gru",0,0,{"value":["v",0,0],"key":["v",0,0]}]]');
    expect(text).toContain('["heads",0,0,{"mask":[null,["m",0,0]]}]');
    const inputs = [randomTensor([2, 5, 4], 1), randomTensor([2, 6, 4], 2)];
    const mask = { data: Int32Array.from([1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 1]), shape: [2, 6] };
    const again = await loadModel(files[".h5"]!);
    const [wanted, got] = [made, again].map((one) => [...one.predict([...inputs, mask]).data].map(Number));
    wanted!.forEach((value, i) => {
      expect(got![i]).toBeCloseTo(value, 6);
    });
  });
});
