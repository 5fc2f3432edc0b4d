import { FormatError } from "../errors.ts";
import { inflateExactly } from "./inflate.ts";
import { Budget, type Limits, withDefaults } from "./limits.ts";

/** The members of a zip archive. Names use "/", whatever the writer used. */
export interface ZipArchive {
  names(): string[];
  has(name: string): boolean;
  /**
   * A member's bytes: a view of the archive for a stored one, inflated for a deflated one. `undefined` if absent.
   *
   * @throws FormatError if the member is damaged, encrypted, or larger than the limits allow
   */
  get(name: string): Uint8Array | undefined;
}

interface Entry {
  name: string;
  method: number;
  encrypted: boolean;
  compressedSize: number;
  size: number;
  localHeader: number;
}

const SIGNATURE = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 };
const SIZE = { local: 30, central: 46, end: 22, end64: 56, locator64: 20 };
const MAX_COMMENT = 0xffff;
const STORED = 0;
const DEFLATED = 8;
const ZIP64_MARK = 0xffffffff;

/** Do these bytes start like a zip archive (with members, or empty)? */
export function isZip(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false;
  const signature = viewOf(bytes).getUint32(0, true);
  return signature === SIGNATURE.local || signature === SIGNATURE.end;
}

/**
 * Opens a zip archive by its central directory. Members are decoded when asked for; checksums are not verified.
 *
 * @throws FormatError if it is truncated or damaged, if names repeat or lead out of the archive ("..", "/"), or if
 * members overlap
 */
export function readZip(bytes: Uint8Array, limits?: Partial<Limits>): ZipArchive {
  const budget = new Budget(bytes.length, withDefaults(limits), "zip archive");
  const entries = new Map<string, Entry>();
  for (const entry of readDirectory(bytes)) {
    if (entry.name.endsWith("/")) continue;
    if (entries.has(entry.name)) throw new FormatError(`zip archive: it has two members ${entry.name}; it is hostile`);
    entries.set(entry.name, entry);
  }
  refuseOverlaps([...entries.values()]);
  return {
    names: () => [...entries.keys()],
    has: (name) => entries.has(name),
    get(name) {
      const entry = entries.get(name);
      return entry === undefined ? undefined : readMember(bytes, entry, budget);
    },
  };
}

function readMember(bytes: Uint8Array, entry: Entry, budget: Budget): Uint8Array {
  const what = `zip archive: member ${entry.name}`;
  if (entry.encrypted) throw new FormatError(`${what} is encrypted`);
  const view = viewOf(bytes);
  const { localHeader } = entry;
  if (localHeader + SIZE.local > bytes.length || view.getUint32(localHeader, true) !== SIGNATURE.local) {
    throw new FormatError(`${what} is not where the directory says; the file is damaged`);
  }
  const start =
    localHeader + SIZE.local + view.getUint16(localHeader + 26, true) + view.getUint16(localHeader + 28, true);
  const end = start + entry.compressedSize;
  if (end > bytes.length) throw new FormatError(`${what} ends outside the file; the file is truncated or damaged`);
  const data = bytes.subarray(start, end);
  if (entry.method === STORED) {
    if (entry.size !== entry.compressedSize) throw new FormatError(`${what} is stored with two different sizes`);
    return data;
  }
  if (entry.method !== DEFLATED) throw new FormatError(`${what} is compressed by method ${entry.method}, not deflate`);
  budget.takeBytes(entry.size);
  return inflateExactly(data, entry.size, what);
}

function readDirectory(bytes: Uint8Array): Entry[] {
  const { start, count } = findDirectory(bytes);
  const view = viewOf(bytes);
  const entries: Entry[] = [];
  let position = start;
  for (let i = 0; i < count; i++) {
    if (position + SIZE.central > bytes.length || view.getUint32(position, true) !== SIGNATURE.central) {
      throw new FormatError("zip archive: its directory is damaged");
    }
    const nameEnd = position + SIZE.central + view.getUint16(position + 28, true);
    const extraEnd = nameEnd + view.getUint16(position + 30, true);
    const next = extraEnd + view.getUint16(position + 32, true);
    if (next > bytes.length) throw new FormatError("zip archive: its directory is truncated");
    const entry: Entry = {
      name: safeName(bytes.subarray(position + SIZE.central, nameEnd)),
      method: view.getUint16(position + 10, true),
      encrypted: (view.getUint16(position + 8, true) & 1) !== 0,
      compressedSize: view.getUint32(position + 20, true),
      size: view.getUint32(position + 24, true),
      localHeader: view.getUint32(position + 42, true),
    };
    widenTo64(entry, view, nameEnd, extraEnd);
    entries.push(entry);
    position = next;
  }
  return entries;
}

/** Sizes and offsets over 4 GiB, or written as if, are in an extra field. */
function widenTo64(entry: Entry, view: DataView, start: number, end: number): void {
  for (let at = start; at + 4 <= end; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    let value = at + 4;
    for (const key of ["size", "compressedSize", "localHeader"] as const) {
      if (entry[key] !== ZIP64_MARK || value + 8 > end) continue;
      entry[key] = uint64(view, value);
      value += 8;
    }
  }
}

function findDirectory(bytes: Uint8Array): { start: number; count: number } {
  const view = viewOf(bytes);
  const lowest = Math.max(0, bytes.length - SIZE.end - MAX_COMMENT);
  for (let at = bytes.length - SIZE.end; at >= lowest; at--) {
    if (view.getUint32(at, true) !== SIGNATURE.end) continue;
    const count = view.getUint16(at + 10, true);
    const start = view.getUint32(at + 16, true);
    const locator = at - SIZE.locator64;
    if (locator >= 0 && view.getUint32(locator, true) === SIGNATURE.locator64) {
      const end64 = uint64(view, locator + 8);
      if (end64 + SIZE.end64 <= bytes.length && view.getUint32(end64, true) === SIGNATURE.end64) {
        return { start: uint64(view, end64 + 48), count: uint64(view, end64 + 32) };
      }
    }
    return { start, count };
  }
  throw new FormatError("not a zip archive, or truncated: its end record is missing");
}

function safeName(bytes: Uint8Array): string {
  const name = new TextDecoder().decode(bytes).replaceAll("\\", "/");
  const parts = name.split("/");
  if (name === "" || name.startsWith("/") || /^[A-Za-z]:/.test(name) || parts.includes("..") || name.includes("\0")) {
    throw new FormatError(`zip archive: the member name ${JSON.stringify(name)} leads out of the archive`);
  }
  return parts.filter((part, i) => part !== "." && (part !== "" || i === parts.length - 1)).join("/");
}

function refuseOverlaps(entries: Entry[]): void {
  let end = 0;
  for (const { name, localHeader, compressedSize } of entries.sort((a, b) => a.localHeader - b.localHeader)) {
    if (localHeader < end) throw new FormatError(`zip archive: member ${name} overlaps another; the file is hostile`);
    end = localHeader + SIZE.local + compressedSize;
  }
}

function uint64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x100000000;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
