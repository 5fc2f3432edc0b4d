import { FormatError } from "../../errors.ts";
import type { Limits } from "../limits.ts";
import { type Cursor, Source } from "./source.ts";

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Where the superblock starts: 0, or after a user block of 512, 1024, 2048 … bytes. -1 if this is not HDF5. */
export function findSuperblock(bytes: Uint8Array): number {
  for (let start = 0; start + SIGNATURE.length <= bytes.length; start = start === 0 ? 512 : start * 2) {
    if (SIGNATURE.every((byte, i) => bytes[start + i] === byte)) return start;
  }
  return -1;
}

/**
 * Reads the superblock (versions 0 to 3).
 *
 * @returns the source, whose addresses count from the superblock, and the address of the root group's object header
 */
export function openSuperblock(bytes: Uint8Array, limits: Limits): { source: Source; rootAddress: number } {
  const start = findSuperblock(bytes);
  if (start < 0) {
    throw new FormatError(
      bytes.length < 8
        ? `not an HDF5 file: it has only ${bytes.length} bytes`
        : "not an HDF5 file: the HDF5 signature is missing",
    );
  }
  const source = new Source(bytes.subarray(start), limits);
  const cursor = source.at(8, "superblock");
  const version = cursor.version(0, 1, 2, 3);
  const rootAddress = version < 2 ? readOld(cursor, version) : readNew(cursor);
  return { source, rootAddress };
}

function readOld(cursor: Cursor, version: number): number {
  cursor.skip(4);
  readSizes(cursor);
  cursor.skip(1 + 2 + 2 + 4 + (version === 1 ? 4 : 0));
  const base = cursor.address();
  cursor.address();
  checkEnd(cursor, base, cursor.address());
  cursor.address();
  cursor.length();
  return cursor.address();
}

function readNew(cursor: Cursor): number {
  readSizes(cursor);
  cursor.skip(1);
  const base = cursor.address();
  cursor.address();
  checkEnd(cursor, base, cursor.address());
  return cursor.address();
}

function readSizes(cursor: Cursor): void {
  const offsetSize = cursor.u8();
  const lengthSize = cursor.u8();
  for (const size of [offsetSize, lengthSize]) {
    if (![2, 4, 8].includes(size)) throw cursor.fail(`addresses of ${size} bytes are not supported`);
  }
  cursor.source.offsetSize = offsetSize;
  cursor.source.lengthSize = lengthSize;
}

function checkEnd(cursor: Cursor, base: number, end: number): void {
  const expected = end - Math.max(base, 0);
  const got = cursor.source.bytes.length;
  if (expected > got) {
    throw new FormatError(`HDF5 file is truncated: it says it has ${expected} bytes, but ${got} are here`);
  }
}
