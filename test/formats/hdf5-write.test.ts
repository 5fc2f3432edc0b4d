import fc from "fast-check";
import { expect, test } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { float32ToBfloat16, float32ToFloat16 } from "../../src/formats/float16.ts";
import type { Hdf5Dataset, Hdf5Group, Hdf5WriteGroup } from "../../src/formats/hdf5/index.ts";
import { ensureGroup, openHdf5, writeHdf5 } from "../../src/formats/hdf5/index.ts";

function dataset(root: Hdf5Group, path: string): Hdf5Dataset {
  const found = root.get(path);
  if (found?.kind !== "dataset") throw new Error(`${path} is not a dataset`);
  return found;
}

test("a Keras-like file comes back as it was given", () => {
  const config = JSON.stringify({ layers: "x".repeat(200_000) });
  const root: Hdf5WriteGroup = {
    attributes: {
      keras_version: "2.2.4",
      model_config: { kind: "vlen", value: config },
      layer_names: ["lstm", "dense_ü"],
      none: [],
      texts: { kind: "vlen", value: ["a", "", "ünï"] },
      count: 3,
      rate: 0.25,
      vector: { shape: [2], data: Float32Array.of(1, 2) },
    },
    children: new Map(),
  };
  const cell = ensureGroup(root, "model_weights/lstm/lstm_cell");
  cell.children.set("kernel:0", { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6), attributes: { a: "b" } });
  cell.children.set("iterations", { shape: [], data: BigInt64Array.of(2n ** 60n) });
  cell.children.set("step", { shape: [2], data: Int32Array.of(-1, 5) });
  cell.children.set("empty", { shape: [0, 3], data: new Float32Array(0) });
  cell.children.set("half", { shape: [2], data: float32ToFloat16([1, -0.5]), dtype: "float16" });
  cell.children.set("brain", { shape: [2], data: float32ToBfloat16([1, -0.5]), dtype: "bfloat16" });
  cell.children.set("flags", { shape: [2], data: Uint8Array.of(1, 0), dtype: "bool" });
  cell.children.set("words", { kind: "fixed", value: ["ab", "c"] });
  cell.children.set("text", { kind: "vlen", value: "some text" });
  ensureGroup(root, "layers\\lstm\\cell");

  const read = openHdf5(writeHdf5(root));
  expect(read.keys()).toEqual(["layers\\lstm\\cell", "model_weights"]);
  expect(Object.fromEntries(read.attributes.names().map((name) => [name, read.attributes.get(name)]))).toEqual({
    keras_version: "2.2.4",
    model_config: config,
    layer_names: ["lstm", "dense_ü"],
    none: [],
    texts: ["a", "", "ünï"],
    count: 3,
    rate: 0.25,
    vector: [1, 2],
  });
  const values = (name: string) => {
    const { shape, dtype, ...rest } = dataset(read, `model_weights/lstm/lstm_cell/${name}`);
    return [dtype, shape, dataset(read, rest.name).read()];
  };
  expect(values("kernel:0")).toEqual(["float32", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)]);
  expect(dataset(read, "model_weights/lstm/lstm_cell/kernel:0").attributes.get("a")).toBe("b");
  expect(values("iterations")).toEqual(["int64", [], BigInt64Array.of(2n ** 60n)]);
  expect(values("step")).toEqual(["int32", [2], Int32Array.of(-1, 5)]);
  expect(values("empty")).toEqual(["float32", [0, 3], new Float32Array(0)]);
  expect(values("half")).toEqual(["float16", [2], Float32Array.of(1, -0.5)]);
  expect(values("brain")).toEqual(["bfloat16", [2], Float32Array.of(1, -0.5)]);
  expect(values("flags")).toEqual(["bool", [2], Uint8Array.of(1, 0)]);
  expect(values("words")).toEqual(["string", [2], ["ab", "c"]]);
  expect(values("text")).toEqual(["string", [], ["some text"]]);
});

test("groups of any width: one node, several, several levels", () => {
  for (const count of [0, 1, 8, 9, 256, 257, 9000]) {
    const children: Hdf5WriteGroup["children"] = new Map();
    for (let i = 0; i < count; i++) children.set(`layer_${i}`, { shape: [], data: Float32Array.of(i) });
    const read = openHdf5(writeHdf5({ children }));
    expect(read.keys()).toEqual([...children.keys()].sort());
    for (const i of [0, 7, 255, count - 1].filter((i) => i >= 0 && i < count)) {
      expect(dataset(read, `layer_${i}`).read()).toEqual(Float32Array.of(i));
    }
  }
});

test("what cannot be written is refused with the reason", () => {
  const write = (name: string, attributes = {}) =>
    writeHdf5({ attributes, children: new Map([[name, { shape: [2], data: new Float32Array(2) }]]) });
  expect(() => write("a/b")).toThrow(/"\/a\/b" is not a possible name/);
  expect(() => write("a", { long: "x".repeat(70_000) })).toThrow(/attribute long of \/ takes 70\d+ bytes; 64 KB/);
  expect(() => writeHdf5({ children: new Map([["a", { shape: [3], data: new Float32Array(2) }]]) })).toThrow(
    FormatError,
  );
});

test("any tree comes back", () => {
  const name = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
    .filter((s) => s !== "." && !/[/\0]/.test(s));
  const text = fc.string({ unit: "grapheme", maxLength: 40 }).filter((s) => !s.endsWith("\0"));
  const attribute = fc.oneof(
    text,
    fc.array(text, { maxLength: 5 }),
    fc.record({ kind: fc.constantFrom("fixed" as const, "vlen" as const), value: fc.array(text, { maxLength: 5 }) }),
  );
  const attributes = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), attribute, { maxKeys: 4 });
  const values = fc.array(fc.float({ noNaN: true }), { maxLength: 20 });
  const { tree } = fc.letrec<{ tree: Hdf5WriteGroup; child: Hdf5WriteGroup["children"] }>((tie) => ({
    tree: fc.record({
      attributes,
      children: fc
        .array(
          fc.tuple(
            name,
            fc.oneof(
              { maxDepth: 4 },
              values.map((v) => ({ shape: [v.length], data: Float32Array.from(v) })),
              tie("tree"),
            ),
          ),
          { maxLength: 12 },
        )
        .map((entries) => new Map(entries)),
    }),
    child: fc.constant(new Map()),
  }));
  fc.assert(
    fc.property(tree, (given) => {
      compare(openHdf5(writeHdf5(given)), given);
    }),
    { numRuns: 200 },
  );
});

function compare(read: Hdf5Group, given: Hdf5WriteGroup): void {
  for (const [name, value] of Object.entries(given.attributes ?? {})) {
    const wanted = typeof value === "object" && "kind" in value ? value.value : value;
    expect(read.attributes.get(name)).toEqual(wanted);
  }
  expect(new Set(read.keys())).toEqual(new Set(given.children.keys()));
  for (const [name, child] of given.children) {
    const found = read.get(name)!;
    if ("children" in child) compare(found as Hdf5Group, child);
    else expect((found as Hdf5Dataset).read()).toEqual("data" in child ? child.data : []);
  }
}
