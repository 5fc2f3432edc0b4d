import type { Link } from "./links.ts";
import type { Cursor, Source } from "./source.ts";

const SOFT_LINK = 2;

/**
 * The links of an old-style group: a version-1 B-tree of symbol nodes, with the names in a local heap.
 *
 * @param message body of the symbol table message
 */
export function readSymbolTable(message: Cursor): Link[] {
  const { source } = message;
  const treeAddress = message.address();
  const names = openLocalHeap(source, message.address());
  const links: Link[] = [];
  const seen = new Set<number>();
  const waiting = [treeAddress];
  while (waiting.length > 0) {
    const address = waiting.pop()!;
    if (seen.has(address)) throw message.fail("the group's B-tree leads back into itself; the file is damaged");
    seen.add(address);
    source.budget.takeItems(1);
    if (isSymbolNode(source, address)) readSymbolNode(source, address, names, links);
    else waiting.push(...readTreeNode(source, address).reverse());
  }
  return links;
}

function isSymbolNode(source: Source, address: number): boolean {
  return source.at(address, "group B-tree node").u8() === "S".charCodeAt(0);
}

/** Children of a group B-tree node, in order. */
function readTreeNode(source: Source, address: number): number[] {
  const cursor = source.at(address, "group B-tree node");
  cursor.signature("TREE");
  if (cursor.u8() !== 0) throw cursor.fail("is not of a group");
  cursor.skip(1);
  const entries = cursor.u16();
  cursor.address();
  cursor.address();
  source.budget.takeItems(entries);
  const children: number[] = [];
  for (let i = 0; i < entries; i++) {
    cursor.length();
    children.push(cursor.address());
  }
  return children;
}

function readSymbolNode(source: Source, address: number, names: Cursor, links: Link[]): void {
  const cursor = source.at(address, "symbol node");
  cursor.signature("SNOD");
  cursor.version(1);
  cursor.skip(1);
  const count = cursor.u16();
  source.budget.takeItems(count);
  for (let i = 0; i < count; i++) {
    const nameOffset = cursor.length();
    const header = cursor.address();
    const cacheType = cursor.u32();
    cursor.skip(20);
    const name = source.at(names.position + nameOffset, "link name", Math.max(0, names.left - nameOffset)).textToNul();
    source.budget.takeBytes(2 * name.length);
    links.push(cacheType === SOFT_LINK ? { name, refused: "a soft link" } : { name, address: header });
  }
}

/** The data segment of a local heap. */
function openLocalHeap(source: Source, address: number): Cursor {
  const cursor = source.at(address, "local heap");
  cursor.signature("HEAP");
  cursor.version(0);
  cursor.skip(3);
  const size = cursor.length();
  cursor.length();
  return source.at(cursor.address(), "local heap data", size);
}
