import { FormatError } from "../errors.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "./float16.ts";

/** Array of each dtype. F16, BF16 are 16-bit patterns (float16.ts converts); BOOL is 0 or 1. */
const ARRAYS = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

export type SafetensorsDtype = keyof typeof ARRAYS;
export type SafetensorsData =
  | Float64Array
  | Float32Array
  | Uint16Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array
  | BigUint64Array
  | Uint32Array;

/** One named array. `data` has as many elements as `shape` says, in C order. */
export interface SafeTensor {
  dtype: SafetensorsDtype;
  shape: readonly number[];
  data: SafetensorsData;
}

export interface Safetensors {
  tensors: Map<string, SafeTensor>;
  metadata: Map<string, string>;
}

/** The format's own limit of the header. */
const MAX_HEADER = 100_000_000;
const LENGTH_SIZE = 8;
const ALIGNMENT = 8;
const METADATA = "__metadata__";

/**
 * Reads a `.safetensors` file. Where a tensor's bytes are aligned (files written by `writeSafetensors` in memory that is
 * aligned to 8 bytes), its data is a view of `bytes`: leave them unchanged, or copy.
 *
 * @param bring - Fills a part of `bytes` before it is read, where `bytes` does not hold the file yet. Data that is a view
 * is left to the caller.
 * @throws FormatError if it is truncated, if tensors overlap, leave gaps or miss their declared size, or a dtype is
 * unknown
 */
export function readSafetensors(bytes: Uint8Array, bring: (part: Uint8Array) => void = () => {}): Safetensors {
  const { header, dataStart } = parseHeader(bytes, bring);
  const tensors = new Map<string, SafeTensor>();
  const metadata = new Map<string, string>();
  const spans: { name: string; begin: number; end: number }[] = [];
  const dataSize = bytes.length - dataStart;
  for (const [name, entry] of Object.entries(header)) {
    if (name === METADATA) {
      if (!isObject(entry)) throw new FormatError("safetensors: __metadata__ is not an object");
      for (const [key, value] of Object.entries(entry)) {
        if (typeof value !== "string") throw new FormatError(`safetensors: metadata ${key} is not a string`);
        metadata.set(key, value);
      }
      continue;
    }
    const { dtype, shape, begin, end } = checkEntry(name, entry, dataSize);
    spans.push({ name, begin, end });
    const start = bytes.byteOffset + dataStart + begin;
    const width = ARRAYS[dtype].BYTES_PER_ELEMENT;
    const aligned = start % width === 0;
    const part = bytes.subarray(dataStart + begin, dataStart + end);
    if (!aligned) bring(part);
    // Not slice(): that of Node's Buffer does not copy.
    const source = aligned ? bytes : new Uint8Array(part);
    const data = new ARRAYS[dtype](source.buffer as ArrayBuffer, aligned ? start : 0, (end - begin) / width);
    tensors.set(name, { dtype, shape, data });
  }
  checkCoverage(spans, dataSize);
  return { tensors, metadata };
}

/**
 * Writes a `.safetensors` file. The data starts at a multiple of 8 bytes, wider types first, so that every tensor is
 * aligned and can be read without a copy.
 */
export function writeSafetensors(
  tensors: Iterable<readonly [name: string, tensor: SafeTensor]>,
  metadata?: Iterable<readonly [key: string, value: string]>,
): Uint8Array {
  const sorted = [...tensors].sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  const notes = [...(metadata ?? [])];
  const entries: [string, unknown][] = notes.length > 0 ? [[METADATA, Object.fromEntries(notes)]] : [];
  let dataSize = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    if (name === METADATA || countOf(shape) !== data.length || !(data instanceof ARRAYS[dtype])) {
      throw new FormatError(`safetensors: ${name} cannot be written as ${dtype} of shape [${shape}]`);
    }
    entries.push([name, { dtype, shape, data_offsets: [dataSize, dataSize + data.byteLength] }]);
    dataSize += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const headerSize = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const out = new Uint8Array(LENGTH_SIZE + headerSize + dataSize);
  new DataView(out.buffer).setUint32(0, headerSize, true);
  out.fill(0x20, LENGTH_SIZE, LENGTH_SIZE + headerSize);
  out.set(json, LENGTH_SIZE);
  let position = LENGTH_SIZE + headerSize;
  for (const [, { data }] of sorted) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return out;
}

/**
 * A floating tensor as float32; F32 as it is, F16 and BF16 widened, F64 rounded.
 *
 * @throws FormatError for integers, whose meaning the caller must know
 */
export function safetensorToFloat32(name: string, { dtype, data }: SafeTensor): Float32Array {
  if (dtype === "F32") return data as Float32Array;
  if (dtype === "F16") return float16ToFloat32(data as Uint16Array);
  if (dtype === "BF16") return bfloat16ToFloat32(data as Uint16Array);
  if (dtype === "F64") return Float32Array.from(data as Float64Array);
  throw new FormatError(`safetensors: ${name} is ${dtype} where floating-point weights are expected`);
}

function parseHeader(
  bytes: Uint8Array,
  bring: (part: Uint8Array) => void,
): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < LENGTH_SIZE) throw new FormatError(`safetensors: ${bytes.length} bytes are not a file`);
  bring(bytes.subarray(0, LENGTH_SIZE));
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_SIZE);
  const size = view.getUint32(0, true) + view.getUint32(4, true) * 0x100000000;
  if (size > MAX_HEADER || size > bytes.length - LENGTH_SIZE) {
    throw new FormatError(
      `safetensors: the header of ${size} bytes does not fit the file of ${bytes.length}; ` +
        "it is truncated or not a .safetensors file",
    );
  }
  const text = bytes.subarray(LENGTH_SIZE, LENGTH_SIZE + size);
  bring(text);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(text));
  } catch {
    throw new FormatError("safetensors: the header is not JSON; the file is damaged or not a .safetensors file");
  }
  if (!isObject(header)) throw new FormatError("safetensors: the header is not a JSON object");
  return { header, dataStart: LENGTH_SIZE + size };
}

function checkEntry(name: string, entry: unknown, dataSize: number) {
  const fail = (problem: string): FormatError => new FormatError(`safetensors: tensor ${name}: ${problem}`);
  if (!isObject(entry)) throw fail("is not described by an object");
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !Object.hasOwn(ARRAYS, dtype)) throw fail(`dtype ${dtype} is not supported`);
  if (!isSizes(shape)) throw fail("the shape is not a list of sizes");
  if (!isSizes(offsets) || offsets.length !== 2) throw fail("data_offsets is not a pair");
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > dataSize) throw fail(`bytes ${begin} to ${end} lie outside the data of ${dataSize} bytes`);
  const expected = countOf(shape) * ARRAYS[dtype as SafetensorsDtype].BYTES_PER_ELEMENT;
  if (expected !== end - begin) throw fail(`${dtype} [${shape}] needs ${expected} bytes, but has ${end - begin}`);
  return { dtype: dtype as SafetensorsDtype, shape, begin, end };
}

/** As the format asks: no overlaps, no gaps, nothing left over. */
function checkCoverage(spans: { name: string; begin: number; end: number }[], dataSize: number): void {
  let expected = 0;
  for (const { name, begin, end } of spans.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== expected) {
      throw new FormatError(`safetensors: tensor ${name} ${begin < expected ? "overlaps another" : "follows a gap"}`);
    }
    expected = end;
  }
  if (expected !== dataSize) throw new FormatError(`safetensors: ${dataSize - expected} bytes belong to no tensor`);
}

function countOf(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
