import { FormatError } from "../../errors.ts";
import { inflateExactly } from "../inflate.ts";
import { fletcher32 } from "./fletcher32.ts";
import type { Cursor } from "./source.ts";

/** One filter that the chunks of a dataset went through when they were written. */
export interface Filter {
  id: number;
  values: number[];
  name: string;
}

const DEFLATE = 1;
const SHUFFLE = 2;
const FLETCHER32 = 3;
const LZF = 32000;
const NAMES: Record<number, string | undefined> = { 4: "szip", 5: "nbit", 6: "scaleoffset", [LZF]: "lzf" };
const CHECKSUM_SIZE = 4;

/** Reads a filter pipeline message, versions 1 and 2. */
export function readFilters(cursor: Cursor): Filter[] {
  const version = cursor.version(1, 2);
  const count = cursor.u8();
  if (version === 1) cursor.skip(6);
  const filters: Filter[] = [];
  for (let i = 0; i < count; i++) {
    const id = cursor.u16();
    const nameLength = version === 1 || id >= 256 ? cursor.u16() : 0;
    cursor.skip(2);
    const valueCount = cursor.u16();
    const name = cursor.sub(version === 1 ? Math.ceil(nameLength / 8) * 8 : nameLength).textToNul();
    const values: number[] = [];
    for (let k = 0; k < valueCount; k++) values.push(cursor.u32());
    if (version === 1 && valueCount % 2 === 1) cursor.skip(4);
    filters.push({ id, values, name });
  }
  return filters;
}

/**
 * Undoes the filters of one chunk.
 *
 * @param mask bit i set: filter i was skipped for this chunk
 * @param size bytes of a whole chunk
 * @returns exactly `size` bytes
 */
export function undoFilters(filters: Filter[], raw: Uint8Array, mask: number, size: number, what: string): Uint8Array {
  let data = raw;
  for (let i = filters.length - 1; i >= 0; i--) {
    if ((mask >>> i) & 1) continue;
    const { id, values, name } = filters[i]!;
    if (id === DEFLATE) {
      // A checksum taken before compression is part of what comes out.
      const inner = filters.some((other, k) => k < i && other.id === FLETCHER32 && !((mask >>> k) & 1));
      data = unzlib(data, size + (inner ? CHECKSUM_SIZE : 0), what);
    } else if (id === SHUFFLE) {
      data = unshuffle(data, values[0] ?? 1, what);
    } else if (id === FLETCHER32) {
      data = checked(data, what);
    } else {
      throw new FormatError(
        `HDF5 file: ${what} is compressed with the filter ${NAMES[id] ?? (name || id)}, which is not supported; ` +
          "repack the file with h5repack -f GZIP=1",
      );
    }
  }
  if (data.length !== size) {
    throw new FormatError(`HDF5 file: a chunk of ${what} has ${data.length} bytes, not ${size}`);
  }
  return data;
}

/** Zlib data without its two bytes in front and four behind. */
function unzlib(data: Uint8Array, size: number, what: string): Uint8Array {
  if (data.length < 6 || (data[0]! & 15) !== 8 || ((data[0]! << 8) | data[1]!) % 31 !== 0 || data[1]! & 32) {
    throw new FormatError(`HDF5 file: a chunk of ${what} is not zlib data; the file is damaged`);
  }
  return inflateExactly(data.subarray(2, -4), size, `HDF5 file: ${what}`);
}

/** Puts the bytes of each element together again: all first bytes come first, then all second bytes … */
function unshuffle(data: Uint8Array, width: number, what: string): Uint8Array {
  if (width < 1 || data.length < width) throw new FormatError(`HDF5 file: the shuffle filter of ${what} is damaged`);
  const count = Math.floor(data.length / width);
  const out = new Uint8Array(data);
  for (let byte = 0; byte < width; byte++) {
    const start = byte * count;
    for (let i = 0; i < count; i++) out[i * width + byte] = data[start + i]!;
  }
  return out;
}

function checked(data: Uint8Array, what: string): Uint8Array {
  const end = data.length - CHECKSUM_SIZE;
  if (end < 0) throw new FormatError(`HDF5 file: a chunk of ${what} is too short`);
  const body = data.subarray(0, end);
  const stored = (data[end]! | (data[end + 1]! << 8) | (data[end + 2]! << 16) | (data[end + 3]! << 24)) >>> 0;
  if (fletcher32(body) !== stored) throw new FormatError(`HDF5 file: a chunk of ${what} fails its checksum`);
  return body;
}
