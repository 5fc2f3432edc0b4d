import { bodyOf, MESSAGE, type Message, readObjectHeader } from "./object-header.ts";
import type { Cursor, Source } from "./source.ts";

/** What the elements of a dataset or attribute are. `string` is fixed-length or variable-length text. */
export type Hdf5Dtype =
  | "float16"
  | "bfloat16"
  | "float32"
  | "float64"
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "bool"
  | "string"
  | "opaque"
  | "unsupported";

/** A datatype, as far as the reader needs it. */
export interface Datatype {
  dtype: Hdf5Dtype;
  /** Bytes of one element on disk. */
  size: number;
  bigEndian: boolean;
  /** Text kept in the global heap rather than in the element. */
  variableLength: boolean;
  /** Fixed-length text is padded with spaces instead of NULs. */
  spacePadded: boolean;
  /** For `unsupported`: what it is, for the error. */
  about: string;
}

const CLASS = { fixed: 0, float: 1, string: 3, opaque: 5, enumeration: 8, variableLength: 9 } as const;
const CLASS_NAMES = ["integer", "float", "time", "string", "bit field", "opaque", "compound", "reference", "enum"];
const MAX_NESTING = 4;

/** Reads a datatype from a message body. Types that are not supported are returned as such, not refused. */
export function readDatatype(cursor: Cursor, depth = 0): Datatype {
  const classAndVersion = cursor.u8();
  const typeClass = classAndVersion & 0x0f;
  const version = classAndVersion >> 4;
  const flags = cursor.u8() | (cursor.u8() << 8) | (cursor.u8() << 16);
  const size = cursor.u32();
  const make = (dtype: Hdf5Dtype, more: Partial<Datatype> = {}): Datatype => ({
    dtype,
    size,
    bigEndian: (flags & 1) !== 0,
    variableLength: false,
    spacePadded: false,
    about: "",
    ...more,
  });
  const unsupported = (about: string): Datatype => make("unsupported", { about });
  if (version < 1 || version > 5) return unsupported(`datatype version ${version}`);
  // HDF5 has no such types, and they would make shapes without bound free.
  if (size === 0) return unsupported("elements of no size");
  switch (typeClass) {
    case CLASS.fixed: {
      const bitOffset = cursor.u16();
      const precision = cursor.u16();
      const name = `${flags & 8 ? "int" : "uint"}${precision}`;
      if (bitOffset !== 0 || precision !== size * 8 || ![8, 16, 32, 64].includes(precision)) {
        return unsupported(`${name} in ${size} bytes`);
      }
      return make(name as Hdf5Dtype);
    }
    case CLASS.float: {
      if (flags & 0x40) return unsupported("VAX floats");
      cursor.skip(4);
      const layout = [cursor.u8(), cursor.u8(), cursor.u8(), cursor.u8(), cursor.u32()].join();
      const dtype = FLOATS[`${size}:${layout}`];
      return dtype === undefined ? unsupported(`a float of ${size} bytes in a layout that is not IEEE's`) : make(dtype);
    }
    case CLASS.string:
      return make("string", { spacePadded: (flags & 15) === 2 });
    case CLASS.opaque:
      return make("opaque");
    case CLASS.enumeration: {
      if (depth >= MAX_NESTING) return unsupported("nested types");
      const base = readDatatype(cursor, depth + 1);
      if (base.size !== size) return unsupported("an enum of odd size");
      const isBool = (flags & 0xffff) === 2 && size === 1 && /^FALSE\0+TRUE\0/.test(asciiOf(cursor));
      return { ...base, dtype: isBool ? "bool" : base.dtype };
    }
    case CLASS.variableLength:
      if ((flags & 15) !== 1) return unsupported("sequences of variable length");
      // A length, and the address and index of an object of the global heap.
      if (size !== 8 + cursor.source.offsetSize) return unsupported("texts of odd size");
      return make("string", { variableLength: true });
    default:
      return unsupported(`the class ${CLASS_NAMES[typeClass] ?? typeClass}`);
  }
}

/** `size:exponent location,exponent bits,mantissa location,mantissa bits,bias` of the floats that exist in practice. */
const FLOATS: Record<string, Hdf5Dtype | undefined> = {
  "2:10,5,0,10,15": "float16",
  "2:7,8,0,7,127": "bfloat16",
  "4:23,8,0,23,127": "float32",
  "8:52,11,0,52,1023": "float64",
};

function asciiOf(cursor: Cursor): string {
  return String.fromCharCode(...cursor.bytes(Math.min(cursor.left, 16)));
}

/** Reads a datatype message, following it to a committed datatype where the message is shared. */
export function readDatatypeMessage(source: Source, message: Message): Datatype {
  const cursor = bodyOf(source, message, "datatype");
  return message.shared ? readCommitted(cursor) : readDatatype(cursor);
}

/** Reads the committed datatype that a shared-message reference points to. */
export function readCommitted(cursor: Cursor): Datatype {
  const { source } = cursor;
  const version = cursor.version(1, 2, 3);
  const kind = cursor.u8();
  if (version === 1) cursor.skip(6);
  else if (version === 3 && kind !== 2) throw cursor.fail("shared message heaps are not supported");
  const address = cursor.address();
  const target = readObjectHeader(source, address).find(({ type }) => type === MESSAGE.datatype);
  if (target === undefined || target.shared) throw cursor.fail("a committed datatype is missing");
  return readDatatype(bodyOf(source, target, "datatype"));
}
