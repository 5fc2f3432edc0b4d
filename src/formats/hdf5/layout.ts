import type { Cursor } from "./source.ts";

/** How to find the chunks of a chunked dataset. */
export type ChunkIndex =
  | { kind: "btree1"; address: number }
  | { kind: "single"; address: number; filteredSize: number | undefined; mask: number }
  | { kind: "implicit"; address: number }
  | { kind: "fixedArray"; address: number }
  | { kind: "extensibleArray"; address: number }
  | { kind: "btree2"; address: number };

/** Where the elements of a dataset lie. */
export type Layout =
  | { kind: "compact"; address: number; size: number }
  | { kind: "contiguous"; address: number; size: number }
  | { kind: "chunked"; chunkShape: number[]; index: ChunkIndex; edgeChunksUnfiltered: boolean };

const COMPACT = 0;
const CONTIGUOUS = 1;
const CHUNKED = 2;
const MAX_DIMENSIONS = 33;

/** Reads a data layout message, versions 1 to 5 (which differs from 4 in sizes that the chunk indexes state). */
export function readLayout(cursor: Cursor): Layout {
  const version = cursor.version(1, 2, 3, 4, 5);
  if (version < 3) return readOldLayout(cursor);
  const kind = cursor.u8();
  if (kind === COMPACT) {
    const size = cursor.u16();
    const address = cursor.position;
    cursor.skip(size);
    return { kind: "compact", address, size };
  }
  if (kind === CONTIGUOUS) return { kind: "contiguous", address: cursor.address(), size: cursor.length() };
  if (kind !== CHUNKED) throw cursor.fail("virtual datasets are not supported");
  return version === 3 ? readChunked3(cursor) : readChunked4(cursor);
}

function readOldLayout(cursor: Cursor): Layout {
  const dimensions = cursor.u8();
  const kind = cursor.u8();
  cursor.skip(5);
  const address = kind === COMPACT ? 0 : cursor.address();
  const sizes = readSizes(cursor, dimensions, 4);
  if (kind === COMPACT) {
    const size = cursor.u32();
    const address = cursor.position;
    cursor.skip(size);
    return { kind: "compact", address, size };
  }
  // Old versions give no size.
  if (kind === CONTIGUOUS) return { kind: "contiguous", address, size: Infinity };
  if (kind !== CHUNKED) throw cursor.fail(`storage of kind ${kind} is not supported`);
  return chunked(cursor, sizes, { kind: "btree1", address }, false);
}

function readChunked3(cursor: Cursor): Layout {
  const dimensions = cursor.u8();
  const address = cursor.address();
  return chunked(cursor, readSizes(cursor, dimensions, 4), { kind: "btree1", address }, false);
}

function readChunked4(cursor: Cursor): Layout {
  const flags = cursor.u8();
  const dimensions = cursor.u8();
  const sizes = readSizes(cursor, dimensions, cursor.u8());
  return chunked(cursor, sizes, readIndex4(cursor, flags), (flags & 1) !== 0);
}

function readIndex4(cursor: Cursor, flags: number): ChunkIndex {
  const kind = cursor.u8();
  switch (kind) {
    case 1: {
      const filteredSize = flags & 2 ? cursor.length() : undefined;
      const mask = flags & 2 ? cursor.u32() : 0;
      return { kind: "single", address: cursor.address(), filteredSize, mask };
    }
    case 2:
      return { kind: "implicit", address: cursor.address() };
    case 3:
      cursor.skip(1);
      return { kind: "fixedArray", address: cursor.address() };
    case 4:
      cursor.skip(5);
      return { kind: "extensibleArray", address: cursor.address() };
    case 5:
      cursor.skip(6);
      return { kind: "btree2", address: cursor.address() };
    default:
      throw cursor.fail(`chunk index ${kind} is not supported`);
  }
}

function readSizes(cursor: Cursor, count: number, width: number): number[] {
  if (count > MAX_DIMENSIONS || width < 1 || width > 8) throw cursor.fail("is damaged");
  return Array.from({ length: count }, () => cursor.uint(width));
}

/** The last of `sizes` is that of an element, which the datatype says too. */
function chunked(cursor: Cursor, sizes: number[], index: ChunkIndex, edgeChunksUnfiltered: boolean): Layout {
  const chunkShape = sizes.slice(0, -1);
  const elements = chunkShape.reduce((product, size) => product * size, 1);
  if (sizes.length < 2 || elements < 1 || !Number.isSafeInteger(elements)) throw cursor.fail("has an impossible chunk");
  return { kind: "chunked", chunkShape, index, edgeChunksUnfiltered };
}
