import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadModel } from "../../src/platform/node.ts";
import {
  activation,
  dense,
  embedding,
  functional,
  gru,
  input,
  lstm,
  Model,
  modelFromJson,
  Sequential,
  sequential,
} from "../../src/platform/training-node.ts";

const folder = mkdtempSync(join(tmpdir(), "rnn-wasm-habits-"));
afterAll(() => rmSync(folder, { recursive: true }));
const small = (seed = 0) =>
  sequential([input([null, 3]), lstm(4, { name: "first" }), dense(2, { name: "last" })], { seed });
const X = [
  [
    [0.1, 0.2, 0.3],
    [0.4, 0.5, 0.6],
  ],
];

describe("what a Keras user tries", () => {
  it("is the classic imdb_lstm, line for line", async () => {
    const model = new Sequential();
    model.add(embedding(20, 8));
    model.add(lstm(8, { dropout_W: 0.2, dropout_U: 0.2 }));
    model.add(dense(1));
    model.add(activation("sigmoid"));
    model.compile({ loss: "binary_crossentropy", optimizer: "adam", metrics: ["accuracy"] });
    const x = Array.from({ length: 16 }, (_, i) => [i, (i * 7) % 20, 3, 4]);
    const y = x.map(([first]) => Number(first! > 7));
    await model.fit(x, y, { batch_size: 8, nb_epoch: 2, validation_data: [x, y] });
    const { loss, accuracy } = await model.evaluate(x, y, { batchSize: 8 });
    expect(loss).toBeGreaterThan(0);
    expect(accuracy).toBeGreaterThanOrEqual(0);
    expect(model.predict(x).shape).toEqual([16, 1]);
    model.dispose();
  });

  it("is new Sequential([...]) and options in one object", () => {
    const model = new Sequential([input([null, 3]), lstm({ units: 4 } as never), dense(2)], { seed: 5 });
    expect(model.countParams()).toBe(4 * 4 * (3 + 4 + 1) + 4 * 2 + 2);
    const same = sequential([input([null, 3]), lstm(4), dense(2)], { seed: 5 });
    expect(model.predict(X)).toEqual(same.predict(X));
    expect(embedding({ inputDim: 5, outputDim: 3 } as never, undefined as never).config).toEqual({
      inputDim: 5,
      outputDim: 3,
    });
    model.dispose();
    same.dispose();
  });

  it("is numbers of any type with a shape", async () => {
    const model = sequential([embedding(9, 3), lstm(4), dense(2, { activation: "softmax" })], { seed: 2 });
    const shape = [2, 3];
    const wanted = model.predict({ data: Int32Array.of(1, 2, 3, 4, 5, 6), shape });
    for (const data of [Uint8Array, Int16Array, Float64Array].map((type) => type.of(1, 2, 3, 4, 5, 6))) {
      expect(model.predict({ data, shape })).toEqual(wanted);
    }
    expect(model.predict({ data: [1, 2, 3, 4, 5, 6], shape })).toEqual(wanted);
    model.compile({ loss: "categorical_crossentropy" });
    const rows = { data: Uint8Array.of(1, 0, 0, 1), shape: [2, 2] };
    const nested = [
      [1, 0],
      [0, 1],
    ];
    const x = { data: Uint16Array.of(1, 2, 3, 4, 5, 6), shape };
    expect(await model.evaluate(x, rows)).toEqual(await model.evaluate(x, nested));
    await expect(model.evaluate(x, { data: Uint8Array.of(1), shape: [2, 2] })).rejects.toThrow(/has 1 elements/);
    model.dispose();
  });

  it("is new Model({ inputs, outputs }), or by place", () => {
    const x = input([null, 3]);
    const y = dense(2)(lstm(4)(x));
    const [byName, byPlace] = [new Model({ inputs: x, outputs: y, name: "named" }), new Model(x, y)];
    const typed: Model = byName;
    expect(typed.name).toBe("named");
    expect(byName.predict(X)).toEqual(byPlace.predict(X));
    expect(byPlace.predict(X)).toEqual(functional(x, y).predict(X));
  });

  it("is getLayer, by name and number", () => {
    const model = small();
    expect(model.getLayer("last")).toBe(model.getLayer(-1));
    expect(model.getLayer("first").getWeights()).toEqual(model.getWeights().slice(0, 3));
    expect(() => model.getLayer("frist")).toThrow(/no layer "frist": the layers are .*first, last\./);
    expect(() => model.getLayer(9)).toThrow(/no layer 9/);
    model.dispose();
  });

  it("gets copies of a layer's weights", () => {
    const model = small();
    const before = model.predict(X);
    model.getLayer("last").getWeights()[0]!.data.fill(9);
    model.setWeights(model.getWeights());
    expect(model.predict(X)).toEqual(before);
    model.dispose();
  });

  it("is saveWeights and loadWeights", async () => {
    const [model, other] = [small(1), small(2)];
    const path = join(folder, "a.weights.h5");
    await model.saveWeights(path);
    expect(other.predict(X)).not.toEqual(model.predict(X));
    await other.loadWeights(path);
    expect(other.getWeights()).toEqual(model.getWeights());
    expect(other.predict(X)).toEqual(model.predict(X));
    const index = join(folder, "a.weights.json");
    writeFileSync(index, JSON.stringify({ metadata: {}, weight_map: { "/layers": "a.weights.h5" } }));
    other.setWeights(small(2).getWeights());
    await other.loadWeights(index);
    expect(other.getWeights()).toEqual(model.getWeights());
    const third = small(3);
    await third.saveWeights(path);
    await third.loadWeights((await model.export("keras")).files[".keras"]!);
    expect(third.predict(X)).toEqual(model.predict(X));
    await expect(model.saveWeights("a.keras")).rejects.toThrow(/must end in \.weights\.h5/);
    const wide = sequential([input([null, 3]), gru(5)]);
    const weights = wide.getWeights();
    await expect(wide.loadWeights(path)).rejects.toThrow();
    expect(wide.getWeights()).toEqual(weights);
    for (const one of [model, other, third, wide]) one.dispose();
  });

  it("is toJson, which modelFromJson and loadModel take", async () => {
    const model = small(1);
    const json = await model.toJson();
    const again = await modelFromJson(json);
    again.setWeights(model.getWeights());
    expect(again.predict(X)).toEqual(model.predict(X));
    expect(JSON.parse(json).class_name).toBe("Sequential");
    model.dispose();
    again.dispose();
  });

  it("is rows of typed arrays", () => {
    const model = small();
    const rows = X.map((sample) => sample.map((row) => Float32Array.from(row)));
    expect(model.predict(rows)).toEqual(model.predict(X));
    expect(() => model.predict([[new Float32Array(3), new Float32Array(2)]])).toThrow(/a row of 2/);
    model.dispose();
  });

  it.each<[string, (model: ReturnType<typeof small>) => unknown, RegExp]>([
    [
      "predict on a bare typed array",
      (model) => model.predict(new Float32Array(9) as never),
      /\(batch first\); got \[9\]\. A flat array takes its shape along: \{ data, shape \}/,
    ],
    [
      "compile with positions",
      (model) => model.compile("adam" as never),
      /compile takes one object: model\.compile\(\{/,
    ],
    [
      "setWeights without a list",
      (model) => model.setWeights(undefined as never),
      /has 5 weights; got undefined\. Pass a list/,
    ],
    ["setWeights of bare numbers", (model) => model.setWeights([[1], 2, 3, 4, 5] as never), /got no \{ data, shape \}/],
  ])("gets the right call for %s", (_, call, message) => {
    const model = small();
    expect(() => call(model)).toThrow(message);
    model.dispose();
  });

  it("gets the options of loadModel", async () => {
    await expect(loadModel("models/sentiment", { custom_objects: {} } as never)).rejects.toThrow(
      /loadModel: the option `custom_objects` is not known\. Known: .*customObjects/,
    );
  });

  it("gets no Keras 3 weights of an older model, whose numbers may have to change", async () => {
    const model = small();
    const old = Object.create(model, { profile: { value: { era: "keras1", version: "1.2.2" } } }) as typeof model;
    const { saveWeights } = await import("../../src/api/weights-file.ts");
    await expect(saveWeights(old, join(folder, "b.weights.h5"), { write: async () => {} } as never)).rejects.toThrow(
      /Keras 1\.2\.2's: save the whole model/,
    );
    model.dispose();
  });
});
