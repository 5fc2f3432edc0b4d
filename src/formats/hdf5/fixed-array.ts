import { type Cursor, type Source, UNDEFINED_ADDRESS } from "./source.ts";

const CHECKSUM_SIZE = 4;

/** The elements of the fixed array at `address`, as cursors over their bytes. */
export function readFixedArray(source: Source, address: number): Cursor[] {
  const header = source.at(address, "fixed array");
  header.signature("FAHD");
  header.version(0);
  header.skip(1);
  const elementSize = header.u8();
  const pageBits = header.u8();
  const count = header.length();
  const blockAddress = header.address();
  if (blockAddress === UNDEFINED_ADDRESS) return [];
  if (elementSize === 0 || pageBits > 32) throw header.fail("is damaged");
  source.budget.takeItems(count);

  const block = source.at(blockAddress, "fixed array data block");
  block.signature("FADB");
  block.version(0);
  block.skip(1);
  block.address();
  const pageSize = 2 ** pageBits;
  const elements: Cursor[] = [];
  if (count <= pageSize) {
    for (let i = 0; i < count; i++) elements.push(block.sub(elementSize));
    return elements;
  }
  const pages = Math.ceil(count / pageSize);
  const initialised = block.bytes(Math.ceil(pages / 8));
  block.skip(CHECKSUM_SIZE);
  for (let page = 0; page < pages; page++) {
    const written = (initialised[page >> 3]! >> (7 - (page & 7))) & 1;
    const inPage = Math.min(pageSize, count - page * pageSize);
    for (let i = 0; i < inPage; i++) {
      const element = block.sub(elementSize);
      elements.push(written ? element : noChunk(source));
    }
    block.skip(CHECKSUM_SIZE);
  }
  return elements;
}

/** Stands for an element of a page that was never written. */
function noChunk(source: Source): Cursor {
  const cursor = source.at(0, "unwritten chunk", 0);
  cursor.address = () => UNDEFINED_ADDRESS;
  cursor.uint = () => 0;
  cursor.u32 = () => 0;
  return cursor;
}
