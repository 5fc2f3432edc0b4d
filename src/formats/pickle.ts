import { FormatError } from "../errors.ts";

/** Something that Python would make by a call; here it is only described. */
export interface PickledObject {
  readonly kind: "object";
  /** What is called: a symbol, mostly. */
  readonly of: Pickled;
  readonly args: Pickled;
  /** What Python would hand to `__setstate__`, or put into `__dict__`. */
  state: Pickled;
}

/** The name of a class or function: never looked up. */
export interface PickledSymbol {
  readonly kind: "symbol";
  readonly name: string;
}

/** A value of a pickle. Tuples, lists and sets are arrays, bytes are views of the file. */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Pickled[]
  | Map<Pickled, Pickled>
  | PickledObject
  | PickledSymbol;

const MARK = Symbol("mark");
type Item = Pickled | typeof MARK;

/**
 * Reads a pickle as data: nothing is imported and nothing called, so that a hostile one is only a strange tree. One pass
 * over the bytes; each operation takes at least one of them, and values are made once.
 *
 * @throws {FormatError} If it is truncated, damaged, or uses what NumPy's and Keras' pickles do not.
 */
export function readPickle(bytes: Uint8Array): Pickled {
  return new PickleReader(bytes).read();
}

class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #stack: Item[] = [];
  readonly #memo = new Map<number, Pickled>();
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(): Pickled {
    for (;;) {
      const code = this.#take(1)[0]!;
      if (code === 0x2e) return this.#pop();
      this.#run(code);
    }
  }

  #run(code: number): void {
    switch (code) {
      case 0x80: // PROTO
        this.#take(1);
        return;
      case 0x95: // FRAME
        this.#take(8);
        return;
      case 0x28: // MARK
        this.#stack.push(MARK);
        return;
      case 0x30: // POP
        this.#pop();
        return;
      case 0x31: // POP_MARK
        this.#sinceMark();
        return;
      case 0x4e: // NONE
        this.#push(null);
        return;
      case 0x88: // NEWTRUE
        this.#push(true);
        return;
      case 0x89: // NEWFALSE
        this.#push(false);
        return;
      case 0x4b: // BININT1
        this.#push(this.#take(1)[0]!);
        return;
      case 0x4d: // BININT2
        this.#push(this.#number(2));
        return;
      case 0x4a: // BININT
        this.#push(this.#number(4) | 0);
        return;
      case 0x8a: // LONG1
        this.#push(long(this.#take(this.#number(1))));
        return;
      case 0x47: // BINFLOAT
        this.#push(this.#float());
        return;
      case 0x8c: // SHORT_BINUNICODE
        this.#push(this.#text(1));
        return;
      case 0x58: // BINUNICODE
        this.#push(this.#text(4));
        return;
      case 0x8d: // BINUNICODE8
        this.#push(this.#text(8));
        return;
      case 0x43: // SHORT_BINBYTES
        this.#push(this.#take(this.#number(1)));
        return;
      case 0x42: // BINBYTES
        this.#push(this.#take(this.#number(4)));
        return;
      case 0x8e: // BINBYTES8
        this.#push(this.#take(this.#number(8)));
        return;
      case 0x29: // EMPTY_TUPLE
      case 0x5d: // EMPTY_LIST
      case 0x8f: // EMPTY_SET
        this.#push([]);
        return;
      case 0x7d: // EMPTY_DICT
        this.#push(new Map());
        return;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        this.#push(this.#popMany(code - 0x84));
        return;
      case 0x74: // TUPLE
      case 0x91: // FROZENSET
        this.#push(this.#sinceMark());
        return;
      case 0x61: // APPEND
        this.#append([this.#pop()]);
        return;
      case 0x65: // APPENDS
      case 0x90: // ADDITEMS
        this.#append(this.#sinceMark());
        return;
      case 0x73: // SETITEM
        this.#set(this.#popMany(2));
        return;
      case 0x75: // SETITEMS
        this.#set(this.#sinceMark());
        return;
      case 0x63: // GLOBAL
        this.#push({ kind: "symbol", name: `${this.#line()}.${this.#line()}` });
        return;
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        this.#push({ kind: "symbol", name: `${String(module)}.${String(name)}` });
        return;
      }
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const [of, args] = this.#popMany(2);
        this.#push({ kind: "object", of: of!, args: args!, state: null });
        return;
      }
      case 0x62: {
        // BUILD
        const state = this.#pop();
        const object = this.#top();
        if (!isObject(object)) throw damaged();
        object.state = state;
        return;
      }
      case 0x94: // MEMOIZE
        this.#memo.set(this.#memo.size, this.#top());
        return;
      case 0x71: // BINPUT
        this.#memo.set(this.#number(1), this.#top());
        return;
      case 0x72: // LONG_BINPUT
        this.#memo.set(this.#number(4), this.#top());
        return;
      case 0x68: // BINGET
        this.#recall(this.#number(1));
        return;
      case 0x6a: // LONG_BINGET
        this.#recall(this.#number(4));
        return;
      default:
        throw new FormatError(`pickle: the operation 0x${code.toString(16)} is not one of NumPy's or Keras' arrays`);
    }
  }

  #take(count: number): Uint8Array {
    if (!(count <= this.#bytes.length - this.#at)) throw damaged();
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** An unsigned number, little end first. */
  #number(width: 1 | 2 | 4 | 8): number {
    const at = this.#at;
    this.#take(width);
    if (width === 8) return Number(this.#view.getBigUint64(at, true));
    return width === 1
      ? this.#view.getUint8(at)
      : width === 2
        ? this.#view.getUint16(at, true)
        : this.#view.getUint32(at, true);
  }

  #float(): number {
    const at = this.#at;
    this.#take(8);
    return this.#view.getFloat64(at, false);
  }

  #text(width: 1 | 4 | 8): string {
    return new TextDecoder().decode(this.#take(this.#number(width)));
  }

  #line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0) throw damaged();
    return new TextDecoder().decode(this.#take(end + 1 - this.#at).subarray(0, -1));
  }

  #push(value: Pickled): void {
    this.#stack.push(value);
  }

  #pop(): Pickled {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw damaged();
    return value;
  }

  #top(): Pickled {
    const value = this.#stack.at(-1);
    if (value === undefined || value === MARK) throw damaged();
    return value;
  }

  #popMany(count: number): Pickled[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }

  #sinceMark(): Pickled[] {
    const from = this.#stack.lastIndexOf(MARK);
    if (from < 0) throw damaged();
    return this.#stack.splice(from).slice(1) as Pickled[];
  }

  #append(items: readonly Pickled[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw damaged();
    for (const item of items) (list as Pickled[]).push(item);
  }

  #set(items: readonly Pickled[]): void {
    const dict = this.#top();
    if (!(dict instanceof Map) || items.length % 2 !== 0) throw damaged();
    for (let i = 0; i < items.length; i += 2) dict.set(items[i]!, items[i + 1]!);
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw damaged();
    this.#push(value);
  }
}

function damaged(): FormatError {
  return new FormatError("pickle: it is truncated or damaged");
}

/** A whole number of any width, little end first, in two's complement. */
function long(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return BigInt.asIntN(8 * bytes.length, value);
}

/** True for what Python would make by a call. */
export function isObject(value: Pickled): value is PickledObject {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "object";
}
