import { FormatError } from "../../../errors.ts";

/** Address that means "nothing here". */
export const UNDEFINED = 0xffffffffffffffffn;

/** A growing run of little-endian fields. */
export class Fields {
  #bytes = new Uint8Array(64);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Makes room first: the buffer and its view may be new ones afterwards. */
  #grow(count: number): number {
    const start = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return start;
  }

  u8(...values: number[]): this {
    let at = this.#grow(values.length);
    for (const value of values) this.#view.setUint8(at++, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  u64(value: number | bigint): this {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, BigInt(value), true);
    return this;
  }

  ascii(text: string): this {
    for (let i = 0; i < text.length; i++) this.u8(text.charCodeAt(i));
    return this;
  }

  bytes(data: Uint8Array): this {
    const at = this.#grow(data.length);
    this.#bytes.set(data, at);
    return this;
  }

  /** Zeros up to a multiple of 8. */
  pad8(): this {
    this.#grow((8 - (this.#length % 8)) % 8);
    return this;
  }

  /** Zeros up to `length`. */
  padTo(length: number): this {
    this.#grow(Math.max(0, length - this.#length));
    return this;
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** The file being written: blocks at addresses that are multiples of 8, put together at the end. */
export class Image {
  readonly #blocks: { address: number; bytes: Uint8Array }[] = [];
  #end: number;

  /** @param start bytes kept free at the start, for the superblock */
  constructor(start: number) {
    this.#end = start;
  }

  get end(): number {
    return this.#end;
  }

  allocate(size: number): number {
    const address = this.#end;
    this.#end += Math.ceil(size / 8) * 8;
    if (!Number.isSafeInteger(this.#end)) throw new FormatError("HDF5 file: it would be too large");
    return address;
  }

  place(address: number, bytes: Uint8Array): void {
    this.#blocks.push({ address, bytes });
  }

  /** Allocates and places; returns the address. */
  add(bytes: Uint8Array): number {
    const address = this.allocate(bytes.length);
    this.place(address, bytes);
    return address;
  }

  done(): Uint8Array {
    const out = new Uint8Array(this.#end);
    for (const { address, bytes } of this.#blocks) out.set(bytes, address);
    return out;
  }
}
