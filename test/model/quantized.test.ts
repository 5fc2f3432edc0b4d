import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OptionError, WeightsError } from "../../src/errors.ts";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { loadModel, loadModelSync, type Model } from "../../src/platform/node.ts";
import { ImdbEncoder, padSequences } from "../../src/text/index.ts";

const FOLDER = new URL("../../models/sentiment/", import.meta.url);
const readJson = (name: string) => JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));
const card = readJson("card.json");
const encoder = new ImdbEncoder(readJson("vocabulary.json") as string[], card.encoding);
const reviews = readJson("reviews.json") as { text: string }[];
const x = padSequences(
  reviews.map((review) => encoder.encode(review.text)),
  { maxlen: card.encoding.maxlen },
);

describe("int8 weights of models/sentiment", () => {
  let float: Model;
  let model: Model;
  let files: Readonly<Record<string, Uint8Array>>;

  function load(from: Readonly<Record<string, Uint8Array>>): Model {
    return loadModelSync({ json: from["model.json"]!, weights: from["weights.safetensors"]! });
  }

  beforeAll(async () => {
    float = await loadModel(fileURLToPath(FOLDER));
    files = (await float.export("rnn-wasm", { quantize: "int8" })).files;
    model = load(files);
  });
  afterAll(() => {
    float.dispose();
    model.dispose();
  });

  it("decides as float32 does, from 0.27 of the bytes", async () => {
    const plain = (await float.export("rnn-wasm", { dtype: "float32" })).files;
    const share = files["weights.safetensors"]!.length / plain["weights.safetensors"]!.length;
    expect(share).toBeLessThanOrEqual(0.27);
    const want = float.predict(x).data as Float32Array;
    const got = model.predict(x).data as Float32Array;
    const apart = got.map((score, i) => Math.abs(score - want[i]!));
    expect(Math.max(...apart)).toBeLessThan(0.05);
    expect(Math.max(...apart)).toBeGreaterThan(0);
    expect(got.filter((score, i) => score > 0.5 !== want[i]! > 0.5)).toHaveLength(0);
  });

  it("gives the same bits row by row, and after another round through a file", async () => {
    const all = model.predict(x).data as Float32Array;
    const width = x.shape[1]!;
    for (const row of [0, 7, 49]) {
      const data = (x.data as Int32Array).slice(row * width, (row + 1) * width);
      expect(model.predict({ data, shape: [1, width] }).data[0]).toBe(all[row]);
    }
    const again = (await model.export("rnn-wasm")).files;
    expect(Buffer.compare(again["weights.safetensors"]!, files["weights.safetensors"]!)).toBe(0);
  });

  it("keeps its weights int8 when they are set", () => {
    const copy = load(files);
    const before = copy.predict(x).data;
    copy.setWeights(model.getWeights());
    const after = copy.predict(x).data as Float32Array;
    after.forEach((score, i) => {
      expect(Math.abs(score - (before[i] as number))).toBeLessThan(0.01);
    });
    copy.setWeights(model.getWeights().map((weight) => ({ ...weight, data: new Float32Array(weight.data.length) })));
    expect(copy.predict(x).data[0]).toBe(0.5);
    copy.dispose();
  });

  it("can be written in float32 again", async () => {
    const { files: wide } = await model.export("rnn-wasm", { dtype: "float32" });
    const widened = load(wide);
    const dtypes = [...readSafetensors(wide["weights.safetensors"]!).tensors.values()].map((tensor) => tensor.dtype);
    expect(new Set(dtypes)).toEqual(new Set(["F32"]));
    expect(widened.predict(x).shape).toEqual([50, 1]);
    widened.dispose();
  });

  it("refuses scales that are missing or short, and two wishes at once", async () => {
    const { tensors } = readSafetensors(files["weights.safetensors"]!);
    const name = [...tensors.keys()].find((key) => key.endsWith(".scales"))!;
    const without = [...tensors].filter(([key]) => key !== name);
    const json = files["model.json"]!;
    expect(() => loadModelSync({ json, weights: writeSafetensors(without) })).toThrow(WeightsError);
    const short = [...without, [name, { dtype: "F32", shape: [1], data: new Float32Array(1) }] as const];
    expect(() => loadModelSync({ json, weights: writeSafetensors(short) })).toThrow(/scales/);
    await expect(float.export("rnn-wasm", { dtype: "float16", quantize: "int8" })).rejects.toThrow(OptionError);
    for (const [format, options, says] of [
      ["rnn-wasm", { quantize: "int4" }, /`quantize` must be int8 or float16; got "int4"/],
      ["rnn-wasm", { dtype: "int8" }, /`dtype` must be float32 or float16; got "int8"/],
      ["rnn-wasm", { quantise: "int8" }, /option `quantise` is not known/],
      ["keras", { quantize: "int8" }, /`quantize` is for our own format/],
      ["onnx", {}, /must be one of rnn-wasm, keras, h5, tfjs; got "onnx"/],
    ] as const) {
      await expect(float.export(format as never, options as never)).rejects.toThrow(says);
    }
  });
});
