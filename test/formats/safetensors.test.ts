import fc from "fast-check";
import { expect, test } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { float32ToBfloat16, float32ToFloat16 } from "../../src/formats/float16.ts";
import {
  readSafetensors,
  type SafeTensor,
  safetensorToFloat32,
  writeSafetensors,
} from "../../src/formats/safetensors.ts";

const tensors: [string, SafeTensor][] = [
  ["i8", { dtype: "I8", shape: [3], data: Int8Array.of(1, -2, 3) }],
  ["kernel", { dtype: "F32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
  ["half", { dtype: "F16", shape: [1], data: float32ToFloat16([0.5]) }],
  ["brain", { dtype: "BF16", shape: [1], data: float32ToBfloat16([0.5]) }],
  ["none", { dtype: "F32", shape: [0, 4], data: new Float32Array(0) }],
  ["scalar", { dtype: "I64", shape: [], data: BigInt64Array.of(-1n) }],
  ["__proto__", { dtype: "U8", shape: [1], data: Uint8Array.of(7) }],
];

/** A file with this header and so many bytes of data. */
function file(header: unknown, dataSize = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataSize);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 8);
  return bytes;
}

test("what is written is read, as views that are aligned", () => {
  const bytes = writeSafetensors(tensors, [["format", "rnn-wasm"]]);
  const read = readSafetensors(bytes);
  expect(new Map(tensors.sort(([a], [b]) => (a < b ? -1 : 1)))).toEqual(
    new Map([...read.tensors].sort(([a], [b]) => (a < b ? -1 : 1))),
  );
  expect(read.metadata).toEqual(new Map([["format", "rnn-wasm"]]));
  for (const { data } of read.tensors.values()) expect(data.buffer === bytes.buffer).toBe(true);
  expect(safetensorToFloat32("half", read.tensors.get("half")!)).toEqual(Float32Array.of(0.5));
  expect(safetensorToFloat32("brain", read.tensors.get("brain")!)).toEqual(Float32Array.of(0.5));
  expect(() => safetensorToFloat32("i8", read.tensors.get("i8")!)).toThrow(/i8 is I8 where floating-point/);
});

test("misaligned bytes are copied, Node's Buffer included", () => {
  const bytes = writeSafetensors(tensors);
  const shifted = Buffer.alloc(bytes.length + 1);
  shifted.set(bytes, 1);
  expect(readSafetensors(shifted.subarray(1)).tensors.get("kernel")!.data).toEqual(Float32Array.of(1, 2, 3, 4));
});

test("damaged headers are refused with the reason", () => {
  const entry = (shape: unknown, offsets: unknown, dtype: unknown = "F32") => ({ dtype, shape, data_offsets: offsets });
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /not a file/],
    [new Uint8Array(8).fill(255), /header .* does not fit/],
    [file("{"), /not JSON/],
    [file("[]"), /not a JSON object/],
    [file({ a: 1 }), /not described by an object/],
    [file({ a: entry([1], [0, 4], "F4") }, 4), /dtype F4/],
    [file({ a: entry([1], [0, 4], "constructor") }, 4), /dtype constructor/],
    [file({ a: entry([-1], [0, 4]) }, 4), /not a list of sizes/],
    [file({ a: entry([1], [0, 8]) }, 4), /outside the data/],
    [file({ a: entry([2], [0, 4]) }, 4), /needs 8 bytes, but has 4/],
    [file({ a: entry([1], [0, 4]), b: entry([1], [0, 4]) }, 4), /overlaps/],
    [file({ a: entry([1], [4, 8]) }, 8), /gap/],
    [file({ a: entry([1], [0, 4]) }, 8), /4 bytes belong to no tensor/],
    [file({ a: entry([1e15, 1e15], [0, 4]) }, 4), /needs/],
    [file({ __metadata__: { a: 1 } }), /not a string/],
  ];
  for (const [bytes, message] of cases) {
    expect(() => readSafetensors(bytes)).toThrow(message);
    expect(() => readSafetensors(bytes)).toThrow(FormatError);
  }
  expect(() => writeSafetensors([["a", { dtype: "F32", shape: [2], data: new Float32Array(1) }]])).toThrow(FormatError);
});

test("any damage gives a value or a FormatError", () => {
  const bytes = writeSafetensors(tensors);
  for (let end = 0; end < bytes.length; end++) {
    expect(() => readSafetensors(bytes.subarray(0, end))).toThrow(FormatError);
  }
  const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(damage, (flips) => {
      const damaged = bytes.slice();
      for (const [at, byte] of flips) damaged[at] = byte;
      try {
        readSafetensors(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }),
    { numRuns: 500 },
  );
});
