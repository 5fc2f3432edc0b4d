import type { Cursor } from "./source.ts";

const MAX_RANK = 32;

/** Shape of a dataset or attribute. */
export interface Dataspace {
  /** `[]` for a scalar; `[0]` for a null dataspace (h5py's Empty). */
  shape: number[];
  /** Sizes that the dataset may grow to; Infinity where unlimited. */
  maxShape: number[];
  /** Number of elements. */
  count: number;
}

/** Reads a dataspace message body, versions 1 and 2. */
export function readDataspace(cursor: Cursor): Dataspace {
  const version = cursor.version(1, 2);
  const rank = cursor.u8();
  if (rank > MAX_RANK) throw cursor.fail(`${rank} dimensions are more than HDF5 allows`);
  const flags = cursor.u8();
  const kind = cursor.u8();
  if (version === 1) cursor.skip(4);
  if (version === 2 && kind === 2) return { shape: [0], maxShape: [0], count: 0 };
  const shape = Array.from({ length: rank }, () => cursor.length());
  const unlimited = 256 ** cursor.source.lengthSize - 1;
  const maxShape = flags & 1 ? shape.map(() => cursor.length()).map((n) => (n >= unlimited ? Infinity : n)) : shape;
  // A zero anywhere wins, also over dimensions whose product would overflow.
  const count = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(count) || !shape.every(Number.isSafeInteger)) {
    throw cursor.fail(`the shape [${shape}] is absurd; the file is damaged`);
  }
  return { shape, maxShape, count };
}
