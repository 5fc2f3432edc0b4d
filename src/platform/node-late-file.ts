import type * as FileSystem from "node:fs";
import { FormatError } from "../errors.ts";
import type { FilePart, LateFile } from "../formats/native/late-file.ts";
import { LateWeight } from "../formats/native/late-weight.ts";
import { builtin } from "./node-builtin.ts";

/** Less that can wait is not worth a second look at the file. */
const WORTH = 1 << 20;
/** More that cannot wait would hold the program up: a thread reads it. */
const AT_ONCE = 4 << 20;
/** Milliseconds for which a file is taken to be as it was: longer than that, reading it whole would last. */
const FRESH = 1;
const OVERWRITTEN = "it was written to while the model was being read from it; load the model again";
/** Parts that are asked for one by one; then it is cheaper to read the rest. */
const MAX_PARTS = 500;

/**
 * A file most of which can wait: a first prediction needs a hundredth of a table of words, and comes milliseconds before
 * all of the table is read. The file is open from the first part that is brought until a thread has read the rest, which
 * it starts to do as soon as the program waits for something. Meanwhile the file may be deleted or replaced; one that is
 * written over is told by its time and size.
 *
 * @param found - What is known of the file.
 * @param wanted - Bytes that can wait.
 * @returns undefined if the file is better read whole, or is not there.
 */
export function lateFile(path: string, found: FileSystem.Stats | undefined, wanted: number): LateFile | undefined {
  if (!found || !(wanted >= WORTH && found.size >= wanted && found.size - wanted <= AT_ONCE)) return undefined;
  return new PartedFile(path, found);
}

/** Not `performance`, which Node loads a dozen modules of its own for when it is first asked. */
const milliseconds = (): number => process.uptime() * 1000;

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

class PartedFile implements LateFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #fs = builtin<typeof FileSystem>("node:fs");
  readonly #path: string;
  readonly #found: FileSystem.Stats;
  readonly #waiting: Float32Array[] = [];
  /** Undefined before the first part and after the last. */
  #fd: number | undefined;
  #parts = 0;
  #checked = 0;
  #isReading = false;
  /** Nothing is left to read, or it cannot be read. */
  #isDone = false;
  #fault: FormatError | undefined;

  constructor(path: string, found: FileSystem.Stats) {
    this.#path = path;
    this.#found = found;
    // Pages that nobody touches take no memory and no time.
    this.bytes = new Uint8Array(found.size);
  }

  readonly bring = <Part extends FilePart>(part: Part, into?: Part): void => {
    if (this.#fault) throw this.#fault;
    const isOfFile = part.buffer === this.bytes.buffer;
    try {
      if (isOfFile && !this.#isDone && ++this.#parts > MAX_PARTS) this.#readRest();
      if (isOfFile && !this.#isDone) this.#fill(part, into ?? part);
      else if (into) bytesOf(into).set(bytesOf(part));
    } catch (cause) {
      throw this.#end(cause);
    }
  };

  later(part: Float32Array): ReturnType<LateFile["later"]> {
    this.#waiting.push(part);
    return (spec) => new LateWeight(spec, part, this.bring);
  }

  #readRest(): void {
    for (const rest of this.#waiting) this.#fill(rest, rest);
    this.#end();
  }

  #fill({ byteOffset, byteLength }: FilePart, into: FilePart): void {
    const fd = this.#open();
    const target = bytesOf(into);
    for (let at = 0; at < byteLength; ) {
      const count = this.#fs.readSync(fd, target, at, byteLength - at, byteOffset + at);
      if (count === 0) throw new Error(OVERWRITTEN);
      at += count;
    }
    if (milliseconds() - this.#checked > FRESH) this.#check(fd);
  }

  #open(): number {
    if (this.#fd === undefined) {
      this.#fd = this.#fs.openSync(this.#path, "r");
      setImmediate(() => this.#readOn(0, 0));
    }
    return this.#fd;
  }

  #check(fd: number): void {
    const { size, mtimeMs } = this.#fs.fstatSync(fd);
    this.#checked = milliseconds();
    if (size === this.#found.size && mtimeMs === this.#found.mtimeMs) return;
    throw new Error(OVERWRITTEN);
  }

  /** Reads what waits in a thread, from a byte of a part on. */
  #readOn(index: number, from: number): void {
    const part = this.#waiting[index];
    if (this.#isDone || !part) {
      this.#end();
      return;
    }
    if (from === part.byteLength) {
      this.#readOn(index + 1, 0);
      return;
    }
    const fd = this.#open();
    const at = part.byteOffset + from;
    this.#isReading = true;
    this.#fs.read(fd, this.bytes, at, part.byteLength - from, at, (error, count) => {
      this.#isReading = false;
      try {
        if (error) throw error;
        if (count === 0) throw new Error(OVERWRITTEN);
        this.#check(fd);
        this.#readOn(index, from + count);
      } catch (cause) {
        this.#end(cause);
      }
    });
  }

  /** Closes the file, but not under a thread that reads it. */
  #end(cause?: unknown): FormatError | undefined {
    this.#isDone = true;
    if (cause !== undefined) {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#fault ??= new FormatError(`${this.#path} cannot be read: ${why}.`, { cause });
    }
    if (!this.#isReading && this.#fd !== undefined) {
      this.#fs.closeSync(this.#fd);
      this.#fd = undefined;
    }
    return this.#fault;
  }
}
