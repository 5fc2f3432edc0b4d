import type { Cursor, Source } from "./source.ts";

/** Message types that the reader looks at. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  fillOld: 0x04,
  fill: 0x05,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** One message of an object header: where its body lies. */
export interface Message {
  type: number;
  /** Body is a reference to a message kept elsewhere. */
  shared: boolean;
  start: number;
  length: number;
}

/** Reads the messages of the object header at `address`, versions 1 and 2, continuation blocks included. */
export function readObjectHeader(source: Source, address: number): Message[] {
  const cursor = source.at(address, "object header");
  return cursor.u8() === 1 ? readVersion1(cursor) : readVersion2(source, address);
}

/** A cursor over a message's body. */
export function bodyOf(source: Source, message: Message, what: string): Cursor {
  return source.at(message.start, what, message.length);
}

function readVersion1(cursor: Cursor): Message[] {
  const { source } = cursor;
  cursor.skip(1);
  const count = cursor.u16();
  cursor.skip(4);
  const size = cursor.u32();
  cursor.skip(4);
  const blocks = new BlockQueue(cursor.sub(Math.min(size, cursor.left)));
  const messages: Message[] = [];
  for (let block = blocks.next(); block !== undefined; block = blocks.next()) {
    while (block.left >= 8 && messages.length < count) {
      source.budget.takeItems(1);
      const type = block.u16();
      const length = block.u16();
      const flags = block.u8();
      block.skip(3);
      const body = block.sub(length);
      messages.push({ type, shared: (flags & 2) !== 0, start: body.position, length });
      if (type === MESSAGE.continuation) {
        const start = body.address();
        blocks.add(source.at(start, "object header continuation", body.length()));
      }
    }
  }
  return messages;
}

function readVersion2(source: Source, address: number): Message[] {
  const cursor = source.at(address, "object header");
  cursor.signature("OHDR");
  cursor.version(2);
  const flags = cursor.u8();
  if (flags & 0x20) cursor.skip(16);
  if (flags & 0x10) cursor.skip(4);
  const creationOrder = flags & 4 ? 2 : 0;
  const blocks = new BlockQueue(cursor.sub(cursor.uint(1 << (flags & 3))));
  const messages: Message[] = [];
  for (let block = blocks.next(); block !== undefined; block = blocks.next()) {
    while (block.left >= 4 + creationOrder) {
      source.budget.takeItems(1);
      const type = block.u8();
      const length = block.u16();
      const messageFlags = block.u8();
      block.skip(creationOrder);
      const body = block.sub(length);
      messages.push({ type, shared: (messageFlags & 2) !== 0, start: body.position, length });
      if (type === MESSAGE.continuation) {
        const start = body.address();
        const next = source.at(start, "object header continuation", body.length());
        next.signature("OCHK");
        blocks.add(next.sub(Math.max(0, next.left - 4)));
      }
    }
  }
  return messages;
}

/** Blocks of one header still to be read; a block that comes twice is a cycle. */
class BlockQueue {
  readonly #waiting: Cursor[] = [];
  readonly #seen = new Set<number>();

  constructor(first: Cursor) {
    this.add(first);
  }

  add(block: Cursor): void {
    if (this.#seen.has(block.position)) throw block.fail("continues in itself; the file is damaged or hostile");
    this.#seen.add(block.position);
    this.#waiting.push(block);
  }

  next(): Cursor | undefined {
    return this.#waiting.shift();
  }
}
