import { FormatError } from "../../errors.ts";
import { Budget, type Limits } from "../limits.ts";

/** Address that HDF5 writes for "nothing here" (all bits set). */
export const UNDEFINED_ADDRESS = -1;

const decoder = new TextDecoder();

/**
 * The bytes of one HDF5 file from its superblock on, with the sizes of its addresses and the account of what was spent.
 * Every read is checked; nothing but FormatError leaves.
 */
export class Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly limits: Limits;
  readonly budget: Budget;
  /** Bytes of an address ("size of offsets") and of a length, as the superblock says. */
  offsetSize = 8;
  lengthSize = 8;

  constructor(bytes: Uint8Array, limits: Limits) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.limits = limits;
    this.budget = new Budget(bytes.byteLength, limits, "HDF5 file");
  }

  /** A cursor over `[start, start + length)`, or to the end of the file. Checked. */
  at(start: number, what: string, length?: number): Cursor {
    const end = length === undefined ? this.bytes.length : start + length;
    if (!(start >= 0 && end >= start && end <= this.bytes.length)) {
      throw new FormatError(
        `HDF5 file: ${what} at ${start}${length === undefined ? "" : ` of ${length} bytes`} ` +
          `lies outside the file of ${this.bytes.length} bytes; the file is truncated or damaged`,
      );
    }
    return new Cursor(this, start, end, what);
  }

  /** A view of `length` bytes. Checked, not copied. */
  slice(start: number, length: number, what: string): Uint8Array {
    this.at(start, what, length);
    return this.bytes.subarray(start, start + length);
  }
}

/** Reads little-endian fields one after the other and never past its end. */
export class Cursor {
  readonly source: Source;
  readonly end: number;
  readonly what: string;
  position: number;

  constructor(source: Source, start: number, end: number, what: string) {
    this.source = source;
    this.position = start;
    this.end = end;
    this.what = what;
  }

  get left(): number {
    return this.end - this.position;
  }

  fail(problem: string): FormatError {
    return new FormatError(`HDF5 file: ${this.what}: ${problem} (at byte ${this.position})`);
  }

  #take(count: number): number {
    const start = this.position;
    if (!(count >= 0 && count <= this.end - start)) throw this.fail("ends early; the file is truncated or damaged");
    this.position = start + count;
    return start;
  }

  u8(): number {
    return this.source.view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.source.view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.source.view.getUint32(this.#take(4), true);
  }

  /** Unsigned integer of 1 to 8 bytes. Above 2^53 it is only good for being refused. */
  uint(size: number): number {
    if (size < 1 || size > 8) throw this.fail("is damaged");
    const start = this.#take(size);
    if (size === 8) {
      return this.source.view.getUint32(start, true) + this.source.view.getUint32(start + 4, true) * 0x100000000;
    }
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + this.source.bytes[start + i]!;
    return value;
  }

  /** An address; UNDEFINED_ADDRESS when all bits are set. */
  address(): number {
    const size = this.source.offsetSize;
    const start = this.position;
    const value = this.uint(size);
    for (let i = 0; i < size; i++) if (this.source.bytes[start + i] !== 0xff) return value;
    return UNDEFINED_ADDRESS;
  }

  length(): number {
    return this.uint(this.source.lengthSize);
  }

  bytes(count: number): Uint8Array {
    const start = this.#take(count);
    return this.source.bytes.subarray(start, start + count);
  }

  skip(count: number): void {
    this.#take(count);
  }

  /** A cursor over the next `count` bytes, which are skipped here. */
  sub(count: number, what = this.what): Cursor {
    const start = this.#take(count);
    return new Cursor(this.source, start, start + count, what);
  }

  /** Refuses anything but the four given letters. */
  signature(expected: string): void {
    const start = this.#take(4);
    for (let i = 0; i < 4; i++) {
      if (this.source.bytes[start + i] !== expected.charCodeAt(i)) {
        throw this.fail(`has no signature ${expected}; the file is damaged`);
      }
    }
  }

  version(...known: number[]): number {
    const version = this.u8();
    if (!known.includes(version)) throw this.fail(`version ${version} is not supported`);
    return version;
  }

  /** UTF-8 text up to a NUL, which is skipped, or up to the end. */
  textToNul(): string {
    const { bytes } = this.source;
    let stop = this.position;
    while (stop < this.end && bytes[stop] !== 0) stop++;
    const text = decodeUtf8(bytes.subarray(this.position, stop));
    this.position = Math.min(stop + 1, this.end);
    return text;
  }
}

/** UTF-8 to text; bytes that are not UTF-8 become U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new FormatError(`HDF5 file: a text of ${bytes.length} bytes is longer than a string can be`);
  }
}
