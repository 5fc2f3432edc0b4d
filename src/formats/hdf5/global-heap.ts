import type { Source } from "./source.ts";

interface HeapObject {
  start: number;
  length: number;
}

/** The global heap collections of a file (variable-length strings live there), each read once. */
export class GlobalHeap {
  readonly #source: Source;
  readonly #collections = new Map<number, Map<number, HeapObject>>();

  constructor(source: Source) {
    this.#source = source;
  }

  /** The bytes of object `index` of the collection at `address`; the first `length` of them. */
  get(address: number, index: number, length: number): Uint8Array {
    let collection = this.#collections.get(address);
    if (collection === undefined) {
      collection = this.#read(address);
      this.#collections.set(address, collection);
    }
    const found = collection.get(index);
    const what = `global heap object ${index} of the collection at ${address}`;
    if (found === undefined || length > found.length) throw this.#source.at(address, what).fail("is missing or short");
    return this.#source.slice(found.start, length, what);
  }

  #read(address: number): Map<number, HeapObject> {
    const source = this.#source;
    const what = "global heap collection";
    const header = source.at(address, what);
    header.signature("GCOL");
    header.version(1);
    header.skip(3);
    const size = header.length();
    const cursor = source.at(address, what, size);
    cursor.skip(8 + source.lengthSize);
    const objects = new Map<number, HeapObject>();
    while (cursor.left >= 8 + source.lengthSize) {
      source.budget.takeItems(1);
      const index = cursor.u16();
      cursor.skip(6);
      const length = cursor.length();
      if (index === 0) break;
      const start = cursor.position;
      cursor.skip(length);
      cursor.skip(Math.min((8 - (length % 8)) % 8, cursor.left));
      objects.set(index, { start, length });
    }
    return objects;
  }
}
