import { FormatError } from "../../errors.ts";
import { AttributeTable, type Hdf5Attributes } from "./attributes.ts";
import { FileDataset, type Hdf5Dataset } from "./dataset.ts";
import { readDenseBodies } from "./dense.ts";
import { GlobalHeap } from "./global-heap.ts";
import { type Link, readLinks } from "./links.ts";
import { bodyOf, MESSAGE, type Message, readObjectHeader } from "./object-header.ts";
import { type Cursor, type Source, UNDEFINED_ADDRESS } from "./source.ts";

/** A group: named groups and datasets. */
export interface Hdf5Group {
  readonly kind: "group";
  /** Full path; "/" for the root. */
  readonly name: string;
  readonly attributes: Hdf5Attributes;
  /** Names of the children: sorted by name. */
  keys(): string[];
  /**
   * The object at a path below this group, its parts separated by "/". `undefined` if there is none.
   *
   * @throws FormatError if something on the way is damaged, or a link that is not a plain hard link
   */
  get(path: string): Hdf5Group | Hdf5Dataset | undefined;
}

/** One open file: its objects by address, each read once. */
export class Hdf5File {
  readonly source: Source;
  readonly heap: GlobalHeap;
  readonly #objects = new Map<number, FileGroup | FileDataset>();

  constructor(source: Source) {
    this.source = source;
    this.heap = new GlobalHeap(source);
  }

  /**
   * The object at an address. A dataset may have several names; a group may not, which keeps the groups a tree that
   * can be walked without looking for cycles.
   */
  open(address: number, name: string, depth: number): FileGroup | FileDataset {
    const known = this.#objects.get(address);
    if (known !== undefined) {
      if (known.kind === "dataset" || known.name === name) return known;
      throw new FormatError(
        `HDF5 file: the groups ${known.name} and ${name} are one; cyclic or shared groups are refused`,
      );
    }
    if (depth > this.source.limits.maxDepth) {
      throw new FormatError(`HDF5 file: groups are nested deeper than ${this.source.limits.maxDepth} at ${name}`);
    }
    this.source.budget.takeBytes(2 * name.length);
    const messages = readObjectHeader(this.source, address);
    const attributes = new AttributeTable(this.source, this.heap, name, attributeBodies(this.source, messages, name));
    const isDataset = messages.some(({ type }) => type === MESSAGE.layout);
    const object = isDataset
      ? new FileDataset(this.source, this.heap, name, messages, attributes)
      : new FileGroup(this, name, depth, messages, attributes);
    this.#objects.set(address, object);
    return object;
  }
}

function attributeBodies(source: Source, messages: Message[], owner: string): Cursor[] {
  const bodies: Cursor[] = [];
  for (const message of messages) {
    if (message.type === MESSAGE.attribute) {
      const body = bodyOf(source, message, `attribute of ${owner}`);
      if (message.shared) throw body.fail("shared attributes are not supported");
      bodies.push(body);
    } else if (message.type === MESSAGE.attributeInfo) {
      const info = bodyOf(source, message, `attribute info of ${owner}`);
      info.version(0);
      if (info.u8() & 1) info.skip(2);
      const heap = info.address();
      const index = info.address();
      if (heap !== UNDEFINED_ADDRESS && index !== UNDEFINED_ADDRESS) {
        bodies.push(...readDenseBodies(source, heap, index, "attributes"));
      }
    }
  }
  return bodies;
}

/** A group in an open file; its links are read when first asked for. */
export class FileGroup implements Hdf5Group {
  readonly kind = "group";
  readonly name: string;
  readonly attributes: Hdf5Attributes;
  readonly #file: Hdf5File;
  readonly #depth: number;
  readonly #messages: Message[];
  #links: Map<string, Link> | undefined;

  constructor(file: Hdf5File, name: string, depth: number, messages: Message[], attributes: Hdf5Attributes) {
    this.#file = file;
    this.name = name;
    this.#depth = depth;
    this.#messages = messages;
    this.attributes = attributes;
  }

  keys(): string[] {
    return [...this.#table().values()].filter(({ refused }) => refused === undefined).map(({ name }) => name);
  }

  get(path: string): Hdf5Group | Hdf5Dataset | undefined {
    let current: FileGroup | FileDataset = this;
    for (const part of path.split("/")) {
      if (part === "") continue;
      if (current.kind === "dataset") return undefined;
      const next: FileGroup | FileDataset | undefined = current.#child(part);
      if (next === undefined) return undefined;
      current = next;
    }
    return current;
  }

  #child(part: string): FileGroup | FileDataset | undefined {
    const link = this.#table().get(part);
    if (link === undefined) return undefined;
    const name = `${this.name === "/" ? "" : this.name}/${part}`;
    if (link.refused !== undefined) {
      throw new FormatError(`HDF5 file: ${name} is ${link.refused}, which is not followed`);
    }
    return this.#file.open(link.address, name, this.#depth + 1);
  }

  #table(): Map<string, Link> {
    this.#links ??= readLinks(this.#file.source, this.#messages, this.name);
    return this.#links;
  }
}
