import { FormatError } from "../../errors.ts";
import { readDenseBodies } from "./dense.ts";
import { bodyOf, MESSAGE, type Message } from "./object-header.ts";
import { type Cursor, decodeUtf8, type Source, UNDEFINED_ADDRESS } from "./source.ts";
import { readSymbolTable } from "./symbol-table.ts";

/** A name in a group and the object header it leads to, or why it cannot be followed. */
export type Link = { name: string; address: number; refused?: undefined } | { name: string; refused: string };

/** All links of a group in every way that HDF5 stores them; sorted by name where the file has no order of its own. */
export function readLinks(source: Source, messages: Message[], group: string): Map<string, Link> {
  const links: Link[] = [];
  for (const message of messages) {
    if (message.type === MESSAGE.symbolTable) {
      links.push(...readSymbolTable(bodyOf(source, message, `symbol table of ${group}`)));
    } else if (message.type === MESSAGE.link) {
      links.push(readLinkMessage(bodyOf(source, message, `link in ${group}`)));
    } else if (message.type === MESSAGE.linkInfo) {
      links.push(...readDenseLinks(bodyOf(source, message, `link info of ${group}`)));
    }
  }
  if (!messages.some(({ type }) => type === MESSAGE.symbolTable)) {
    links.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }
  const table = new Map<string, Link>();
  for (const link of links) {
    if (link.name === "" || link.name.includes("/")) {
      throw new FormatError(`HDF5 file: ${group} has a link with the impossible name "${link.name}"`);
    }
    if (table.has(link.name)) throw new FormatError(`HDF5 file: ${group} has two links ${link.name}`);
    table.set(link.name, link);
  }
  return table;
}

function readLinkMessage(cursor: Cursor): Link {
  cursor.version(1);
  const flags = cursor.u8();
  const type = flags & 8 ? cursor.u8() : 0;
  if (flags & 4) cursor.skip(8);
  if (flags & 0x10) cursor.skip(1);
  const length = cursor.uint(1 << (flags & 3));
  cursor.source.budget.takeBytes(2 * length);
  const name = decodeUtf8(cursor.bytes(length));
  if (type === 0) return { name, address: cursor.address() };
  return { name, refused: type === 1 ? "a soft link" : "an external link" };
}

function readDenseLinks(cursor: Cursor): Link[] {
  cursor.version(0);
  const flags = cursor.u8();
  if (flags & 1) cursor.skip(8);
  const heapAddress = cursor.address();
  const indexAddress = cursor.address();
  if (heapAddress === UNDEFINED_ADDRESS || indexAddress === UNDEFINED_ADDRESS) return [];
  return readDenseBodies(cursor.source, heapAddress, indexAddress, "links").map(readLinkMessage);
}
