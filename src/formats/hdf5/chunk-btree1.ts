import type { ChunkPlace } from "./chunk-index.ts";
import type { Source } from "./source.ts";

/** The chunks in the version-1 B-tree at `address`. */
export function readChunkTree(source: Source, address: number, rank: number): ChunkPlace[] {
  const chunks: ChunkPlace[] = [];
  const seen = new Set<number>();
  const waiting = [address];
  while (waiting.length > 0) {
    const node = waiting.pop()!;
    const cursor = source.at(node, "chunk B-tree node");
    if (seen.has(node)) throw cursor.fail("leads back into itself; the file is damaged");
    seen.add(node);
    cursor.signature("TREE");
    if (cursor.u8() !== 1) throw cursor.fail("is not of chunks");
    const level = cursor.u8();
    const entries = cursor.u16();
    cursor.address();
    cursor.address();
    source.budget.takeItems(1 + entries);
    for (let i = 0; i < entries; i++) {
      const size = cursor.u32();
      const mask = cursor.u32();
      const offset = Array.from({ length: rank }, () => cursor.uint(8));
      cursor.skip(8);
      const child = cursor.address();
      if (level === 0) chunks.push({ offset, address: child, size, mask });
      else waiting.push(child);
    }
  }
  return chunks;
}
