import { FormatError } from "../errors.ts";
import { float16ToFloat32 } from "./float16.ts";
import { Budget, type Limits, withDefaults } from "./limits.ts";
import type { NumberArray } from "./number-array.ts";
import { readZip } from "./zip.ts";
import { writeZip } from "./zip-write.ts";

/** Elements in C order: float16 widened to float32, bool as 0 or 1. */
export type NpyData = NumberArray;

export interface NpyArray {
  /** NumPy's name of the type in the file: "float16", "bool" … */
  dtype: string;
  shape: number[];
  data: NpyData;
}

const TYPES: Record<string, [name: string, array: new (buffer: ArrayBuffer) => NpyData] | undefined> = {
  f2: ["float16", Uint16Array],
  f4: ["float32", Float32Array],
  f8: ["float64", Float64Array],
  i1: ["int8", Int8Array],
  i2: ["int16", Int16Array],
  i4: ["int32", Int32Array],
  i8: ["int64", BigInt64Array],
  u1: ["uint8", Uint8Array],
  u2: ["uint16", Uint16Array],
  u4: ["uint32", Uint32Array],
  u8: ["uint64", BigUint64Array],
  b1: ["bool", Uint8Array],
};
const REFUSED: Record<string, string | undefined> = {
  U: "text",
  S: "byte strings",
  O: "Python objects",
  V: "records",
  c: "complex numbers",
  M: "dates",
  m: "time spans",
};
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const ALIGNMENT = 64;
const MAX_RANK = 64;

/**
 * Reads a NumPy `.npy` file, versions 1 to 3, of numbers or truth values, in any byte order, C or Fortran order.
 * The data is a copy that the caller owns.
 *
 * @throws FormatError if it is truncated, damaged, or holds text, objects or records
 */
export function readNpy(bytes: Uint8Array, limits?: Partial<Limits>): NpyArray {
  const { header, dataStart } = splitHeader(bytes);
  const { descr, fortran, shape } = parseHeader(header);
  const kind = /^([<>|=]?)([a-zA-Z])(\d*)$/.exec(descr);
  const type = kind === null ? undefined : TYPES[kind[2]! + kind[3]!];
  if (kind === null || type === undefined) {
    const what = REFUSED[kind?.[2] ?? ""] ?? `the type ${descr}`;
    throw new FormatError(`.npy file: it holds ${what}; save an array of float32 or int32 instead`);
  }
  const [dtype, View] = type;
  const width = Number(kind[3]);
  const count = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
  const size = count * width;
  if (!(size <= bytes.length - dataStart)) {
    throw new FormatError(
      `.npy file: ${dtype} of shape [${shape}] needs ${size} bytes, but ${bytes.length - dataStart} are here; ` +
        "it is truncated or damaged",
    );
  }
  new Budget(bytes.length, withDefaults(limits), ".npy file").takeBytes(3 * size);
  // Not slice(): that of Node's Buffer does not copy.
  const raw = new Uint8Array(bytes.subarray(dataStart, dataStart + size));
  if (kind[1] === ">") for (let i = 0; i < size; i += width) raw.subarray(i, i + width).reverse();
  const stored = new View(raw.buffer);
  const ordered = fortran && shape.length > 1 ? fromFortran(stored, shape) : stored;
  return { dtype, shape, data: dtype === "float16" ? float16ToFloat32(ordered as Uint16Array) : ordered };
}

/**
 * The pickle of a `.npy` file that holds one Python object; undefined if it holds numbers.
 *
 * @throws FormatError if it is truncated or damaged
 */
export function pickledNpy(bytes: Uint8Array): Uint8Array | undefined {
  const { header, dataStart } = splitHeader(bytes);
  const { descr, shape } = parseHeader(header);
  return /^[|<>=]?O/.test(descr) && shape.length === 0 ? bytes.subarray(dataStart) : undefined;
}

