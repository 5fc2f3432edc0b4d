import type { ArrayElement } from "./extensible-array.ts";
import { type Source, UNDEFINED_ADDRESS } from "./source.ts";

const CHECKSUM_SIZE = 4;

/** The elements of the fixed array at `address`, but for pages that were never written. */
export function readFixedArray(source: Source, address: number): ArrayElement[] {
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
  const elements: ArrayElement[] = [];
  if (count <= pageSize) {
    for (let index = 0; index < count; index++) elements.push({ index, cursor: block.sub(elementSize) });
    return elements;
  }
  const pages = Math.ceil(count / pageSize);
  const initialised = block.bytes(Math.ceil(pages / 8));
  block.skip(CHECKSUM_SIZE);
  for (let page = 0; page < pages; page++) {
    const written = (initialised[page >> 3]! >> (7 - (page & 7))) & 1;
    const stop = Math.min(count, (page + 1) * pageSize);
    for (let index = page * pageSize; index < stop; index++) {
      const cursor = block.sub(elementSize);
      if (written) elements.push({ index, cursor });
    }
    block.skip(CHECKSUM_SIZE);
  }
  return elements;
}
