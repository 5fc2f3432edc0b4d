import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RnnWasmError, WeightsError } from "../../../src/errors.ts";
import { writeHdf5 } from "../../../src/formats/hdf5/write/write.ts";
import { readManifest } from "../../../src/formats/keras/containers/tfjs.ts";
import { parseYaml } from "../../../src/formats/keras/yaml.ts";
import { readModel } from "../../../src/formats/read-model.ts";
import { sniff } from "../../../src/formats/sniff.ts";
import { writeZip } from "../../../src/formats/zip-write.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

/** A weights file without layers. */
const empty = writeHdf5({ attributes: { keras_version: "2.2.4" }, children: new Map() });

describe("sniff", () => {
  it("goes by content", () => {
    expect(sniff(utf8('  {"class_name": 1}'))).toBe("json");
    expect(sniff(utf8("backend: theano\nclass_name: Sequential\n"))).toBe("yaml");
    expect(sniff(new Uint8Array([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]))).toBe("hdf5");
    expect(sniff(writeZip([["a", utf8("b")]]))).toBe("zip");
    expect(sniff(utf8("hello"))).toBe("unknown");
  });
});

describe("readModel", () => {
  it.each([
    ["an empty file", new Uint8Array(0), /is empty/],
    ["text", utf8("hello world"), /is not a model file/],
    ["JSON without weights", utf8('{"class_name": "Sequential", "config": []}'), /architecture without weights/],
    ["a zip of something else", writeZip([["word/document.xml", utf8("x")]]), /without config\.json/],
    ["a graph model of TF.js", utf8('{"format": "graph-model", "modelTopology": {"node": []}}'), /TF\.js graph model/],
  ])("refuses %s in one sentence", (_, bytes, message) => {
    expect(() => readModel({ bytes, name: "model.bin" })).toThrow(message);
  });

  it("says what a TF.js graph model is", () => {
    const json = { format: "graph-model", modelTopology: { node: [] }, weightsManifest: [] };
    expect(() => readModel({ json, weights: {}, name: "model.json" })).toThrow(/graph model/);
  });

  it("gives a model or a named error for any JSON", () => {
    const key = fc.constantFrom(
      "class_name",
      "config",
      "layers",
      "name",
      "inbound_nodes",
      "input_layers",
      "output_layers",
      "units",
      "cell",
    );
    const value = fc.letrec((tie) => ({
      json: fc.oneof(
        { depthSize: "medium" },
        fc.constantFrom<unknown>(null, 0, -1, "Sequential", "Model", "LSTM", "Bidirectional", "a", true),
        fc.array(tie("json"), { maxLength: 4 }),
        fc.dictionary(key, tie("json"), { maxKeys: 6 }),
      ),
    })).json;
    fc.assert(
      fc.property(value, fc.constantFrom("1.0.3", "2.1.6", "2.15.0", "3.15.1"), (config, keras_version) => {
        const json = { class_name: "Model", config, keras_version } as object;
        try {
          readModel({ json, weights: empty, name: "model.json" });
        } catch (error) {
          expect(error).toBeInstanceOf(RnnWasmError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("YAML", () => {
  it("takes Python's tuples as lists and letters as letters", () => {
    expect(parseYaml("config: !!python/tuple [1, 2]\nn: 3\n", "x")).toEqual({ config: [1, 2], n: 3 });
  });

  it("names other Python objects and runs none", () => {
    expect(() => parseYaml("config: !!python/object/apply:os.system ['true']\n", "x")).toThrow(
      /python\/object\/apply:os\.system/,
    );
  });

  it("refuses a bomb of aliases", () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
    for (let i = 1; i < 12; i++) lines.push(`a${i}: &a${i} [${new Array(9).fill(`*a${i - 1}`).join(", ")}]`);
    expect(() => parseYaml(lines.join("\n"), "x")).toThrow(RnnWasmError);
  });
});

describe("TF.js manifests", () => {
  const manifest = (...weights: object[]) => ({ weightsManifest: [{ paths: ["a", "b"], weights }] });

  it("joins shards and undoes quantisation", () => {
    const json = manifest(
      { name: "q", shape: [3], dtype: "float32", quantization: { dtype: "uint8", min: -1, scale: 0.5 } },
      { name: "w", shape: [1], dtype: "float32" },
    );
    const all = new Uint8Array(7);
    all.set([0, 2, 4]);
    new DataView(all.buffer).setFloat32(3, 1.5, true);
    const arrays = readManifest(json as never, { a: all.slice(0, 5), b: all.slice(5) }, "x");
    expect(arrays.map((array) => [...array.read()])).toEqual([[-1, 0, 1], [1.5]]);
  });

  it("misses shards and bytes by name", () => {
    const json = manifest({ name: "w", shape: [4], dtype: "float32" });
    expect(() => readManifest(json as never, { a: new Uint8Array(4) }, "x")).toThrow(/shard b is missing/);
    expect(() => readManifest(json as never, { a: new Uint8Array(4), b: new Uint8Array(4) }, "x")).toThrow(
      WeightsError,
    );
  });

  it.each([[[-1]], [[1e300]], [[2 ** 40, 2 ** 40]]])("refuses the shape %j", (shape) => {
    expect(() =>
      readManifest(manifest({ name: "w", shape, dtype: "float32" }) as never, new Uint8Array(8), "x"),
    ).toThrow(RnnWasmError);
  });
});
