import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RnnWasmError } from "../../src/errors.ts";
import { writeHdf5 } from "../../src/formats/hdf5/index.ts";
import { writeZip } from "../../src/formats/zip-write.ts";
import { loadModel, type ModelSource } from "../../src/platform/node.ts";
import { dense, input, lstm, sequential } from "../../src/platform/training-node.ts";

/** What loading may take, in milliseconds and bytes; a machine may be busy. */
const TIME = 1500;
const MEMORY = 200e6;

/** Loads something hostile: the error's text, or "" if it loads. Red for any other error, and for what takes long. */
async function attempt(source: ModelSource): Promise<string> {
  const memory = process.memoryUsage().rss;
  const start = performance.now();
  let text = "";
  try {
    (await loadModel(source)).dispose();
  } catch (error) {
    expect(error, String((error as Error).stack)).toBeInstanceOf(RnnWasmError);
    text = (error as Error).message;
  }
  expect(performance.now() - start).toBeLessThan(TIME);
  expect(process.memoryUsage().rss - memory).toBeLessThan(MEMORY);
  return text;
}

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** A small model in every container. */
const small = sequential([input([4, 3]), lstm(5), dense(2)], { build: "simd" });
const containers = {
  keras: (await small.export("keras")).files[".keras"]!,
  h5: (await small.export("h5")).files[".h5"]!,
  tfjs: (await small.export("tfjs")).files,
  native: (await small.export("rnn-wasm")).files,
};
const shardName = Object.keys(containers.tfjs).find((name) => name.endsWith(".bin"))!;
const tfjsJson = JSON.parse(new TextDecoder().decode(containers.tfjs["model.json"]!));
const nativeJson = new TextDecoder().decode(containers.native["model.json"]!);
const nativeWeights = containers.native["model.safetensors"] ?? containers.native["weights.safetensors"]!;

describe("TF.js files that lie", () => {
  const manifest = (change: (entry: Record<string, unknown>, group: Record<string, unknown>) => void) => {
    const json = structuredClone(tfjsJson);
    change(json.weightsManifest[0].weights[0], json.weightsManifest[0]);
    return { json: JSON.stringify(json), weights: { [shardName]: containers.tfjs[shardName]! } };
  };

  it.each([
    ["a shape of 1e18 elements", (w: Record<string, unknown>) => Object.assign(w, { shape: [1e9, 1e9] })],
    ["a negative size", (w: Record<string, unknown>) => Object.assign(w, { shape: [-3, -20] })],
    ["half a size", (w: Record<string, unknown>) => Object.assign(w, { shape: [0.5, 120] })],
    ["a size in words", (w: Record<string, unknown>) => Object.assign(w, { shape: ["3", 20] })],
    ["no shape", (w: Record<string, unknown>) => Object.assign(w, { shape: undefined })],
    ["a shape that is no list", (w: Record<string, unknown>) => Object.assign(w, { shape: { length: 1e9 } })],
    ["a dtype that is none", (w: Record<string, unknown>) => Object.assign(w, { dtype: "float99" })],
    ["text for weights", (w: Record<string, unknown>) => Object.assign(w, { dtype: "string" })],
    ["quantized by nothing", (w: Record<string, unknown>) => Object.assign(w, { quantization: {} })],
    [
      "quantized to a dtype that is none",
      (w: Record<string, unknown>) => Object.assign(w, { quantization: { dtype: "uint4", min: 0, scale: 1 } }),
    ],
    [
      "quantized by text",
      (w: Record<string, unknown>) => Object.assign(w, { quantization: { dtype: "uint8", min: "0", scale: null } }),
    ],
    ["a name that is no text", (w: Record<string, unknown>) => Object.assign(w, { name: 5 })],
    ["no shards", (_: unknown, group: Record<string, unknown>) => Object.assign(group, { paths: [] })],
    [
      "shards that are not there",
      (_: unknown, group: Record<string, unknown>) => Object.assign(group, { paths: ["../x", "y"] }),
    ],
    [
      "a shard named twice",
      (_: unknown, group: Record<string, unknown>) => Object.assign(group, { paths: [shardName, shardName] }),
    ],
    ["paths that are no list", (_: unknown, group: Record<string, unknown>) => Object.assign(group, { paths: 1e9 })],
    [
      "weights that are no list",
      (_: unknown, group: Record<string, unknown>) => Object.assign(group, { weights: { length: 1e9 } }),
    ],
  ])("%s", async (_, change) => {
    expect(await attempt(manifest(change as never))).not.toBe("");
  });

  it("weights listed a million times", async () => {
    const source = manifest((w, group) => Object.assign(group, { weights: new Array(200_000).fill(w) }));
    expect(await attempt(source)).not.toBe("");
  });
});

