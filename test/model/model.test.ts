import { describe, expect, it } from "vitest";
import { buildRoot } from "../../src/api/build-root.ts";
import { layersFor } from "../../src/api/companions.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { ShapeError, WeightsError } from "../../src/errors.ts";
import { writeNative } from "../../src/formats/native/write.ts";
import { KERAS3 } from "../../src/layers/profile.ts";
import type { GraphSpec } from "../../src/model/graph-spec.ts";
import { InferenceModel } from "../../src/model/model.ts";
import { loadModel, loadModelSync, Model } from "../../src/platform/node.ts";

const ref = (layer: string, call = 0) => ({ layer, call, tensor: 0 });
const arg = (layer: string, call = 0) => ({ ref: ref(layer, call) });

/** Two Dense layers, one of them called twice: x → a → b, and b again. */
const graph: GraphSpec = {
  name: "chain",
  className: "Functional",
  layers: [
    { className: "InputLayer", name: "x", config: { batchShape: [null, null, 3], dtype: "float32" }, trainable: true },
    { className: "Dense", name: "a", config: { units: 2 }, trainable: true },
    { className: "Dense", name: "b", config: { units: 2, useBias: false, activation: "relu" }, trainable: true },
  ],
  calls: [
    { layer: "b", args: [arg("a")], kwargs: {} },
    { layer: "a", args: [arg("x")], kwargs: {} },
    { layer: "b", args: [arg("b")], kwargs: {} },
  ],
  inputs: [ref("x")],
  outputs: [ref("b", 1), ref("a")],
};

function chain(): Model {
  const root = buildRoot(graph, KERAS3, {});
  root.layer("a")!.setWeights([
    { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] },
    { data: Float32Array.of(0.5, -0.5), shape: [2] },
  ]);
  root.layer("b")!.setWeights([{ data: Float32Array.of(1, -1, 2, 1), shape: [2, 2] }]);
  return new Model(new InferenceModel(root, createEngine({ build: "simd" })), {
    format: "test",
    kerasVersion: "",
    notes: [],
  });
}

const x = [
  [
    [1, 0, -1],
    [2, 1, 0],
  ],
];
const a = [-3.5, -4.5, 5.5, 7.5];
const b = [0, 0, 24.5, 0];

