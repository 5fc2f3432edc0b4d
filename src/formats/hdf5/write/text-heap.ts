import { Fields, type Image } from "./fields.ts";

const HEADER = 16;
const MIN_COLLECTION = 4096;
/** A collection is closed when it is this full; a single longer text gets one of its own. */
const FULL = 65536;

/** Where a variable-length text lies in the global heap. */
export interface TextPlace {
  length: number;
  address: number;
  index: number;
}

/** Writes each text into global heap collections, equal ones once. */
export function writeTextHeap(image: Image, texts: Iterable<string>): Map<string, TextPlace> {
  const encoder = new TextEncoder();
  const places = new Map<string, TextPlace>();
  let waiting: { text: string; bytes: Uint8Array }[] = [];
  let size = HEADER;
  const flush = (): void => {
    if (waiting.length === 0) return;
    const address = image.allocate(Math.max(size, MIN_COLLECTION));
    image.place(address, collection(waiting, Math.max(size, MIN_COLLECTION)));
    for (const [i, { text, bytes }] of waiting.entries())
      places.set(text, { length: bytes.length, address, index: i + 1 });
    waiting = [];
    size = HEADER;
  };
  for (const text of new Set(texts)) {
    const bytes = encoder.encode(text);
    const needed = HEADER + Math.ceil(bytes.length / 8) * 8;
    if (size + needed > FULL) flush();
    waiting.push({ text, bytes });
    size += needed;
  }
  flush();
  return places;
}

function collection(objects: { bytes: Uint8Array }[], size: number): Uint8Array {
  const fields = new Fields().ascii("GCOL").u8(1, 0, 0, 0).u64(size);
  for (const [i, { bytes }] of objects.entries()) {
    fields
      .u16(i + 1)
      .u16(1)
      .u32(0)
      .u64(bytes.length)
      .bytes(bytes)
      .pad8();
  }
  const free = size - fields.length;
  // Object 0 is the free space, its own header included; less than a header needs no entry.
  if (free >= HEADER) fields.u16(0).u16(0).u32(0).u64(free);
  return fields.padTo(size).done();
}
