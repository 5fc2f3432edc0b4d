import { type Cursor, type Source, UNDEFINED_ADDRESS } from "./source.ts";

const CHECKSUM_SIZE = 4;

interface Shape {
  elementSize: number;
  /** Bytes of a block's offset within the array. */
  offsetWidth: number;
  minBlockElements: number;
  pageElements: number;
  /** Elements ever set. */
  count: number;
}

/** An element and its index in the array. */
export interface ArrayElement {
  index: number;
  cursor: Cursor;
}

/** The elements of the extensible array at `address`, as far as their blocks were written. */
export function readExtensibleArray(source: Source, address: number): ArrayElement[] {
  const header = source.at(address, "extensible array");
  header.signature("EAHD");
  header.version(0);
  header.skip(1);
  const elementSize = header.u8();
  const maxBits = header.u8();
  const directElements = header.u8();
  const minBlockElements = header.u8();
  const minPointers = header.u8();
  const pageBits = header.u8();
  for (let i = 0; i < 4; i++) header.length();
  const count = header.length();
  header.length();
  const indexAddress = header.address();
  if (indexAddress === UNDEFINED_ADDRESS) return [];
  if (elementSize === 0 || maxBits > 64 || pageBits > 32 || minBlockElements === 0 || minPointers === 0) {
    throw header.fail("is damaged");
  }
  const shape: Shape = {
    elementSize,
    offsetWidth: Math.ceil(maxBits / 8),
    minBlockElements,
    pageElements: 2 ** pageBits,
    count,
  };

  const block = source.at(indexAddress, "extensible array index block");
  block.signature("EAIB");
  block.version(0);
  block.skip(1);
  block.address();
  const elements: ArrayElement[] = [];
  let next = 0;
  for (; next < directElements; next++) {
    const cursor = block.sub(elementSize);
    if (next < count) elements.push({ index: next, cursor });
  }
  // Super block s covers 2^(s/2) data blocks of 2^((s+1)/2) times the smallest size; the first few have no block of
  // their own, and the index block points to their data blocks.
  const direct = 2 * Math.log2(minPointers);
  const superBlocks = 1 + maxBits - Math.log2(minBlockElements);
  for (let s = 0; s < superBlocks && next < count; s++) {
    source.budget.takeItems(1);
    const blocks = 2 ** Math.floor(s / 2);
    const blockElements = minBlockElements * 2 ** Math.floor((s + 1) / 2);
    const pointers = s < direct ? block : openSuperBlock(source, block.address(), blocks, blockElements, shape);
    if (pointers === undefined) {
      next += blocks * blockElements;
      continue;
    }
    for (let i = 0; i < blocks && next < count; i++, next += blockElements) {
      readDataBlock(source, pointers.address(), next, blockElements, shape, elements);
    }
    // Data block pointers come in full even where the array ends earlier; nothing is read after the last element.
  }
  return elements;
}

/** A cursor at the data block pointers of a super block; undefined if it was never written. */
function openSuperBlock(
  source: Source,
  address: number,
  blocks: number,
  blockElements: number,
  shape: Shape,
): Cursor | undefined {
  if (address === UNDEFINED_ADDRESS) return undefined;
  const cursor = source.at(address, "extensible array super block");
  cursor.signature("EASB");
  cursor.version(0);
  cursor.skip(1);
  cursor.address();
  cursor.skip(shape.offsetWidth);
  if (blockElements > shape.pageElements) cursor.skip(blocks * Math.ceil(blockElements / shape.pageElements / 8));
  return cursor;
}

function readDataBlock(
  source: Source,
  address: number,
  first: number,
  blockElements: number,
  shape: Shape,
  elements: ArrayElement[],
): void {
  if (address === UNDEFINED_ADDRESS) return;
  const cursor = source.at(address, "extensible array data block");
  cursor.signature("EADB");
  cursor.version(0);
  cursor.skip(1);
  cursor.address();
  cursor.skip(shape.offsetWidth);
  const paged = blockElements > shape.pageElements;
  if (paged) cursor.skip(CHECKSUM_SIZE);
  const stop = Math.min(blockElements, shape.count - first);
  source.budget.takeItems(stop);
  for (let i = 0; i < stop; i++) {
    if (paged && i > 0 && i % shape.pageElements === 0) cursor.skip(CHECKSUM_SIZE);
    elements.push({ index: first + i, cursor: cursor.sub(shape.elementSize) });
  }
}
