import { FormatError } from "../errors.ts";
import { crc32 } from "./crc32.ts";

const UTF8_NAMES = 0x800;
const VERSION = 20;
/** 1980-01-01, the first day that zip knows: equal contents give equal archives. */
const DATE = 0x21;
const LOCAL_SIZE = 30;
const CENTRAL_SIZE = 46;
const END_SIZE = 22;

/**
 * Writes a zip archive of stored (not compressed) members, in the order given.
 *
 * @throws FormatError if a name repeats or the archive would pass 4 GiB
 */
export function writeZip(members: Iterable<readonly [name: string, bytes: Uint8Array]>): Uint8Array {
  const encoder = new TextEncoder();
  const seen = new Set<string>();
  const entries = [...members].map(([name, data]) => {
    if (seen.has(name)) throw new FormatError(`zip archive: it would have two members ${name}`);
    seen.add(name);
    return { name: encoder.encode(name), data, crc: crc32(data), start: 0 };
  });
  let end = 0;
  for (const entry of entries) {
    entry.start = end;
    end += LOCAL_SIZE + entry.name.length + entry.data.length;
  }
  const directory = end;
  for (const { name } of entries) end += CENTRAL_SIZE + name.length;
  if (end + END_SIZE > 0xffffffff || entries.length > 0xffff) {
    throw new FormatError("zip archive: it would be too large");
  }

  const out = new Uint8Array(end + END_SIZE);
  const view = new DataView(out.buffer);
  let position = directory;
  for (const { name, data, crc, start } of entries) {
    view.setUint32(start, 0x04034b50, true);
    writeCommon(view, start + 4, name.length, data.length, crc);
    out.set(name, start + LOCAL_SIZE);
    out.set(data, start + LOCAL_SIZE + name.length);

    view.setUint32(position, 0x02014b50, true);
    view.setUint16(position + 4, VERSION, true);
    writeCommon(view, position + 6, name.length, data.length, crc);
    view.setUint32(position + 42, start, true);
    out.set(name, position + CENTRAL_SIZE);
    position += CENTRAL_SIZE + name.length;
  }
  view.setUint32(position, 0x06054b50, true);
  view.setUint16(position + 8, entries.length, true);
  view.setUint16(position + 10, entries.length, true);
  view.setUint32(position + 12, position - directory, true);
  view.setUint32(position + 16, directory, true);
  return out;
}

/** The fields that local and central headers share, from "version needed" to "name length". */
function writeCommon(view: DataView, at: number, nameLength: number, size: number, crc: number): void {
  view.setUint16(at, VERSION, true);
  view.setUint16(at + 2, UTF8_NAMES, true);
  view.setUint16(at + 8, DATE, true);
  view.setUint32(at + 10, crc, true);
  view.setUint32(at + 14, size, true);
  view.setUint32(at + 18, size, true);
  view.setUint16(at + 22, nameLength, true);
}