describe("our own files that lie", () => {
  /** A .safetensors with another header over the same data. */
  function withHeader(change: (header: Record<string, Record<string, unknown>>) => unknown): Uint8Array {
    const size = Number(new DataView(nativeWeights.buffer, nativeWeights.byteOffset).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(nativeWeights.subarray(8, 8 + size)));
    const changed = change(header) ?? header;
    const text = bytes(changed);
    const out = new Uint8Array(8 + text.length + nativeWeights.length - 8 - size);
    new DataView(out.buffer).setBigUint64(0, BigInt(text.length), true);
    out.set(text, 8);
    out.set(nativeWeights.subarray(8 + size), 8 + text.length);
    return out;
  }
  const first = (header: Record<string, Record<string, unknown>>) =>
    header[Object.keys(header).find((key) => key !== "__metadata__")!]!;

  it.each([
    ["a shape of 1e18 elements", (h: never) => void Object.assign(first(h), { shape: [1e9, 1e9] })],
    ["a negative size", (h: never) => void Object.assign(first(h), { shape: [-3, -20] })],
    ["offsets outside the file", (h: never) => void Object.assign(first(h), { data_offsets: [0, 1e12] })],
    ["offsets backwards", (h: never) => void Object.assign(first(h), { data_offsets: [240, 0] })],
    ["negative offsets", (h: never) => void Object.assign(first(h), { data_offsets: [-240, 0] })],
    ["offsets that are no list", (h: never) => void Object.assign(first(h), { data_offsets: "0,240" })],
    ["a dtype that is none", (h: never) => void Object.assign(first(h), { dtype: "F99" })],
    ["a list for a header", () => [1, 2, 3]],
    ["null for a header", () => "null"],
    ["a tensor that is null", (h: never) => ({ ...(h as object), x: null })],
  ])("%s", async (_, change) => {
    expect(await attempt({ json: nativeJson, weights: withHeader(change as never) })).not.toBe("");
  });

  it("a header longer than any file", async () => {
    const out = nativeWeights.slice();
    new DataView(out.buffer).setBigUint64(0, 2n ** 63n, true);
    expect(await attempt({ json: nativeJson, weights: out })).not.toBe("");
  });

  it("offsets that overlap are refused", async () => {
    const overlapping = withHeader((header) => {
      const names = Object.keys(header).filter((key) => key !== "__metadata__");
      for (const name of names) {
        const [from, to] = header[name]!["data_offsets"] as [number, number];
        header[name]!["data_offsets"] = [0, to - from];
      }
    });
    expect(await attempt({ json: nativeJson, weights: overlapping })).not.toBe("");
  });
});

