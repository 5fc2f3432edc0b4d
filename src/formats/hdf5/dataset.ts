import { FormatError } from "../../errors.ts";
import type { Hdf5Attributes } from "./attributes.ts";
import { readChunks } from "./chunks.ts";
import { type Dataspace, readDataspace } from "./dataspace.ts";
import { type Datatype, type Hdf5Dtype, readDatatypeMessage } from "./datatype.ts";
import { type Filter, readFilters } from "./filters.ts";
import type { GlobalHeap } from "./global-heap.ts";
import { type Layout, readLayout } from "./layout.ts";
import { bodyOf, MESSAGE, type Message } from "./object-header.ts";
import { type Source, UNDEFINED_ADDRESS } from "./source.ts";
import { decodeValues, type Hdf5Values } from "./values.ts";

/** A dataset: an array of values. */
export interface Hdf5Dataset {
  readonly kind: "dataset";
  /** Full path. */
  readonly name: string;
  /** `[]` for a scalar, which has one element. */
  readonly shape: number[];
  readonly dtype: Hdf5Dtype;
  readonly attributes: Hdf5Attributes;
  /**
   * The elements in C order. A view of the file's bytes where possible: treat it as read-only, or copy it.
   *
   * @throws FormatError if the data is damaged or of a type or filter that is not supported
   */
  read(): Hdf5Values;
  /**
   * The elements as float32: integers, bool and float64 converted (float64 rounded), half precision widened.
   *
   * @throws FormatError as `read`, and for text
   */
  readFloat32(): Float32Array;
}

/** A dataset in an open file. The values are read when asked for, and not kept. */
export class FileDataset implements Hdf5Dataset {
  readonly kind = "dataset";
  readonly name: string;
  readonly shape: number[];
  readonly dtype: Hdf5Dtype;
  readonly attributes: Hdf5Attributes;
  readonly #source: Source;
  readonly #heap: GlobalHeap;
  readonly #type: Datatype;
  readonly #space: Dataspace;
  readonly #layout: Layout;
  readonly #filters: Filter[];
  readonly #fill: Uint8Array | undefined;

  constructor(source: Source, heap: GlobalHeap, name: string, messages: Message[], attributes: Hdf5Attributes) {
    const find = (type: number): Message | undefined => messages.find((message) => message.type === type);
    const need = (type: number, what: string): Message => {
      const message = find(type);
      if (message === undefined) throw new FormatError(`HDF5 file: ${name} has no ${what}; the file is damaged`);
      return message;
    };
    this.#source = source;
    this.#heap = heap;
    this.name = name;
    this.attributes = attributes;
    const stored = readDatatypeMessage(source, need(MESSAGE.datatype, "datatype"));
    this.#type = isKerasBfloat16(stored, attributes) ? { ...stored, dtype: "bfloat16" } : stored;
    this.dtype = this.#type.dtype;
    this.#space = readDataspace(bodyOf(source, need(MESSAGE.dataspace, "dataspace"), `dataspace of ${name}`));
    this.shape = this.#space.shape;
    if (find(MESSAGE.externalFiles)) throw new FormatError(`HDF5 file: ${name} keeps its data in another file`);
    this.#layout = readLayout(bodyOf(source, need(MESSAGE.layout, "data layout"), `data layout of ${name}`));
    const filters = find(MESSAGE.filters);
    this.#filters = filters === undefined ? [] : readFilters(bodyOf(source, filters, `filters of ${name}`));
    this.#fill = readFill(source, find(MESSAGE.fill), name);
  }

  read(): Hdf5Values {
    const { count } = this.#space;
    const what = `dataset ${this.name}`;
    if (this.dtype === "unsupported") {
      throw new FormatError(`HDF5 file: ${what} holds ${this.#type.about}, which is not supported`);
    }
    return decodeValues(this.#source, this.#heap, this.#type, this.#raw(count * this.#type.size), count, what);
  }

  readFloat32(): Float32Array {
    const values = this.read();
    if (values instanceof Float32Array) return values;
    if (Array.isArray(values) || this.dtype === "opaque") {
      throw new FormatError(`HDF5 file: dataset ${this.name} holds ${this.dtype} values where numbers are expected`);
    }
    this.#source.budget.takeBytes(4 * values.length);
    if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
      return Float32Array.from(values, (value) => Number(value));
    }
    return Float32Array.from(values);
  }

  #raw(size: number): Uint8Array {
    const layout = this.#layout;
    const what = `data of ${this.name}`;
    if (layout.kind !== "chunked") {
      const written = layout.kind === "compact" || layout.address !== UNDEFINED_ADDRESS;
      if (!written || size === 0) return this.#filled(size);
      if (layout.size < size) {
        throw new FormatError(`HDF5 file: ${what} is shorter than its shape [${this.shape}] says`);
      }
      return this.#source.slice(layout.address, size, what);
    }
    const out = this.#filled(size);
    if (size > 0) readChunks(this.#source, layout, this.#space, this.#type.size, this.#filters, out, what);
    return out;
  }

  /** Fresh memory holding the fill value, as for data that was never written. */
  #filled(size: number): Uint8Array {
    const out = this.#source.budget.allocate(size);
    const fill = this.#fill;
    if (fill !== undefined && fill.length === this.#type.size && fill.some((byte) => byte !== 0)) {
      for (let start = 0; start < size; start += fill.length) out.set(fill, start);
    }
    return out;
  }
}

/**
 * Keras stores bfloat16 as two opaque bytes: Keras 3 with the attribute dtype = "bfloat16", its legacy `.h5` and tf.keras
 * without a word.
 */
function isKerasBfloat16(type: Datatype, attributes: Hdf5Attributes): boolean {
  if (type.dtype !== "opaque" || type.size !== 2) return false;
  return !attributes.has("dtype") || attributes.get("dtype") === "bfloat16";
}

/** The fill value of a fill value message, versions 1 to 3; undefined for the default of zeros. */
function readFill(source: Source, message: Message | undefined, name: string): Uint8Array | undefined {
  if (message === undefined) return undefined;
  const cursor = bodyOf(source, message, `fill value of ${name}`);
  const version = cursor.version(1, 2, 3);
  if (version === 3) {
    if (!(cursor.u8() & 0x20)) return undefined;
    return cursor.bytes(cursor.u32());
  }
  cursor.skip(2);
  const defined = cursor.u8();
  if (version === 2 && defined === 0) return undefined;
  return cursor.bytes(cursor.u32());
}