/** Writes a `.npy` file, version 1, little-endian, C order, with the data starting at a multiple of 64. */
export function writeNpy({ shape, data }: { shape: readonly number[]; data: NpyData }): Uint8Array {
  const count = shape.reduce((product, size) => product * size, 1);
  if (count !== data.length) throw new FormatError(`.npy file: shape [${shape}] does not fit ${data.length} values`);
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${descrOf(data)}', 'fortran_order': False, 'shape': (${dims}), }`;
  const total = Math.ceil((MAGIC.length + 4 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const out = new Uint8Array(total + data.byteLength);
  out.set(MAGIC);
  out[6] = 1;
  new DataView(out.buffer).setUint16(8, total - 10, true);
  out.fill(0x20, 10, total);
  out.set(new TextEncoder().encode(text), 10);
  out[total - 1] = 0x0a;
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), total);
  return out;
}

/**
 * Reads a `.npz` archive: its arrays by name, without ".npy".
 *
 * @throws FormatError as `readNpy` and `readZip`
 */
export function readNpz(bytes: Uint8Array, limits?: Partial<Limits>): Map<string, NpyArray> {
  const archive = readZip(bytes, limits);
  const arrays = new Map<string, NpyArray>();
  for (const name of archive.names()) {
    if (name.endsWith(".npy")) arrays.set(name.slice(0, -4), readNpy(archive.get(name)!, limits));
  }
  return arrays;
}

/** Writes a `.npz` archive, as `numpy.savez` does. */
export function writeNpz(
  arrays: Iterable<readonly [name: string, array: { shape: readonly number[]; data: NpyData }]>,
): Uint8Array {
  return writeZip([...arrays].map(([name, array]) => [`${name}.npy`, writeNpy(array)] as const));
}

function descrOf(data: NpyData): string {
  const width = data.BYTES_PER_ELEMENT;
  const kind =
    data instanceof Float32Array || data instanceof Float64Array ? "f" : /^(Big)?Int/.test(nameOf(data)) ? "i" : "u";
  return `${width === 1 ? "|" : "<"}${kind}${width}`;
}

function nameOf(data: NpyData): string {
  return data[Symbol.toStringTag];
}

function splitHeader(bytes: Uint8Array): { header: string; dataStart: number } {
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte)) throw new FormatError("not a .npy file");
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw new FormatError(`.npy file: version ${version} is not supported`);
  const wide = version > 1;
  if (wide && bytes.length < 12) throw new FormatError(".npy file: it is truncated");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = wide ? 12 : 10;
  const dataStart = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (dataStart > bytes.length) throw new FormatError(".npy file: it is truncated");
  return { header: new TextDecoder().decode(bytes.subarray(start, dataStart)), dataStart };
}

/** The header is the text of a Python dict with three known keys. */
function parseHeader(header: string): { descr: string; fortran: boolean; shape: number[] } {
  const descr = /'descr'\s*:\s*(?:'([^']*)'|(\[))/.exec(header);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header);
  const dims = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(header);
  if (descr === null || order === null || dims === null) throw new FormatError(".npy file: its header is damaged");
  if (descr[2] !== undefined) throw new FormatError(".npy file: it holds records; save an array of float32 instead");
  const shape = dims[1]!
    .split(",")
    .map((part) => part.trim().replace(/L$/, ""))
    .filter((part) => part !== "")
    .map(Number);
  if (shape.length > MAX_RANK || !shape.every(Number.isSafeInteger)) {
    throw new FormatError(`.npy file: the shape (${dims[1]!.slice(0, 80)}) is damaged`);
  }
  return { descr: descr[1]!, fortran: order[1] === "True", shape };
}

/** From first-axis-fastest to last-axis-fastest. */
function fromFortran(stored: NpyData, shape: number[]): NpyData {
  const out = new (stored.constructor as new (length: number) => NpyData)(stored.length);
  const index = new Array<number>(shape.length).fill(0);
  const strides: number[] = [];
  for (let axis = 0, stride = 1; axis < shape.length; stride *= shape[axis++]!) strides.push(stride);
  let from = 0;
  for (let to = 0; to < out.length; to++) {
    out[to] = stored[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}
