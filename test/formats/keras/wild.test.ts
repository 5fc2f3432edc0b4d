import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { arrayLambda, binary, lambda, reduce, reshaped, slice, unary, weightOf } from "../../../src/layers/index.ts";
import type { Planner } from "../../../src/plan/planner.ts";
import {
  Layer,
  type LoadOptions,
  loadModel,
  type Model,
  OptionError,
  type Shape,
  type Tensor,
  UnsupportedLayerError,
  type Value,
} from "../../../src/platform/node.ts";
import { decodeTensor, difference, type GoldenCase, type GoldenFiles } from "../../support/goldens.ts";

const folder = new URL("../../fixtures/wild/", import.meta.url);
const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []));

type WildCase = GoldenCase & { readonly options?: LoadOptions };

const read = (name: string, file: string) => readFileSync(new URL(`${name}/${file}`, folder));
const caseOf = (name: string): WildCase => JSON.parse(read(name, "case.json").toString());

function load(name: string, { file, json, yaml = json, weights }: GoldenFiles, options?: LoadOptions): Promise<Model> {
  return loadModel(
    file ? read(name, file) : { json: read(name, yaml!).toString(), weights: read(name, weights!) },
    options,
  );
}

/** DeepMoji's attention: the weights are the softmax of x·W over the steps that are not masked. */
class AttentionWeightedAverage extends Layer {
  override weightSpecs(shapes?: readonly Shape[]) {
    return [{ name: "W", shape: [shapes?.[0]?.at(-1) ?? null, 1], trainable: true }];
  }

  override plan(p: Planner, [x]: readonly Value[]): readonly Value[] {
    const w = weightOf(p, this, "W");
    const logits = reduce(p, "sum", binary(p, "multiply", x!, reshaped(w, [w.shape[0]!])), [2], true);
    let ai = unary(p, "exponential", binary(p, "subtract", logits, reduce(p, "max", logits, [1], true)));
    if (x!.mask) ai = binary(p, "multiply", ai, reshaped(x!.mask, logits.shape));
    const total = binary(p, "add", reduce(p, "sum", ai, [1], true), 1e-7);
    return [reduce(p, "sum", binary(p, "multiply", x!, binary(p, "divide", ai, total)), [1])];
  }
}

/** (x − mean) / (deviation + 0.01): not Keras' rule. */
class LayerNormalization extends Layer {
  override weightSpecs() {
    return ["gamma", "beta"].map((name) => ({ name, shape: [null], trainable: true }));
  }

  override plan(p: Planner, [x]: readonly Value[]): readonly Value[] {
    const centred = binary(p, "subtract", x!, reduce(p, "mean", x!, [-1], true));
    const deviation = unary(p, "sqrt", reduce(p, "mean", binary(p, "multiply", centred, centred), [-1], true));
    const normal = binary(p, "divide", centred, binary(p, "add", deviation, 0.01));
    return [binary(p, "add", binary(p, "multiply", normal, weightOf(p, this, "gamma")), weightOf(p, this, "beta"))];
  }
}

const twice = lambda((p, [x]) => binary(p, "multiply", x!, 2));
const customObjects = { AttentionWeightedAverage, LayerNormalization, twice };

// fixtures/wild/make.py made them with old Kerases.
describe("what old files from the wild hold gives their Keras' own outputs", () => {
  it.each(names)("%s", async (name) => {
    const { calls, models, options } = caseOf(name);
    expect(models.length).toBeGreaterThan(0);
    for (const files of models) {
      const model = await load(name, files, { customObjects, ...options });
      for (const call of calls) {
        const inputs = call.inputs.map(decodeTensor);
        const outputs = [model.predict(inputs.length === 1 ? inputs[0]! : inputs)].flat() as Tensor[];
        expect(outputs.length).toBe(call.outputs.length);
        for (const [i, want] of call.outputs.entries()) {
          expect(difference(outputs[i]!, decodeTensor(want), { abs: 1e-5, rel: 1e-5 })).toBeUndefined();
        }
      }
      model.dispose();
    }
  });
});