describe("Model", () => {
  it("runs a graph whose calls are listed in any order and whose layers are shared", () => {
    const [y, inner] = chain().predict(x);
    expect([...inner!.data]).toEqual(a);
    expect([...y!.data]).toEqual(b.map((n) => Math.fround(n)));
    expect(y!.shape).toEqual([1, 2, 2]);
  });

  it("knows open and fixed sizes of its outputs", () => {
    expect(chain().outputs?.map((output) => output.shape)).toEqual([
      [null, null, 2],
      [null, null, 2],
    ]);
  });

  it("gives the same bits in slices", () => {
    const model = chain();
    const rows = Array.from({ length: 7 }, (_, i) => [[i, i + 0.1, -i]]);
    const whole = model.predict(rows);
    const sliced = model.predict(rows, { batchSize: 2 });
    expect(sliced.map((tensor) => tensor.data)).toEqual(whole.map((tensor) => tensor.data));
  });

  it("predicts into arrays of the caller's, whole or in slices, all of them or none", () => {
    const model = chain();
    const rows = Array.from({ length: 5 }, (_, i) => [[i, i + 0.1, -i]]);
    const [first, second] = model.predict(rows);
    for (const options of [{}, { batchSize: 2 }]) {
      const out = [new Float32Array(10), { data: new Float32Array(10) }] as const;
      model.predictInto(out, rows, options);
      expect(out[0]).toEqual(first!.data);
      expect(out[1].data).toEqual(second!.data);
      const wrong = [new Float32Array(10), new Float32Array(9)];
      expect(() => model.predictInto(wrong, rows, options)).toThrow(/`out` 1 must hold 10 elements.*holds 9/);
      expect(() => model.predictInto(wrong[0]!, rows, options)).toThrow(/has 2 outputs; `out` has 1/);
      expect(wrong[0]).toEqual(new Float32Array(10));
    }
  });

  it("gives strings for batches of any size", async () => {
    const config = { vocabulary: ["a", "b"], numOovIndices: 1, maskToken: null };
    const words: GraphSpec = {
      name: "words",
      className: "Functional",
      layers: [
        { className: "InputLayer", name: "x", config: { batchShape: [null, 1], dtype: "string" }, trainable: true },
        { className: "StringLookup", name: "a", config, trainable: true },
        { className: "StringLookup", name: "b", config: { ...config, invert: true }, trainable: true },
      ],
      calls: [
        { layer: "a", args: [arg("x")], kwargs: {} },
        { layer: "b", args: [arg("a")], kwargs: {} },
      ],
      inputs: [ref("x")],
      outputs: [ref("b")],
    };
    const root = buildRoot(words, KERAS3, await layersFor(words));
    const origin = { format: "test", kerasVersion: "", notes: [] };
    const model = new Model(new InferenceModel(root, createEngine({ build: "simd" })), origin);
    const x = Array.from({ length: 300 }, (_, i) => [["a", "b", "c"][i % 3]!]);
    expect(model.predict(x).data).toEqual(x.map(([word]) => (word === "c" ? "[UNK]" : word)));
    model.dispose();
  });

  it("writes its own format and reads it back, asynchronously and synchronously", async () => {
    const model = chain();
    const files = writeNative(model.inference.root);
    const parts = { json: files["model.json"]!, weights: files["weights.safetensors"]! };
    const want = model.predict(x).map((tensor) => [...tensor.data]);
    expect((await loadModel(parts, { build: "simd" })).predict(x).map((tensor) => [...tensor.data])).toEqual(want);
    expect(
      loadModelSync(parts, { build: "simd" })
        .predict(x)
        .map((tensor) => [...tensor.data]),
    ).toEqual(want);
  });

  it("uses new weights after setWeights and refuses misshapen ones whole", () => {
    const model = chain();
    const weights = model.getWeights();
    expect(() => model.setWeights(weights.slice(1))).toThrow(WeightsError);
    expect(() => model.setWeights([{ data: new Float32Array(6), shape: [2, 3] }, ...weights.slice(1)])).toThrow(
      /"a".*kernel/,
    );
    model.predict(x);
    weights[1] = { data: Float32Array.of(0, 0), shape: [2] };
    model.setWeights(weights);
    expect([...model.predict(x)[1]!.data]).toEqual(a.map((n, i) => n - (i % 2 === 0 ? 0.5 : -0.5)));
  });

  it("refuses wrong inputs before it runs", () => {
    const model = chain();
    expect(() => model.predict([[[1, 2]]])).toThrow(ShapeError);
    expect(() => model.predict([[[1, 2, "x"]]])).toThrow(ShapeError);
    expect(() => model.predict([[[1, 2, 3], [1]]])).toThrow(/rows differ in length/);
    expect(() => model.predict({ y: x })).toThrow(/inputs are x/);
    expect(() => model.predict({ data: new Float32Array(5), shape: [1, 2, 3] })).toThrow(/5 elements/);
  });

  it("takes ids beyond 2^24 as they are and refuses ids that are no numbers", () => {
    const id = 2 ** 24 + 1;
    const identity: GraphSpec = {
      name: "ids",
      className: "Functional",
      layers: [
        { className: "InputLayer", name: "id", config: { batchShape: [null, 2], dtype: "int32" }, trainable: true },
        { className: "Reshape", name: "same", config: { targetShape: [2] }, trainable: true },
      ],
      calls: [{ layer: "same", args: [arg("id")], kwargs: {} }],
      inputs: [ref("id")],
      outputs: [ref("same")],
    };
    const origin = { format: "test", kerasVersion: "", notes: [] };
    const engine = createEngine({ build: "simd" });
    const model = new Model(new InferenceModel(buildRoot(identity, KERAS3, {}), engine), origin);
    expect([...model.predict([[id, 0]]).data]).toEqual([id, 0]);
    expect([...model.predict([Uint32Array.of(id, 0)] as never).data]).toEqual([id, 0]);
    expect([...model.predict([[1.5, 0]]).data]).toEqual([1, 0]);
    expect(() => model.predict([[Number.NaN, 0]])).toThrow(/"id" takes int32; got NaN/);
  });

  it("refuses to run after dispose", () => {
    const model = chain();
    model.dispose();
    model.dispose();
    expect(() => model.predict(x)).toThrow(/disposed/);
  });

  it("refuses a graph that depends on itself", () => {
    const calls = [
      { layer: "a", args: [arg("b")], kwargs: {} },
      { layer: "b", args: [arg("a")], kwargs: {} },
    ];
    expect(() => buildRoot({ ...graph, calls, outputs: [ref("b")] }, KERAS3, {})).toThrow(/depends on its own output/);
  });
});
