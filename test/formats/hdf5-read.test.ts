import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Hdf5Dataset, Hdf5Group } from "../../src/formats/hdf5/index.ts";
import { openHdf5, writeHdf5 } from "../../src/formats/hdf5/index.ts";

const FIXTURES = new URL("../fixtures/hdf5/", import.meta.url);

interface Expected {
  attributes: Record<string, unknown>;
  shape?: number[];
  dtype?: string;
  /** All values, or some by index. */
  values?: unknown[] | Record<string, unknown>;
}

const expected = JSON.parse(readFileSync(new URL("expected.json", FIXTURES), "utf8")) as Record<
  string,
  Record<string, Expected>
>;

/** As make.py writes values into JSON. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value === Infinity || value === -Infinity) return value > 0 ? "inf" : "-inf";
  if (typeof value === "object" && value !== null) return Array.from(value as ArrayLike<unknown>, plain);
  return value;
}

function shortened(value: unknown): unknown {
  const tooLong = Array.isArray(value) ? value.join().length > 900 : typeof value === "string" && value.length > 1000;
  return tooLong ? `${(value as string).length} long` : value;
}

function open(file: string): Hdf5Group {
  return openHdf5(readFileSync(new URL(file, FIXTURES)));
}

test("there is an expectation for each fixture", () => {
  expect(
    readdirSync(FIXTURES)
      .filter((name) => name.endsWith(".h5"))
      .sort(),
  ).toEqual(Object.keys(expected).sort());
});

for (const [file, objects] of Object.entries(expected)) {
  test(`${file} reads as h5py reads it`, () => {
    const root = open(file);
    for (const [path, { attributes, shape, dtype, values }] of Object.entries(objects)) {
      const found = root.get(path)!;
      expect(found, path).toBeDefined();
      const names = Object.keys(attributes);
      expect(found.attributes.names().sort(), path).toEqual(names.sort());
      for (const name of names) {
        expect(shortened(plain(found.attributes.get(name))), `${path} ${name}`).toEqual(attributes[name]);
      }
      if (shape === undefined) continue;
      const dataset = found as Hdf5Dataset;
      expect([dataset.shape, dataset.dtype], path).toEqual([shape, dtype]);
      const got = dtype === "bool" ? Array.from(dataset.read() as Uint8Array, (v) => v === 1) : plain(dataset.read());
      if (Array.isArray(values)) expect(got, path).toEqual(values);
      else
        for (const [i, v] of Object.entries(values!)) expect((got as unknown[])[Number(i)], `${path}[${i}]`).toEqual(v);
    }
  });
}

test("sparse data has its fill value everywhere else", () => {
  for (const file of ["chunked-earliest.h5", "chunked-latest.h5"]) {
    const far = (open(file).get("far") as Hdf5Dataset).read() as Int8Array;
    expect([far.length, far.filter((v) => v !== 0)]).toEqual([300000, Int8Array.of(1, 3, 2)]);
    const fixed = (open(file).get("far_fixed") as Hdf5Dataset).read() as Int8Array;
    expect([fixed.length, fixed.filter((v) => v !== 0)]).toEqual([9000, Int8Array.of(1, 2)]);
  }
});

test("every numeric type converts to float32", () => {
  const root = open("dtypes-earliest.h5");
  const floats = (name: string) => Array.from((root.get(name) as Hdf5Dataset).readFloat32());
  expect(floats("int64")).toEqual([-(2 ** 63), 0, 1, 2 ** 63]);
  expect(floats("bool")).toEqual([1, 0, 1]);
  expect(floats("big_int16")).toEqual([1, -2, 300]);
  expect(floats("bfloat16")).toEqual([1, -3.140625, Infinity]);
  expect(floats("float64")).toEqual(
    Array.from((root.get("float64") as Hdf5Dataset).read() as Float64Array, Math.fround),
  );
  expect(() => floats("fixed")).toThrow(/\/fixed holds string values where numbers are expected/);
});

test("aligned float32 is a view, and misaligned bytes are copied", () => {
  const bytes = writeHdf5({ children: new Map([["float32", { shape: [3], data: Float32Array.of(1, 2, 3) }]]) });
  const aligned = (openHdf5(bytes).get("float32") as Hdf5Dataset).readFloat32();
  expect(aligned.buffer === bytes.buffer).toBe(true);
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  const copied = (openHdf5(shifted.subarray(1)).get("float32") as Hdf5Dataset).readFloat32();
  expect(copied.buffer === shifted.buffer).toBe(false);
  expect(copied).toEqual(aligned);
});

test("missing paths give undefined, soft links are named and refused", () => {
  const root = open("committed-latest.h5");
  expect(root.get("nowhere/at/all")).toBeUndefined();
  expect(root.get("of_type/below")).toBeUndefined();
  expect(root.keys()).not.toContain("other");
  expect(() => root.get("other")).toThrow(/\/other is a soft link, which is not followed/);
  expect(root.get("again")).toBe(root.get("of_type"));
});
