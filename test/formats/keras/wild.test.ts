import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadModel } from "../../../src/platform/node.ts";
import { decodeTensor, difference, type GoldenCase, type GoldenFiles } from "../../support/goldens.ts";

const folder = new URL("../../fixtures/wild/", import.meta.url);
const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []));

function load(name: string, { file, json, weights }: GoldenFiles) {
  const read = (part: string) => readFileSync(new URL(`${name}/${part}`, folder));
  return loadModel(file ? read(file) : { json: read(json!).toString(), weights: read(weights!) });
}

// fixtures/wild/make.py made them with old Kerases.
describe("what old files from the wild hold gives their Keras' own outputs", () => {
  it.each(names)("%s", async (name) => {
    const { calls, models }: GoldenCase = JSON.parse(readFileSync(new URL(`${name}/case.json`, folder), "utf8"));
    expect(models.length).toBeGreaterThan(0);
    for (const files of models) {
      const model = await load(name, files);
      const inputs = calls[0]!.inputs.map(decodeTensor);
      const outputs = [model.predict(inputs.length === 1 ? inputs[0]! : inputs)].flat();
      expect(outputs.length).toBe(calls[0]!.outputs.length);
      for (const [i, want] of calls[0]!.outputs.entries()) {
        expect(difference(outputs[i] as never, decodeTensor(want), { abs: 1e-5, rel: 1e-5 })).toBeUndefined();
      }
      model.dispose();
    }
  });
});
