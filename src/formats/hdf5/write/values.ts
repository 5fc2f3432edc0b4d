import { FormatError } from "../../../errors.ts";
import { Fields, UNDEFINED } from "./fields.ts";
import type { TextPlace } from "./text-heap.ts";
import type { Hdf5WriteAttribute, Hdf5WriteDataset, Hdf5WriteNumbers, Hdf5WriteText } from "./tree.ts";

/** A value as it is stored: bodies of its datatype and dataspace messages, and its elements. */
export interface Encoded {
  datatype: Uint8Array;
  dataspace: Uint8Array;
  data: Uint8Array;
}

const CHARSET_UTF8 = 1;
const PAD_NUL = 1;

/** The one form of all that may be written. */
export function normalize(value: Hdf5WriteAttribute | Hdf5WriteDataset): Hdf5WriteText | Hdf5WriteNumbers {
  if (typeof value === "string" || Array.isArray(value)) return { kind: "fixed", value };
  if (typeof value === "number") {
    const data = Number.isSafeInteger(value) ? new BigInt64Array([BigInt(value)]) : new Float64Array([value]);
    return { shape: [], data };
  }
  return value as Hdf5WriteText | Hdf5WriteNumbers;
}

/** The texts of a value that go to the global heap. */
export function heapTexts(value: Hdf5WriteText | Hdf5WriteNumbers): readonly string[] {
  return "kind" in value && value.kind === "vlen" ? [value.value].flat() : [];
}

/** @param what names the value in errors */
export function encode(
  value: Hdf5WriteText | Hdf5WriteNumbers,
  places: ReadonlyMap<string, TextPlace>,
  what: string,
): Encoded {
  if (!("kind" in value)) return encodeNumbers(value, what);
  const texts = [value.value].flat();
  // h5py stores an empty list so, and reads it back as one.
  if (texts.length === 0) return encodeNumbers({ shape: [0], data: new Float64Array(0) }, what);
  const dataspace = dataspaceOf(typeof value.value === "string" ? [] : [texts.length]);
  if (value.kind === "fixed") return { dataspace, ...encodeFixed(texts) };
  return { dataspace, datatype: variableType(texts), data: encodeVariable(texts, places) };
}

function encodeNumbers({ shape, data, dtype }: Hdf5WriteNumbers, what: string): Encoded {
  const count = shape.reduce((product, size) => product * size, 1);
  if (count !== data.length) throw new FormatError(`HDF5 file: ${what} of shape [${shape}] has ${data.length} values`);
  return {
    datatype: numberType(data, dtype, what),
    dataspace: dataspaceOf(shape),
    data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

function dataspaceOf(shape: readonly number[]): Uint8Array {
  const fields = new Fields().u8(1, shape.length, 0, 0).u32(0);
  for (const size of shape) fields.u64(size);
  return fields.done();
}

function numberType(data: Hdf5WriteNumbers["data"], dtype: Hdf5WriteNumbers["dtype"], what: string): Uint8Array {
  if (dtype === "bool" && data instanceof Uint8Array) return boolType();
  if (dtype === "float16" && data instanceof Uint16Array) return floatType(2, 10, 5, 15);
  // As Keras 3 does: two opaque bytes, which the attribute "dtype" of the dataset explains.
  if (dtype === "bfloat16" && data instanceof Uint16Array) return new Fields().u8(0x15, 0, 0, 0).u32(2).done();
  if (dtype !== undefined) throw new FormatError(`HDF5 file: ${what} cannot be written as ${dtype}`);
  if (data instanceof Float32Array) return floatType(4, 23, 8, 127);
  if (data instanceof Float64Array) return floatType(8, 52, 11, 1023);
  const signed =
    data instanceof Int8Array ||
    data instanceof Int16Array ||
    data instanceof Int32Array ||
    data instanceof BigInt64Array;
  return integerType(data.BYTES_PER_ELEMENT, signed);
}

function floatType(size: number, mantissa: number, exponent: number, bias: number): Uint8Array {
  const sign = size * 8 - 1;
  const fields = new Fields().u8(0x11, 0x20, sign, 0).u32(size);
  return fields
    .u16(0)
    .u16(size * 8)
    .u8(mantissa, exponent, 0, mantissa)
    .u32(bias)
    .done();
}

function integerType(size: number, signed: boolean): Uint8Array {
  const fields = new Fields().u8(0x10, signed ? 8 : 0, 0, 0).u32(size);
  return fields
    .u16(0)
    .u16(size * 8)
    .done();
}

/** h5py's bool: an enumeration of int8. */
function boolType(): Uint8Array {
  const fields = new Fields().u8(0x18, 2, 0, 0).u32(1).bytes(integerType(1, true));
  return fields.ascii("FALSE").padTo(28).ascii("TRUE").padTo(36).u8(0, 1).done();
}

function encodeFixed(texts: readonly string[]): { datatype: Uint8Array; data: Uint8Array } {
  const encoder = new TextEncoder();
  const encoded = texts.map((text) => encoder.encode(text));
  const size = Math.max(1, ...encoded.map(({ length }) => length));
  const data = new Uint8Array(size * texts.length);
  for (const [i, bytes] of encoded.entries()) data.set(bytes, i * size);
  const flags = PAD_NUL | (isAscii(texts) ? 0 : CHARSET_UTF8 << 4);
  return { datatype: new Fields().u8(0x13, flags, 0, 0).u32(size).done(), data };
}

/** As the HDF5 library makes it, a sequence of bytes marked as text: h5py 2 refuses any other base type. */
function variableType(texts: readonly string[]): Uint8Array {
  const charset = isAscii(texts) ? 0 : CHARSET_UTF8;
  return new Fields().u8(0x19, 1, charset, 0).u32(16).bytes(integerType(1, false)).done();
}

function encodeVariable(texts: readonly string[], places: ReadonlyMap<string, TextPlace>): Uint8Array {
  const fields = new Fields();
  for (const text of texts) {
    const { length, address, index } = places.get(text)!;
    // An empty text has no object.
    if (length === 0) fields.u32(0).u64(0).u32(0);
    else fields.u32(length).u64(address).u32(index);
  }
  return fields.done();
}

function isAscii(texts: readonly string[]): boolean {
  return texts.every((text) => !/[^\p{ASCII}]/u.test(text));
}

/** Body of a data layout message: contiguous. */
export function contiguousLayout(address: number | undefined, size: number): Uint8Array {
  return new Fields()
    .u8(3, 1)
    .u64(address ?? UNDEFINED)
    .u64(size)
    .done();
}
