import { readBtree2 } from "./btree2.ts";
import { FractalHeap } from "./fractal-heap.ts";
import type { Cursor, Source } from "./source.ts";

/** B-tree record types whose records name objects of a fractal heap, and where in the record the heap ID starts. */
const HEAP_ID_START: Record<number, number | undefined> = { 5: 4, 8: 0 };

/**
 * The message bodies (links, or attributes) that an object keeps in a fractal heap, in the order of its name index.
 *
 * @param indexAddress of the version-2 B-tree: type 5 (links by name) or 8 (attributes by name)
 */
export function readDenseBodies(source: Source, heapAddress: number, indexAddress: number, what: string): Cursor[] {
  const heap = new FractalHeap(source, heapAddress);
  const index = readBtree2(source, indexAddress);
  const start = HEAP_ID_START[index.type];
  if (start === undefined) throw source.at(indexAddress, `index of ${what}`).fail(`has the type ${index.type}`);
  return index.records.map((record) => {
    record.skip(start);
    return heap.get(record.bytes(heap.idLength));
  });
}