describe("architectures", () => {
  const nothing = writeHdf5({
    attributes: { layer_names: ["l"], keras_version: "2.2.4", backend: "tensorflow" },
    children: new Map([["l", { attributes: { weight_names: [] }, children: new Map() }]]),
  });
  const json = (layers: readonly object[]) => ({
    json: JSON.stringify({ class_name: "Sequential", keras_version: "2.2.4", config: { name: "m", layers } }),
    weights: nothing,
  });
  const layer = (class_name: string, config: object) => ({
    class_name,
    config: { name: "l", batch_input_shape: [null, 5, 3], ...config },
  });

  it.each([1e9, 2 ** 31, 2 ** 53, 1e300, -1, 0.5, 0, "8", null, [8], Number.NaN])("sizes of %s", async (size) => {
    for (const [name, config] of [
      ["LSTM", { units: size }],
      ["GRU", { units: size }],
      ["SimpleRNN", { units: size }],
      ["Dense", { units: size }],
      ["Conv1D", { filters: size, kernel_size: [3] }],
      ["Conv1D", { filters: 3, kernel_size: [size] }],
      ["Conv1D", { filters: 3, kernel_size: [3], strides: [size] }],
      ["Embedding", { input_dim: size, output_dim: 4, batch_input_shape: [null, 5] }],
      ["Embedding", { input_dim: 4, output_dim: size, batch_input_shape: [null, 5] }],
      ["ConvLSTM2D", { filters: size, kernel_size: [3, 3], batch_input_shape: [null, 2, 4, 4, 1] }],
      ["MaxPooling1D", { pool_size: size }],
      ["ZeroPadding1D", { padding: size }],
      ["RepeatVector", { n: size, batch_input_shape: [null, 5] }],
      ["Dense", { units: 3, batch_input_shape: [size, 3] }],
      ["LSTM", { units: 3, batch_input_shape: [null, size, 3] }],
      ["LSTM", { units: 3, batch_input_shape: [null, 5, size] }],
      ["LSTM", { units: 3, batch_input_shape: size }],
    ] as const) {
      await attempt(json([layer(name, config)]));
    }
  });

  it.each([10, 100, 1000, 100_000])("wrappers and models nested %d deep", async (depth) => {
    const core = JSON.stringify(layer("Dense", { units: 2 }));
    const wrapper = `{"class_name":"TimeDistributed","config":{"name":"t","batch_input_shape":[null,5,3],"layer":`;
    const model = `{"class_name":"Sequential","config":{"name":"n","layers":[`;
    for (const text of [
      `${model}${wrapper.repeat(depth)}${core}${"}}".repeat(depth)}]}}`,
      `${model.repeat(depth + 1)}${core}${"]}}".repeat(depth + 1)}`,
    ]) {
      const refused = await attempt({ json: text, weights: nothing });
      if (depth >= 1000) expect(refused).not.toBe("");
    }
  });

  it("lists nested deep", async () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    expect(await attempt({ json: `{"class_name":"Sequential","config":${deep}}`, weights: nothing })).not.toBe("");
  });

  it("keys that would reach prototypes", async () => {
    const text = `{"class_name":"Sequential","keras_version":"2.2.4","__proto__":{"polluted":1},"config":{"name":"m","constructor":{"prototype":{"polluted":1}},"layers":[{"class_name":"Dense","config":{"name":"__proto__","units":2,"__proto__":{"polluted":1},"batch_input_shape":[null,3]}}]}}`;
    await attempt({ json: text, weights: nothing });
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("aliases that double: a YAML bomb", async () => {
    const lines = ["a0: &a0 [x, x]"];
    for (let i = 1; i < 40; i++) lines.push(`a${i}: &a${i} [*a${i - 1}, *a${i - 1}]`);
    const yaml = `class_name: Sequential\nconfig:\n  name: m\n  layers: []\n${lines.join("\n")}\n`;
    await attempt({ json: yaml, weights: nothing });
  });
});

describe("whole containers", () => {
  it("are refused by name or load, whatever bytes change", async () => {
    const single = [containers.keras, containers.h5];
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.option(fc.nat()),
        async (which, changes, cut) => {
          const damaged = new Uint8Array(single[which]!);
          for (const [at, value] of changes) damaged[at % damaged.length] = value;
          await attempt(cut === null ? damaged : damaged.subarray(0, cut % damaged.length));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("are refused by name or load, whatever stands in a config", async () => {
    const config = tfjsJson.modelTopology;
    const places: [object, string][] = [];
    const visit = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      for (const key of Object.keys(value)) {
        places.push([value, key]);
        visit((value as Record<string, unknown>)[key]);
      }
    };
    visit(config);
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.jsonValue(), async (at, value) => {
        const [owner, key] = places[at % places.length]! as [Record<string, unknown>, string];
        const old = owner[key];
        owner[key] = value;
        const json = JSON.stringify(tfjsJson);
        owner[key] = old;
        await attempt({ json, weights: { [shardName]: containers.tfjs[shardName]! } });
      }),
      { numRuns: 300 },
    );
  });

  it("of zip: the same name twice", async () => {
    const config = bytes({ class_name: "Sequential", config: { name: "m", layers: [] } });
    const archive = writeZip([
      ["config.json", config],
      ["config.jsoX", config],
      ["metadata.json", config],
    ]);
    for (let at = 0; at < archive.length; at++) if (archive[at] === 88) archive[at] = "n".charCodeAt(0);
    expect(await attempt(archive)).toMatch(/config\.json/);
  });
});
