import { describe, expect, it } from "vitest";
import { FormatError, UnsupportedLayerError } from "../../../src/errors.ts";
import type { ConfigContext } from "../../../src/formats/keras/config/context.ts";
import { readGraph } from "../../../src/formats/keras/config/graph.ts";
import { eraOfVersion, profileOf } from "../../../src/formats/keras/profile-of.ts";
import type { JsonObject } from "../../../src/formats/keras/safe-json.ts";
import type { GraphSpec } from "../../../src/model/graph-spec.ts";

function read(version: string, model: unknown): GraphSpec {
  const origin = { era: eraOfVersion(version)!, version, backend: "tensorflow" };
  const context: ConfigContext = {
    profile: profileOf(origin),
    backend: "tensorflow",
    notes: [],
    dimOrdering: "tf",
    count: { layers: 0 },
    what: "test",
    depth: 0,
  };
  return readGraph(model as JsonObject, "model", context);
}

const input = (name: string) => ({
  class_name: "InputLayer",
  name,
  config: { name, batch_input_shape: [null, 3] },
  inbound_nodes: [],
});
const layer = (className: string, name: string, inbound_nodes: unknown, config = {}) => ({
  class_name: className,
  name,
  config: { name, trainable: true, ...config },
  inbound_nodes,
});
const functional = (layers: unknown[], inputs: unknown, outputs: unknown, name = "m") => ({
  class_name: "Model",
  config: { name, layers, input_layers: inputs, output_layers: outputs },
});

describe("Sequential", () => {
  it("reads a Keras 1 list and gives it an input", () => {
    const graph = read("1.2.2", {
      class_name: "Sequential",
      config: [
        { class_name: "LSTM", config: { name: "a", output_dim: 2, batch_input_shape: [null, 5, 3] } },
        { class_name: "Dense", config: { name: "b", output_dim: 1 } },
      ],
    });
    expect(graph.layers.map((spec) => spec.className)).toEqual(["InputLayer", "LSTM", "Dense"]);
    expect(graph.layers[0]!.config["batchShape"]).toEqual([null, 5, 3]);
    expect(graph.layers[1]!.config).toMatchObject({ units: 2, recurrentActivation: "hard_sigmoid" });
    expect(graph.outputs).toEqual([{ layer: "b", call: 0, tensor: 0 }]);
  });

  it("expands a first Merge of branches into inputs", () => {
    const branch = (name: string) => ({
      class_name: "Sequential",
      config: [{ class_name: "Dense", config: { name, output_dim: 2, input_dim: 3 } }],
    });
    const graph = read("1.2.2", {
      class_name: "Sequential",
      config: [
        { class_name: "Merge", config: { name: "merge_1", mode: "sum", layers: [branch("x"), branch("y")] } },
        { class_name: "Dense", config: { name: "z", output_dim: 1 } },
      ],
    });
    expect(graph.inputs).toHaveLength(2);
    expect(graph.layers.map((spec) => spec.name)).toEqual(["x_input", "x", "y_input", "y", "merge_1", "z"]);
  });
});

describe("functional graphs", () => {
  it("wires initial states and constants of old nodes", () => {
    const graph = read(
      "2.2.4",
      functional(
        [
          input("x"),
          input("h"),
          input("c"),
          layer(
            "LSTM",
            "l",
            [
              [
                ["x", 0, 0, {}],
                ["h", 0, 0, {}],
                ["c", 0, 0, {}],
              ],
            ],
            { units: 3 },
          ),
        ],
        [
          ["x", 0, 0],
          ["h", 0, 0],
          ["c", 0, 0],
        ],
        [["l", 0, 0]],
      ),
    );
    const call = graph.calls.find((item) => item.layer === "l")!;
    expect(call.args).toEqual([{ ref: { layer: "x", call: 0, tensor: 0 } }]);
    expect(call.kwargs["initialState"]).toEqual({
      list: [{ ref: { layer: "h", call: 0, tensor: 0 } }, { ref: { layer: "c", call: 0, tensor: 0 } }],
    });
  });

  it("counts a nested model's own construction as call 0 before Keras 3", () => {
    const inner = functional(
      [input("i"), layer("Dense", "d", [[["i", 0, 0, {}]]], { units: 3 })],
      [["i", 0, 0]],
      [["d", 0, 0]],
      "inner",
    );
    const graph = read(
      "2.2.4",
      functional(
        [input("x"), { ...inner, name: "inner", inbound_nodes: [[["x", 0, 0, {}]], [["inner", 1, 0, {}]]] }],
        [["x", 0, 0]],
        [["inner", 2, 0]],
      ),
    );
    expect(graph.outputs).toEqual([{ layer: "inner", call: 1, tensor: 0 }]);
    expect(graph.calls[2]!.args).toEqual([{ ref: { layer: "inner", call: 0, tensor: 0 } }]);
  });

  it("reads Keras 3 nodes, drops derived masks and what made them", () => {
    const tensor = (...history: unknown[]) => ({ class_name: "__keras_tensor__", config: { keras_history: history } });
    const graph = read(
      "3.15.1",
      functional(
        [
          input("x"),
          layer("Embedding", "e", [{ args: [tensor("x", 0, 0)], kwargs: {} }], {
            mask_zero: true,
            input_dim: 5,
            output_dim: 2,
          }),
          {
            module: "keras.src.ops.numpy",
            class_name: "NotEqual",
            name: "ne",
            config: { name: "ne" },
            inbound_nodes: [{ args: [tensor("x", 0, 0), 0], kwargs: {} }],
          },
          layer("LSTM", "l", [{ args: [tensor("e", 0, 0)], kwargs: { mask: tensor("ne", 0, 0), training: false } }], {
            units: 2,
          }),
        ],
        ["x", 0, 0],
        ["l", 0, 0],
      ),
    );
    expect(graph.layers.map((spec) => spec.name)).toEqual(["x", "e", "l"]);
    expect(graph.calls.at(-1)!.kwargs).toEqual({});
  });

  it("names the TensorFlow function that it does not know", () => {
    const fft = layer("TFOpLambda", "tf.signal.fft", [["x", 0, 0, {}]], { function: "signal.fft" });
    expect(() => read("2.15.0", functional([input("x"), fft], [["x", 0, 0]], [["tf.signal.fft", 0, 0]]))).toThrow(
      UnsupportedLayerError,
    );
  });

  it.each([
    ["a reference to nothing", functional([input("x")], [["x", 0, 0]], [["y", 0, 0]])],
    [
      "a call that is not there",
      functional([input("x"), layer("Dense", "d", [[["x", 3, 0]]])], [["x", 0, 0]], [["d", 0, 0]]),
    ],
    ["two layers of one name", functional([input("x"), input("x")], [["x", 0, 0]], [["x", 0, 0]])],
    ["a damaged node", functional([input("x"), layer("Dense", "d", [[42]])], [["x", 0, 0]], [["d", 0, 0]])],
    ["layers that are no objects", functional([null, 3], [["x", 0, 0]], [["x", 0, 0]])],
  ])("refuses %s", (_, model) => {
    expect(() => read("2.2.4", model)).toThrow(FormatError);
  });

  it("refuses models nested without end", () => {
    let model: unknown = { class_name: "Sequential", config: { name: "s", layers: [] } };
    for (let i = 0; i < 100; i++) model = { class_name: "Sequential", config: { name: `s${i}`, layers: [model] } };
    expect(() => read("2.3.1", model)).toThrow(/nested deeper/);
  });
});
