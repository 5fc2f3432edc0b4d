import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { readNpy, readNpz, writeNpy, writeNpz } from "../../src/formats/npy.ts";

const fixture = (name: string) => readFileSync(new URL(`../fixtures/npy/${name}`, import.meta.url));
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

test("arrays that NumPy wrote", () => {
  expect(readNpy(fixture("float32.npy"))).toEqual({
    dtype: "float32",
    shape: [2, 3, 4],
    data: Float32Array.from(range(24), (i) => i / 2),
  });
  expect(readNpy(fixture("fortran-big.npy"))).toEqual({
    dtype: "float64",
    shape: [2, 3, 4],
    data: Float64Array.from(range(24)),
  });
  expect(readNpy(fixture("float16.npy")).data).toEqual(Float32Array.of(1.5, -0.0999755859375, Infinity));
  expect(readNpy(fixture("scalar.npy"))).toEqual({ dtype: "int64", shape: [], data: BigInt64Array.of(-5n) });
  expect(readNpy(fixture("version-2.npy"))).toEqual({ dtype: "bool", shape: [1, 2], data: Uint8Array.of(1, 0) });
  const two = readNpz(fixture("two.npz"));
  expect([...two.keys()]).toEqual(["a", "b"]);
  expect(two.get("a")!.data).toEqual(Uint8Array.from(range(24)));
});

test("text, objects and records are refused by name", () => {
  expect(() => readNpy(fixture("text.npy"))).toThrow(/holds text; save an array of float32 or int32 instead/);
  expect(() => readNpy(fixture("objects.npy"))).toThrow(/holds Python objects/);
  expect(() => readNpy(fixture("records.npy"))).toThrow(/holds records/);
});

test("what is written is read, and is what NumPy writes", () => {
  const data = Float32Array.from(range(24), (i) => i / 2);
  expect(Buffer.from(writeNpy({ shape: [2, 3, 4], data }))).toEqual(Buffer.from(fixture("float32.npy")));
  for (const array of [Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, Float64Array]) {
    const values = array.of(1, 2, 3);
    expect(readNpy(writeNpy({ shape: [3], data: values }))).toMatchObject({ shape: [3], data: values });
  }
  const archive = writeNpz([["x", { shape: [], data: BigInt64Array.of(7n) }]]);
  expect(readNpz(archive).get("x")).toEqual({ dtype: "int64", shape: [], data: BigInt64Array.of(7n) });
});

test("truncated at every byte: refused", () => {
  const bytes = fixture("fortran-big.npy");
  for (let end = 0; end < bytes.length; end++) expect(() => readNpy(bytes.subarray(0, end))).toThrow(FormatError);
});

test("a shape that the bytes cannot hold is refused before any memory is taken", () => {
  const text = "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 9999), }\n";
  const bytes = new Uint8Array(10 + text.length + 8);
  bytes.set(writeNpy({ shape: [0], data: new Float32Array(0) }).subarray(0, 8));
  bytes[8] = text.length;
  bytes.set(new TextEncoder().encode(text), 10);
  expect(() => readNpy(bytes)).toThrow(/truncated or damaged/);
});
