import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { toCamel } from "../../src/formats/keras/names.ts";
import { loadModel } from "../../src/platform/node.ts";
import type { Tensor } from "../../src/tensor.ts";

interface Case {
  /** Calls to predict before the outputs were taken; 1 if absent. */
  readonly steps?: number;
  readonly inputs: readonly { shape: number[]; data: number[] }[];
  readonly outputs: readonly { shape: number[]; data: number[] }[];
}

const folder = new URL("../fixtures/tfjs/", import.meta.url);
const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []));

/** The largest difference as a share of what is allowed. */
function fault(got: Tensor, wanted: { shape: number[]; data: number[] }): number {
  expect(got.shape).toEqual(wanted.shape);
  return Math.max(
    ...wanted.data.map((y, i) => {
      const difference = Math.abs(Number(got.data[i]) - y);
      return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference / (1e-5 + 1e-5 * Math.abs(y));
    }),
  );
}

describe("models that tf.js built and saved give tf.js' own outputs", () => {
  it("finds the fixtures", () => expect(names.length).toBeGreaterThan(20));

  it.each(names)("%s", async (name) => {
    const { steps = 1, inputs, outputs }: Case = JSON.parse(readFileSync(new URL(`${name}/case.json`, folder), "utf8"));
    const model = await loadModel(fileURLToPath(new URL(`${name}/`, folder)));
    const given = inputs.map(({ shape, data }) => ({ shape, data: Float32Array.from(data) }));
    let got: Tensor[] = [];
    for (let i = 0; i < steps; i++) got = [model.predict(given.length === 1 ? given[0]! : given)].flat() as Tensor[];
    expect(got.length).toBe(outputs.length);
    for (const [i, wanted] of outputs.entries()) expect(fault(got[i]!, wanted), `output ${i}`).toBeLessThanOrEqual(1);
    expect(model.origin.kerasVersion).toMatch(/^tfjs-layers/);
    model.dispose();
  });

  it.each(["gru-hard-sigmoid", "merges", "nested-models"])(
    "%s with tf.js' own spelling of its config",
    async (name) => {
      const read = (file: string) => readFileSync(new URL(`${name}/${file}`, folder));
      const json = JSON.parse(read("model.json").toString());
      const { keras_version, backend, ...config } = json.modelTopology;
      json.modelTopology = { ...(camel(config, "") as object), keras_version, backend };
      const model = await loadModel({ json, weights: { "./model.weights.bin": read("model.weights.bin") } });
      const { inputs, outputs }: Case = JSON.parse(read("case.json").toString());
      const given = inputs.map(({ shape, data }) => ({ shape, data: Float32Array.from(data) }));
      const got = [model.predict(given.length === 1 ? given[0]! : given)].flat() as Tensor[];
      for (const [i, wanted] of outputs.entries()) expect(fault(got[i]!, wanted)).toBeLessThanOrEqual(1);
      model.dispose();
    },
  );
});

/** What tf.js' convertPythonicToTs does. */
function camel(value: unknown, key: string): unknown {
  if (typeof value === "string") return /^(name|class_name|.*_nodes|.*_layers)$/.test(key) ? value : toCamel(value);
  if (Array.isArray(value)) return value.map((item) => camel(item, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([inner, item]) => [toCamel(inner), camel(item, inner)]));
}
