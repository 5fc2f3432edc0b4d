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
    const opened =
      s < direct ? { pointers: block } : openSuperBlock(source, block.address(), blocks, blockElements, shape);
    for (let i = 0; i < blocks && next < count; i++, next += blockElements) {
      if (opened === undefined) continue;
      const pages = opened.pages && { written: opened.pages, first: i * Math.ceil(blockElements / shape.pageElements) };
      readDataBlock(source, opened.pointers.address(), next, blockElements, shape, pages, elements);
    }
  }
  return elements;
}

/**
 * A cursor at the data block pointers of a super block, and one bit per page of its data blocks, set for pages that
 * were written. Undefined if the super block never was.
 */
function openSuperBlock(
  source: Source,
  address: number,
  blocks: number,
  blockElements: number,
  shape: Shape,
): { pointers: Cursor; pages?: Uint8Array } | undefined {
  if (address === UNDEFINED_ADDRESS) return undefined;
  const pointers = source.at(address, "extensible array super block");
  pointers.signature("EASB");
  pointers.version(0);
  pointers.skip(1);
  pointers.address();
  pointers.skip(shape.offsetWidth);
  if (blockElements <= shape.pageElements) return { pointers };
  return { pages: pointers.bytes(blocks * Math.ceil(blockElements / shape.pageElements / 8)), pointers };
}

function readDataBlock(
  source: Source,
  address: number,
  first: number,
  blockElements: number,
  shape: Shape,
  pages: { written: Uint8Array; first: number } | undefined,
  elements: ArrayElement[],
): void {
  if (address === UNDEFINED_ADDRESS) return;
  const cursor = source.at(address, "extensible array data block");
  cursor.signature("EADB");
  cursor.version(0);
  cursor.skip(1);
  cursor.address();
  cursor.skip(shape.offsetWidth);
  const stop = Math.min(blockElements, shape.count - first);
  if (pages === undefined) {
    readElements(cursor, first, stop, shape, elements);
    return;
  }
  for (let start = 0, page = pages.first; start < stop; start += shape.pageElements, page++) {
    cursor.skip(CHECKSUM_SIZE);
    const body = cursor.sub(shape.pageElements * shape.elementSize);
    const isWritten = (pages.written[page >> 3]! >> (7 - (page & 7))) & 1;
    if (isWritten) readElements(body, first + start, Math.min(shape.pageElements, stop - start), shape, elements);
  }
}

function readElements(cursor: Cursor, first: number, count: number, shape: Shape, elements: ArrayElement[]): void {
  cursor.source.budget.takeItems(count);
  for (let i = 0; i < count; i++) elements.push({ index: first + i, cursor: cursor.sub(shape.elementSize) });
}
