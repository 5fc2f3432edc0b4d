import { Fields, type Image, UNDEFINED } from "./fields.ts";

/** Half the capacity of symbol nodes and B-tree nodes: HDF5's own defaults, which the superblock states. */
export const LEAF_K = 4;
export const INTERNAL_K = 16;

const ENTRY_SIZE = 40;
const SYMBOL_NODE_SIZE = 8 + 2 * LEAF_K * ENTRY_SIZE;
const TREE_NODE_SIZE = 24 + 2 * INTERNAL_K * 8 + (2 * INTERNAL_K + 1) * 8;
const CACHED_GROUP = 1;
/** Marks a local heap without free space. */
const NO_FREE_SPACE = 1;

/** Addresses of a written object; a group's are repeated in the links that lead to it. */
export interface Placed {
  header: number;
  group?: { tree: number; heap: number };
}

/** A node of the tree: its address and the heap offset of the greatest name in it. */
interface Node {
  address: number;
  lastName: number;
}

/** Writes an old-style group's names and links: local heap, symbol nodes and the B-tree over them. */
export function writeGroupIndex(image: Image, children: ReadonlyMap<string, Placed>): { tree: number; heap: number } {
  const encoder = new TextEncoder();
  const links = [...children].map(([name, placed]) => ({ bytes: encoder.encode(name), placed }));
  links.sort((a, b) => compareBytes(a.bytes, b.bytes));
  // The empty name at offset 0 is the key below all others.
  const names = new Fields().u64(0);
  const entries = links.map(({ bytes, placed }) => {
    const offset = names.length;
    names.bytes(bytes).u8(0).pad8();
    return { offset, placed };
  });
  const segment = image.add(names.done());
  const heap = image.add(new Fields().ascii("HEAP").u32(0).u64(names.length).u64(NO_FREE_SPACE).u64(segment).done());

  let nodes: Node[] = split(entries, 2 * LEAF_K).map((part) => ({
    address: image.add(symbolNode(part)),
    lastName: part.at(-1)!.offset,
  }));
  let level = 0;
  do {
    nodes = writeTreeLevel(image, nodes, level++);
  } while (nodes.length > 1);
  return { tree: nodes[0]!.address, heap };
}

/** One link as symbol nodes and the superblock hold it. */
export function writeEntry(fields: Fields, nameOffset: number, { header, group }: Placed): void {
  fields.u64(nameOffset).u64(header);
  if (group === undefined) fields.u64(0).u64(0).u64(0);
  else fields.u32(CACHED_GROUP).u32(0).u64(group.tree).u64(group.heap);
}

function symbolNode(entries: { offset: number; placed: Placed }[]): Uint8Array {
  const fields = new Fields().ascii("SNOD").u8(1, 0).u16(entries.length);
  for (const { offset, placed } of entries) writeEntry(fields, offset, placed);
  return fields.padTo(SYMBOL_NODE_SIZE).done();
}

/** Writes the nodes of one level over those of the level below; always at least one. */
function writeTreeLevel(image: Image, below: Node[], level: number): Node[] {
  const parts = below.length === 0 ? [[]] : split(below, 2 * INTERNAL_K);
  const addresses = parts.map(() => image.allocate(TREE_NODE_SIZE));
  let firstKey = 0;
  return parts.map((part, i) => {
    const fields = new Fields().ascii("TREE").u8(0, level).u16(part.length);
    fields.u64(addresses[i - 1] ?? UNDEFINED).u64(addresses[i + 1] ?? UNDEFINED);
    fields.u64(firstKey);
    for (const { address, lastName } of part) fields.u64(address).u64(lastName);
    const address = addresses[i]!;
    image.place(address, fields.padTo(TREE_NODE_SIZE).done());
    firstKey = part.at(-1)?.lastName ?? 0;
    return { address, lastName: firstKey };
  });
}

function split<T>(items: T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}
