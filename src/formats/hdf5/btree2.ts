import { type Cursor, type Source, UNDEFINED_ADDRESS } from "./source.ts";

/** Signature, version, type and checksum around a node's records. */
const NODE_OVERHEAD = 10;
const MAX_DEPTH = 32;

/** Bytes that hold any number up to `limit`. */
export function bytesFor(limit: number): number {
  return Math.floor(Math.log2(Math.max(1, limit)) / 8) + 1;
}

/** All records of the version-2 B-tree at `address`, in order, as cursors over their bytes. */
export function readBtree2(source: Source, address: number): { type: number; records: Cursor[] } {
  const header = source.at(address, "B-tree header");
  header.signature("BTHD");
  header.version(0);
  const type = header.u8();
  const nodeSize = header.u32();
  const recordSize = header.u16();
  const depth = header.u16();
  header.skip(2);
  const root = header.address();
  const rootCount = header.u16();
  if (recordSize === 0 || depth > MAX_DEPTH) throw header.fail("is damaged");

  const leafMax = Math.floor((nodeSize - NODE_OVERHEAD) / recordSize);
  const countSize = bytesFor(leafMax);
  // Sizes of "records below" per level, which the format leaves to be computed.
  const totalSizes = [0];
  let below = leafMax;
  for (let level = 1; level <= depth; level++) {
    const pointer = source.offsetSize + countSize + totalSizes[level - 1]!;
    const max = Math.floor((nodeSize - NODE_OVERHEAD - pointer) / (recordSize + pointer));
    below = (max + 1) * below + max;
    totalSizes.push(bytesFor(below));
  }

  const records: Cursor[] = [];
  const seen = new Set<number>();
  const visit = (node: number, count: number, level: number): void => {
    if (seen.has(node)) throw header.fail("leads back into itself; the file is damaged");
    seen.add(node);
    source.budget.takeItems(1 + count);
    const cursor = source.at(node, "B-tree node", nodeSize);
    cursor.signature(level === 0 ? "BTLF" : "BTIN");
    cursor.version(0);
    if (cursor.u8() !== type) throw cursor.fail("is of another tree");
    const own: Cursor[] = [];
    for (let i = 0; i < count; i++) own.push(cursor.sub(recordSize));
    if (level === 0) {
      for (const record of own) records.push(record);
      return;
    }
    for (let i = 0; i <= count; i++) {
      const child = cursor.address();
      const childCount = cursor.uint(countSize);
      cursor.skip(level > 1 ? totalSizes[level - 1]! : 0);
      visit(child, childCount, level - 1);
      if (i < count) records.push(own[i]!);
    }
  };
  if (root !== UNDEFINED_ADDRESS && rootCount > 0) visit(root, rootCount, depth);
  return { type, records };
}
