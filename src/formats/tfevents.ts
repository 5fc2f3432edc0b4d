/** The polynomial of CRC-32C (Castagnoli), bits reversed. */
const POLYNOMIAL = 0x82f63b78;
let table: Uint32Array | undefined;

function crcTable(): Uint32Array {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    return crc;
  });
  return table;
}

/** CRC-32C of some bytes. */
export function crc32c(bytes: Uint8Array): number {
  const values = crcTable();
  let crc = 0xffffffff;
  for (const byte of bytes) crc = values[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The checksum of a record: rotated and shifted, since records may hold checksums themselves. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Fields of a protocol buffer message, in order. */
class Message {
  readonly #bytes: number[] = [];

  varint(field: number, value: number): this {
    this.#bytes.push(field << 3);
    this.#number(value);
    return this;
  }

  double(field: number, value: number): this {
    this.#bytes.push((field << 3) | 1, ...new Uint8Array(Float64Array.of(value).buffer));
    return this;
  }

  float(field: number, value: number): this {
    this.#bytes.push((field << 3) | 5, ...new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  /** Text or a message. */
  bytes(field: number, value: string | Message): this {
    const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value.done();
    this.#bytes.push((field << 3) | 2);
    this.#number(bytes.length);
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  #number(value: number): void {
    let rest = value;
    // Steps may pass 32 bits, which shifts would cut off.
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes.push((rest % 128) | 128);
    this.#bytes.push(rest);
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** A record of TensorFlow's record files: length, checksum, bytes, checksum. */
function record(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(16 + data.length);
  const view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(out.subarray(0, 8)), true);
  out.set(data, 12);
  view.setUint32(12 + data.length, masked(data), true);
  return out;
}

/** What every event file of TensorBoard begins with. @param time - Milliseconds since 1970. */
export function eventFileStart(time: number): Uint8Array {
  return record(
    new Message()
      .double(1, time / 1000)
      .bytes(3, "brain.Event:2")
      .done(),
  );
}

/**
 * Numbers of one step, as a record of an event file.
 *
 * @param scalars - By tag, such as `epoch_loss`.
 */
export function scalarEvent(time: number, step: number, scalars: Readonly<Record<string, number>>): Uint8Array {
  const summary = new Message();
  for (const [tag, value] of Object.entries(scalars)) summary.bytes(1, new Message().bytes(1, tag).float(2, value));
  return record(
    new Message()
      .double(1, time / 1000)
      .varint(2, step)
      .bytes(5, summary)
      .done(),
  );
}
