import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FormatError } from "../../src/errors.ts";
import type { Hdf5Group } from "../../src/formats/hdf5/index.ts";
import { ensureGroup, openHdf5, writeHdf5 } from "../../src/formats/hdf5/index.ts";

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Reads everything that a file holds. */
function readAll(bytes: Uint8Array): void {
  const visit = (group: Hdf5Group): void => {
    for (const name of group.attributes.names()) group.attributes.get(name);
    for (const name of group.keys()) {
      const child = group.get(name)!;
      if (child.kind === "group") {
        visit(child);
      } else {
        for (const attribute of child.attributes.names()) child.attributes.get(attribute);
        child.read();
      }
    }
  };
  visit(openHdf5(bytes));
}

/** Reads everything; a FormatError is fine, anything else is not. */
function survive(bytes: Uint8Array): void {
  try {
    readAll(bytes);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
}

function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../fixtures/hdf5/${name}`, import.meta.url)));
}

/** A small file with groups, attributes in the header and the heap, and data. */
function small(): Uint8Array {
  const root = {
    attributes: { names: ["a", "b"], config: { kind: "vlen" as const, value: "{}" } },
    children: new Map(),
  };
  ensureGroup(root, "a/b").children.set("x", { shape: [4], data: Float32Array.of(1, 2, 3, 4) });
  return writeHdf5(root);
}

const samples: [string, Uint8Array][] = [
  ["our own", small()],
  ...["dtypes-earliest.h5", "dtypes-latest.h5", "committed-latest.h5", "user-block.h5"].map(
    (name): [string, Uint8Array] => [name, fixture(name)],
  ),
];
const large = ["attributes-latest.h5", "chunked-earliest.h5", "chunked-latest.h5", "groups-latest.h5"];

for (const [name, bytes] of samples) {
  test(`${name}: truncated at every byte, it is refused`, () => {
    for (let end = 0; end < bytes.length; end++) {
      expect(() => readAll(bytes.subarray(0, end)), `${end}`).toThrow(FormatError);
    }
  });

  test(`${name}: each byte changed to extremes gives values or a FormatError`, () => {
    const damaged = bytes.slice();
    for (let at = 0; at < Math.min(bytes.length, 6000); at++) {
      for (const value of [0, 0xff, bytes[at]! ^ 1, bytes[at]! ^ 0x80]) {
        damaged[at] = value;
        survive(damaged);
      }
      damaged[at] = bytes[at]!;
    }
  });
}

test("random damage to files with every storage gives values or a FormatError", () => {
  for (const name of large) {
    const bytes = fixture(name);
    const flips = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(flips, (changes) => {
        const damaged = bytes.slice();
        for (const [at, value] of changes) damaged[at] = value;
        survive(damaged);
      }),
      { numRuns: 40 },
    );
  }
});

test("random bytes behind a signature give a FormatError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(3), (noise, version) => {
      const bytes = Uint8Array.from([...SIGNATURE, version, ...noise]);
      expect(() => readAll(bytes)).toThrow(FormatError);
    }),
    { numRuns: 300 },
  );
  for (const bytes of [new Uint8Array(0), new Uint8Array(7), new Uint8Array(4096), new TextEncoder().encode("{}")]) {
    expect(() => openHdf5(bytes)).toThrow(/not an HDF5 file/);
  }
});

/** Position of the header that the entry of a symbol node names, by the order of names. */
function entryPositions(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer);
  const positions: number[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 8) {
    if (view.getUint32(at, false) !== 0x534e4f44) continue;
    for (let i = 0; i < view.getUint16(at + 6, true); i++) positions.push(at + 8 + 40 * i + 8);
  }
  return positions;
}

test("a group that contains itself is refused", () => {
  const bytes = small();
  const view = new DataView(bytes.buffer);
  const rootHeader = view.getBigUint64(64, true);
  for (const at of entryPositions(bytes)) {
    const damaged = bytes.slice();
    new DataView(damaged.buffer).setBigUint64(at, rootHeader, true);
    expect(() => readAll(damaged)).toThrow(/are one; cyclic or shared groups are refused/);
  }
});

test("groups nested without end are refused at the limit, not by the stack", () => {
  const root = { children: new Map() };
  ensureGroup(root, "g/".repeat(300));
  const bytes = writeHdf5(root);
  expect(() => readAll(bytes)).toThrow(/nested deeper than 100/);
  expect(() => openHdf5(bytes).get("g/".repeat(99))).not.toThrow();
});

test("a declared size that the file cannot hold takes no memory", () => {
  const bytes = writeHdf5({ children: new Map([["x", { shape: [3], data: Float32Array.of(1, 2, 3) }]]) });
  // The dataspace of x: version 1, rank 1, then its size.
  const at = bytes.findIndex((_, i) => bytes[i] === 1 && bytes[i + 1] === 1 && bytes[i + 8] === 3 && i % 8 === 0);
  const view = new DataView(bytes.buffer);
  for (const size of [4n, 2n ** 31n, 2n ** 40n, 2n ** 52n, 2n ** 63n]) {
    view.setBigUint64(at + 8, size, true);
    expect(() => readAll(bytes)).toThrow(FormatError);
  }
});

test("an unwritten dataset of a huge shape, and a deflate bomb, stop at the limit", () => {
  const bytes = fixture("chunked-earliest.h5");
  expect(() => openHdf5(bytes, { minDecodedBytes: 1000, maxExpansion: 0 }).get("far")).not.toThrow();
  const far = openHdf5(bytes, { minDecodedBytes: 1000, maxExpansion: 0 }).get("far");
  expect(() => far?.kind === "dataset" && far.read()).toThrow(/more than 1000 bytes of memory/);
});
