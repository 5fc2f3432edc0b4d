import { FormatError } from "../../errors.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "../float16.ts";
import type { NumberArray } from "../number-array.ts";
import type { Datatype, Hdf5Dtype } from "./datatype.ts";
import type { GlobalHeap } from "./global-heap.ts";
import { decodeUtf8, type Source } from "./source.ts";

/** Elements in C order. Half precision is widened to float32, bool is 0 or 1 in bytes, opaque the bytes themselves. */
export type Hdf5Values = NumberArray | string[];

type ViewConstructor = new (buffer: ArrayBufferLike, start: number, length: number) => NumberArray;

const VIEWS: Partial<Record<Hdf5Dtype, ViewConstructor>> = {
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  opaque: Uint8Array,
};

/**
 * Decodes `count` elements. The result is a view of `raw` where it is aligned and little-endian, else a
 * copy, which is charged to the file's budget.
 *
 * @param raw exactly `count` elements as they lie on disk
 * @param what names the dataset or attribute in errors
 */
export function decodeValues(
  source: Source,
  heap: GlobalHeap,
  type: Datatype,
  raw: Uint8Array,
  count: number,
  what: string,
): Hdf5Values {
  if (type.dtype === "string") {
    return type.variableLength
      ? variableStrings(source, heap, raw, count, what)
      : fixedStrings(source, type, raw, count);
  }
  const View = VIEWS[type.dtype];
  if (View === undefined) throw new FormatError(`HDF5 file: ${what} holds ${type.about}, which is not supported`);
  const width = type.dtype === "opaque" ? 1 : type.size;
  const length = raw.length / width;
  const swap = width > 1 && type.bigEndian;
  const aligned = raw.byteOffset % width === 0;
  let bytes = raw;
  if (swap || !aligned) {
    source.budget.takeBytes(raw.length);
    // Not slice(): that of Node's Buffer does not copy.
    bytes = new Uint8Array(raw);
    if (swap) swapBytes(bytes, width);
  }
  const view = new View(bytes.buffer, bytes.byteOffset, length);
  if (type.dtype !== "float16" && type.dtype !== "bfloat16") return view;
  source.budget.takeBytes(4 * length);
  return type.dtype === "float16" ? float16ToFloat32(view as Uint16Array) : bfloat16ToFloat32(view as Uint16Array);
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let start = 0; start < bytes.length; start += width) bytes.subarray(start, start + width).reverse();
}

function fixedStrings(source: Source, type: Datatype, raw: Uint8Array, count: number): string[] {
  source.budget.takeBytes(2 * raw.length + 16 * count);
  const strings: string[] = [];
  for (let i = 0; i < count; i++) {
    const element = raw.subarray(i * type.size, (i + 1) * type.size);
    strings.push(trimmed(element, type.spacePadded));
  }
  return strings;
}

/** Text up to the padding. Padding is what follows the last other byte: h5py keeps inner NULs, and so do we. */
function trimmed(element: Uint8Array, spacePadded: boolean): string {
  let end = element.length;
  while (end > 0 && (element[end - 1] === 0 || (spacePadded && element[end - 1] === 0x20))) end--;
  return decodeUtf8(element.subarray(0, end));
}

function variableStrings(source: Source, heap: GlobalHeap, raw: Uint8Array, count: number, what: string): string[] {
  const strings: string[] = [];
  const cursor = source.at(0, what);
  const width = 8 + source.offsetSize;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  source.budget.takeBytes(16 * count);
  for (let i = 0; i < count; i++) {
    const start = i * width;
    const length = view.getUint32(start, true);
    if (length === 0) {
      strings.push("");
      continue;
    }
    let address = 0;
    for (let k = source.offsetSize - 1; k >= 0; k--) address = address * 256 + raw[start + 4 + k]!;
    if (length > cursor.left) throw new FormatError(`HDF5 file: a text in ${what} is longer than the file`);
    source.budget.takeBytes(2 * length);
    const bytes = heap.get(address, view.getUint32(start + 4 + source.offsetSize, true), length);
    strings.push(trimmed(bytes, false));
  }
  return strings;
}
