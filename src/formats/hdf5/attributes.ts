import { FormatError } from "../../errors.ts";
import { type Dataspace, readDataspace } from "./dataspace.ts";
import { type Datatype, readCommitted, readDatatype } from "./datatype.ts";
import type { GlobalHeap } from "./global-heap.ts";
import type { Cursor, Source } from "./source.ts";
import { decodeValues } from "./values.ts";

/** Value of an attribute: a scalar alone, anything else as a flat array. int64 is a number where it is exact. */
export type Hdf5AttributeValue = string | number | bigint | boolean | (string | number | bigint | boolean)[];

/** The attributes of one object. */
export interface Hdf5Attributes {
  names(): string[];
  has(name: string): boolean;
  /**
   * @returns the value; `undefined` if there is no such attribute; `[]` for one of shape (0,) or with a null dataspace
   * @throws FormatError if it is damaged or of a type that is not supported
   */
  get(name: string): Hdf5AttributeValue | undefined;
}

interface Entry {
  type: Datatype;
  space: Dataspace;
  raw: Cursor;
  value?: Hdf5AttributeValue;
}

/** The attributes in the message bodies given; a value is decoded when it is first asked for. */
export class AttributeTable implements Hdf5Attributes {
  readonly #source: Source;
  readonly #heap: GlobalHeap;
  readonly #owner: string;
  readonly #entries = new Map<string, Entry>();

  constructor(source: Source, heap: GlobalHeap, owner: string, bodies: Iterable<Cursor>) {
    this.#source = source;
    this.#heap = heap;
    this.#owner = owner;
    for (const body of bodies) this.#add(body);
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  get(name: string): Hdf5AttributeValue | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    entry.value ??= this.#decode(name, entry);
    return entry.value;
  }

  /** Reads one attribute message, versions 1 to 3. */
  #add(cursor: Cursor): void {
    const version = cursor.version(1, 2, 3);
    const flags = cursor.u8();
    const nameSize = cursor.u16();
    this.#source.budget.takeBytes(2 * nameSize);
    const typeSize = cursor.u16();
    const spaceSize = cursor.u16();
    if (version === 3) cursor.skip(1);
    const part = (size: number): Cursor => {
      const body = cursor.sub(size);
      if (version === 1) cursor.skip(Math.min((8 - (size % 8)) % 8, cursor.left));
      return body;
    };
    const name = part(nameSize).textToNul();
    const typeBody = part(typeSize);
    const spaceBody = part(spaceSize);
    const shared = version > 1 ? flags : 0;
    if (shared & 2) throw cursor.fail(`the dataspace of attribute ${name} is shared, which is not supported`);
    const type = shared & 1 ? readCommitted(typeBody) : readDatatype(typeBody);
    const space = readDataspace(spaceBody);
    if (this.#entries.has(name)) throw new FormatError(`HDF5 file: ${this.#owner} has two attributes ${name}`);
    this.#entries.set(name, { type, space, raw: cursor });
  }

  #decode(name: string, { type, space, raw }: Entry): Hdf5AttributeValue {
    const { count } = space;
    if (count === 0) return [];
    const what = `attribute ${name} of ${this.#owner}`;
    if (!(count * type.size <= raw.left)) {
      throw new FormatError(`HDF5 file: ${what} says it has ${count} values, but not that many bytes; it is damaged`);
    }
    const bytes = raw.bytes(count * type.size);
    // Numbers become an array of boxed values.
    this.#source.budget.takeBytes(16 * count);
    const values = decodeValues(this.#source, this.#heap, type, bytes, count, what);
    const plain = Array.from<string | number | bigint, string | number | bigint | boolean>(values, (value) => {
      if (type.dtype === "bool") return value !== 0;
      return typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
    });
    return space.shape.length === 0 && plain.length === 1 ? plain[0]! : plain;
  }
}
