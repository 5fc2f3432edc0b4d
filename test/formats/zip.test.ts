import fc from "fast-check";
import { deflateSync } from "fflate";
import { expect, test } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { isZip, readZip } from "../../src/formats/zip.ts";
import { writeZip } from "../../src/formats/zip-write.ts";

const text = (value: string) => new TextEncoder().encode(value);
const CENTRAL = 46;

/** An archive of one deflated member that declares `size` bytes. */
function deflated(data: Uint8Array, size = data.length): Uint8Array {
  const packed = deflateSync(data);
  const bytes = writeZip([["x", packed]]);
  const view = new DataView(bytes.buffer);
  const central = 30 + 1 + packed.length;
  view.setUint16(8, 8, true);
  view.setUint16(central + 10, 8, true);
  view.setUint32(central + 24, size, true);
  return bytes;
}

/** Gives the first member another name of the same length. */
function renamed(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const out = bytes.slice();
  for (let at = 0; at + from.length <= out.length; at++) {
    if (text(from).every((byte, i) => out[at + i] === byte)) out.set(text(to), at);
  }
  return out;
}

test("what is written is read, without a copy", () => {
  const bytes = writeZip([
    ["metadata.json", text("{}")],
    ["assets/lookup/vocabulary.txt", text("a\nb")],
    ["empty", new Uint8Array(0)],
  ]);
  const archive = readZip(bytes);
  expect(isZip(bytes)).toBe(true);
  expect(archive.names()).toEqual(["metadata.json", "assets/lookup/vocabulary.txt", "empty"]);
  expect(archive.get("assets/lookup/vocabulary.txt")).toEqual(text("a\nb"));
  expect(archive.get("metadata.json")!.buffer === bytes.buffer).toBe(true);
  expect(archive.get("nothing")).toBeUndefined();
  expect(() =>
    writeZip([
      ["a", text("")],
      ["a", text("")],
    ]),
  ).toThrow(/two members a/);
});

test("deflated members, small and large", () => {
  for (const size of [0, 10, 100_000, 3_000_000]) {
    const data = Uint8Array.from({ length: size }, (_, i) => (i * i) >> 7);
    if (size > 0) expect(Buffer.from(readZip(deflated(data)).get("x")!).equals(Buffer.from(data))).toBe(true);
  }
});

test("members that inflate to another size than they declare are refused", () => {
  const zeros = new Uint8Array(5_000_000);
  for (const size of [0, 10, 4_999_999, 5_000_001]) {
    expect(() => readZip(deflated(zeros, size)).get("x")).toThrow(/does not give the \d+ bytes/);
  }
  expect(() => readZip(deflated(zeros, 0xfffffff0)).get("x")).toThrow(/more than 16777216 bytes of memory/);
  expect(() => readZip(deflated(zeros), { minDecodedBytes: 1000 }).get("x")).toThrow(/raise the limit maxExpansion/);
});

test("names are made plain, and refused where they repeat or lead out", () => {
  const bytes = writeZip([
    ["aaaa", text("1")],
    ["bbbb", text("2")],
  ]);
  expect(readZip(renamed(bytes, "aaaa", "a\\.b")).names()).toEqual(["a/.b", "bbbb"]);
  expect(readZip(renamed(bytes, "aaaa", "a/./")).names()).toEqual(["bbbb"]);
  for (const name of ["../a", "a/..", "/aaa", "..\\a", "C:/a", "a\0bb"]) {
    expect(() => readZip(renamed(bytes, "aaaa", name))).toThrow(/leads out of the archive/);
  }
  expect(() => readZip(renamed(bytes, "aaaa", "bbbb"))).toThrow(/two members bbbb/);
  expect(readZip(writeZip([["__proto__", text("p")]])).get("__proto__")).toEqual(text("p"));
});

test("overlapping members, encryption and unknown methods are refused", () => {
  const bytes = writeZip([
    ["a", text("11111111")],
    ["b", text("2")],
  ]);
  const view = new DataView(bytes.buffer);
  const central = view.getUint32(bytes.length - 6, true);
  const overlap = bytes.slice();
  new DataView(overlap.buffer).setUint32(central + CENTRAL + 1 + 42, 8, true);
  expect(() => readZip(overlap)).toThrow(/overlaps another/);
  const encrypted = bytes.slice();
  encrypted[central + 8]! |= 1;
  expect(() => readZip(encrypted).get("a")).toThrow(/is encrypted/);
  const odd = bytes.slice();
  odd[central + 10] = 12;
  expect(() => readZip(odd).get("a")).toThrow(/compressed by method 12/);
});

test("any damage gives values or a FormatError", () => {
  const bytes = deflated(text("hello ".repeat(40)));
  const readAll = (damaged: Uint8Array) => {
    const archive = readZip(damaged);
    for (const name of archive.names()) archive.get(name);
  };
  for (let end = 0; end < bytes.length; end++) {
    expect(() => readAll(bytes.subarray(0, end)), `${end}`).toThrow(FormatError);
  }
  const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(damage, (flips) => {
      const damaged = bytes.slice();
      for (const [at, byte] of flips) damaged[at] = byte;
      try {
        readAll(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }),
    { numRuns: 1000 },
  );
});