describe.each(["keras-1.2.2", "keras-2.2.4"])("models of %s that are Python code in part", (version) => {
  const ctc = `${version}-ctc`;
  const average = `${version}-attention-average`;

  it("are refused with the layers' names and both ways out", async () => {
    const lost = load(ctc, { file: "model.h5" });
    await expect(lost).rejects.toThrow(UnsupportedLayerError);
    await expect(lost).rejects.toThrow(
      /Lambda \(layer "ctc"\).*never run.*customObjects: \{ "ctc": MyLayer \}.*until: "softmax" \}.*--until softmax/,
    );
    await expect(load(average, { file: "model.h5" })).rejects.toThrow(
      /AttentionWeightedAverage \(layer "attlayer"\).*"AttentionWeightedAverage": MyLayer.*--until bidirectional_1/,
    );
  });

  it("take a TypeScript Lambda by the layer's name, of tensors or of arrays", async () => {
    const x = caseOf(ctc).calls[0]!.inputs.map(decodeTensor)[0]!;
    const [labels, lengths] = [
      { shape: [2, 3], data: new Float32Array([1, 2, 3, 4, 5, 6]) },
      { shape: [2, 1], data: new Float32Array([10, 20]) },
    ];
    const tensors = lambda((p, [y, given, length]) => {
      const first = slice(p, reshaped(slice(p, y!, 1, 0, 1), [y!.shape[0]!, y!.shape[2]!]), 1, 0, 1);
      return binary(p, "add", binary(p, "add", slice(p, given!, 1, 0, 1), first), length!);
    });
    const arrays = arrayLambda(
      (y) => [y[0]!, 1],
      (out, y, given, length) => {
        for (let row = 0; row < out.length; row++) {
          out[row] = given![row * 3]! + y![row * (y!.length / out.length)]! + length![row]!;
        }
      },
    );
    const softmax = caseOf(ctc).calls[0]!.outputs.map(decodeTensor)[0]!;
    const wanted = [1, 4].map((label, row) => label + Number(softmax.data[row * 6 * 7]) + 10 * (row + 1));
    for (const layer of [tensors, arrays]) {
      const model = await load(ctc, { file: "model.h5" }, { customObjects: { ctc: layer } });
      const got = model.predict([x, labels!, lengths!] as Tensor[]);
      expect(got.shape).toEqual([2, 1]);
      for (const [row, value] of wanted.entries()) expect(got.data[row]).toBeCloseTo(value, 5);
      model.dispose();
    }
  });

  it("load up to a layer, without the weights of what comes after", async () => {
    const model = await load(average, { json: "model.json", weights: "weights.h5" }, { until: "bidirectional_1" });
    expect(model.predict([[0, 0, 1, 2, 3, 4, 5]]).shape).toEqual([1, 7, 8]);
    expect(model.layers.map(({ name }) => name)).not.toContain("attlayer");
    const again = await loadModel(Object.values((await model.export("keras", { approximate: true })).files)[0]!);
    expect(again.outputs).toEqual(model.outputs);
    for (const each of [model, again]) each.dispose();
    await expect(load(average, { file: "model.h5" }, { until: "sofmax" })).rejects.toThrow(OptionError);
  });
});

it("a class of the author's that is called as a later one of Keras' is refused by name, and so is a function", async () => {
  await expect(load("keras-2.2.4-namesake", { file: "model.h5" })).rejects.toThrow(
    /: LayerNormalization \(layer "layer_normalization_1"\).*"LayerNormalization": MyLayer/,
  );
  await expect(load("keras-2.2.4-own-activation", { file: "model.h5" })).rejects.toThrow(
    /: Activation \(layer "twice"\).*never run.*customObjects: \{ "twice": MyLayer.*until: "lstm_\d"/,
  );
});

it("multi_gpu_model's wrapper is read as the model in it, and says so", async () => {
  const model = await load("keras-2.2.4-multi-gpu", { file: "model.h5" });
  expect(model.layers.map(({ className }) => className)).toEqual(["InputLayer", "InputLayer", "Functional"]);
  expect(model.origin.notes.join()).toMatch(/multi_gpu_model/);
  model.dispose();
});
