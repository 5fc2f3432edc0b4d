import { bytesFor, readBtree2 } from "./btree2.ts";
import { type Cursor, type Source, UNDEFINED_ADDRESS } from "./source.ts";

const KIND = { managed: 0, huge: 1, tiny: 2 } as const;
/** Deeper trees of indirect blocks would address more than 2^64 bytes. */
const MAX_LEVELS = 16;

interface Shape {
  width: number;
  startSize: number;
  maxDirectSize: number;
  /** Bytes of an offset into the heap, and of a length. */
  offsetSize: number;
  lengthSize: number;
  root: number;
  /** Rows of the root indirect block; 0 when the root is a direct block. */
  rootRows: number;
}

/** A fractal heap: where newer HDF5 files keep many links or attributes of one object. */
export class FractalHeap {
  /** Bytes of an object's ID. */
  readonly idLength: number;
  readonly #source: Source;
  readonly #shape: Shape;
  readonly #hugeIndex: number;
  #huge: Map<number, Cursor> | undefined;

  constructor(source: Source, address: number) {
    this.#source = source;
    const header = source.at(address, "fractal heap");
    header.signature("FRHP");
    header.version(0);
    this.idLength = header.u16();
    if (header.u16() !== 0) throw header.fail("is filtered, which is not supported");
    header.skip(1);
    const maxManagedSize = header.u32();
    header.length();
    this.#hugeIndex = header.address();
    header.length();
    header.address();
    for (let i = 0; i < 8; i++) header.length();
    const width = header.u16();
    const startSize = header.length();
    const maxDirectSize = header.length();
    const maxBits = header.u16();
    header.skip(2);
    const root = header.address();
    const rootRows = header.u16();
    if (!isPowerOf2(width) || !isPowerOf2(startSize) || !isPowerOf2(maxDirectSize) || maxDirectSize < startSize) {
      throw header.fail("has an impossible shape; the file is damaged");
    }
    const lengthSize = Math.min(Math.ceil(Math.log2(maxDirectSize) / 8), bytesFor(maxManagedSize));
    this.#shape = { width, startSize, maxDirectSize, offsetSize: Math.ceil(maxBits / 8), lengthSize, root, rootRows };
  }

  /** A cursor over the object with this ID. */
  get(id: Uint8Array): Cursor {
    this.#source.budget.takeItems(1);
    const kind = (id[0]! >> 4) & 3;
    if (kind === KIND.managed) return this.#managed(id);
    if (kind === KIND.huge) return this.#hugeObject(id);
    if (kind === KIND.tiny && this.idLength <= 18) {
      const start = id.byteOffset + 1 - this.#source.bytes.byteOffset;
      return this.#source.at(start, "tiny heap object", Math.min((id[0]! & 15) + 1, this.idLength - 1));
    }
    throw this.#source.at(0, "fractal heap").fail("has an object of an unknown kind");
  }

  #managed(id: Uint8Array): Cursor {
    const { offsetSize, lengthSize, root, rootRows, startSize } = this.#shape;
    const offset = littleEndian(id, 1, offsetSize);
    const length = littleEndian(id, 1 + offsetSize, lengthSize);
    if (rootRows === 0) {
      return this.#inBlock(root, startSize, offset, length);
    }
    return this.#inIndirect(root, rootRows, offset, length, 0);
  }

  /** Walks one indirect block down to the direct block that holds `offset` (counted from this block's start). */
  #inIndirect(address: number, rows: number, offset: number, length: number, level: number): Cursor {
    const { width, startSize, maxDirectSize, offsetSize } = this.#shape;
    const cursor = this.#source.at(address, "fractal heap indirect block");
    cursor.signature("FHIB");
    cursor.version(0);
    cursor.address();
    cursor.skip(offsetSize);
    let rowStart = 0;
    for (let row = 0; row < rows; row++) {
      const blockSize = row === 0 ? startSize : startSize * 2 ** (row - 1);
      const rowSize = blockSize * width;
      if (offset >= rowStart + rowSize) {
        rowStart += rowSize;
        continue;
      }
      const column = Math.floor((offset - rowStart) / blockSize);
      cursor.skip((row * width + column) * this.#source.offsetSize);
      const child = cursor.address();
      const rest = offset - rowStart - column * blockSize;
      if (blockSize <= maxDirectSize) return this.#inBlock(child, blockSize, rest, length);
      if (level >= MAX_LEVELS) break;
      const childRows = Math.log2(blockSize) - Math.log2(startSize * width) + 1;
      return this.#inIndirect(child, childRows, rest, length, level + 1);
    }
    throw cursor.fail("does not reach an object; the file is damaged");
  }

  /** Offsets into the heap count the direct block's own header too. */
  #inBlock(address: number, size: number, offset: number, length: number): Cursor {
    const block = this.#source.at(address, "fractal heap direct block");
    block.signature("FHDB");
    if (offset + length > size) throw block.fail("is too small for its object; the file is damaged");
    return this.#source.at(address + offset, "fractal heap object", length);
  }

  #hugeObject(id: Uint8Array): Cursor {
    const { offsetSize, lengthSize } = this.#source;
    // IDs long enough hold the address and length themselves.
    if (this.idLength - 1 >= offsetSize + lengthSize) {
      return this.#source.at(
        littleEndian(id, 1, offsetSize),
        "huge object",
        littleEndian(id, 1 + offsetSize, lengthSize),
      );
    }
    this.#huge ??= this.#readHugeIndex();
    const found = this.#huge.get(littleEndian(id, 1, Math.min(this.idLength - 1, lengthSize)));
    if (found === undefined) throw this.#source.at(0, "fractal heap").fail("lacks a huge object; the file is damaged");
    return this.#source.at(found.position, "huge object", found.left);
  }

  #readHugeIndex(): Map<number, Cursor> {
    const found = new Map<number, Cursor>();
    if (this.#hugeIndex === UNDEFINED_ADDRESS) return found;
    const { type, records } = readBtree2(this.#source, this.#hugeIndex);
    for (const record of records) {
      if (type !== 1) throw record.fail(`huge objects of type ${type} are not supported`);
      const start = record.address();
      const length = record.length();
      found.set(record.length(), this.#source.at(start, "huge object", length));
    }
    return found;
  }
}

function littleEndian(bytes: Uint8Array, start: number, size: number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + (bytes[start + i] ?? 0);
  return value;
}

function isPowerOf2(value: number): boolean {
  return value >= 1 && Number.isInteger(Math.log2(value));
}
