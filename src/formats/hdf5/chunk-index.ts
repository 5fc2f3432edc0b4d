import { FormatError } from "../../errors.ts";
import { readBtree2 } from "./btree2.ts";
import { readChunkTree } from "./chunk-btree1.ts";
import type { Dataspace } from "./dataspace.ts";
import { readExtensibleArray } from "./extensible-array.ts";
import { readFixedArray } from "./fixed-array.ts";
import type { Layout } from "./layout.ts";
import { type Cursor, type Source, UNDEFINED_ADDRESS } from "./source.ts";

/** Where one chunk lies in the file, and where in the dataset it belongs. */
export interface ChunkPlace {
  /** Of its first element. */
  offset: number[];
  address: number;
  /** Bytes in the file. */
  size: number;
  /** Bit i set: filter i was skipped. */
  mask: number;
}

const MASK_SIZE = 4;
const SCALED_OFFSET_SIZE = 8;

/** All chunks that were written, by whichever index the dataset has. */
export function findChunks(
  source: Source,
  { chunkShape, index }: Extract<Layout, { kind: "chunked" }>,
  space: Dataspace,
  chunkSize: number,
  filtered: boolean,
  what: string,
): ChunkPlace[] {
  if (index.address === UNDEFINED_ADDRESS) return [];
  const rank = chunkShape.length;
  // An entry is an address and, for filtered chunks, the size in as many bytes as are left, and the mask.
  const entry = (cursor: Cursor, offset: number[], after = 0): ChunkPlace => {
    const address = cursor.address();
    return filtered
      ? { offset, address, size: cursor.uint(cursor.left - MASK_SIZE - after), mask: cursor.u32() }
      : { offset, address, size: chunkSize, mask: 0 };
  };
  const written = (chunks: ChunkPlace[]): ChunkPlace[] => chunks.filter(({ address }) => address !== UNDEFINED_ADDRESS);

  switch (index.kind) {
    case "btree1":
      return readChunkTree(source, index.address, rank);
    case "single": {
      const offset = chunkShape.map(() => 0);
      return [{ offset, address: index.address, size: index.filteredSize ?? chunkSize, mask: index.mask }];
    }
    case "implicit": {
      const grid = chunkGrid(space.maxShape, chunkShape);
      const count = grid.reduce((product, size) => product * size, 1);
      source.at(index.address, `chunks of ${what}`, count * chunkSize);
      source.budget.takeItems(count);
      return Array.from({ length: count }, (_, i) => {
        return {
          offset: offsetOf(i, grid, chunkShape),
          address: index.address + i * chunkSize,
          size: chunkSize,
          mask: 0,
        };
      });
    }
    case "fixedArray": {
      const grid = chunkGrid(space.maxShape, chunkShape);
      const elements = readFixedArray(source, index.address);
      return written(elements.map(({ index: i, cursor }) => entry(cursor, offsetOf(i, grid, chunkShape))));
    }
    case "extensibleArray": {
      const grows = space.maxShape.indexOf(Infinity);
      if (grows < 0) throw new FormatError(`HDF5 file: the chunk index of ${what} does not fit its shape`);
      const axes = [grows, ...space.maxShape.keys()].filter((axis, i) => i === 0 || axis !== grows);
      const grid = chunkGrid(space.maxShape, chunkShape);
      const turned = axes.map((axis) => grid[axis]!);
      const turnedChunk = axes.map((axis) => chunkShape[axis]!);
      return written(
        readExtensibleArray(source, index.address).map(({ index: i, cursor }) => {
          const offset: number[] = [];
          for (const [k, start] of offsetOf(i, turned, turnedChunk).entries()) offset[axes[k]!] = start;
          return entry(cursor, offset);
        }),
      );
    }
    case "btree2": {
      const { records } = readBtree2(source, index.address);
      return records.map((cursor) => {
        const place = entry(cursor, [], rank * SCALED_OFFSET_SIZE);
        place.offset = chunkShape.map((size) => cursor.uint(SCALED_OFFSET_SIZE) * size);
        return place;
      });
    }
  }
}

/** Chunks along each axis. */
function chunkGrid(shape: number[], chunkShape: number[]): number[] {
  return shape.map((size, axis) => Math.ceil(size / chunkShape[axis]!));
}

/** First element of chunk `i`, counted in C order; the first axis may be without end. */
function offsetOf(i: number, grid: number[], chunkShape: number[]): number[] {
  const offset = new Array<number>(grid.length);
  let rest = i;
  for (let axis = grid.length - 1; axis >= 0; axis--) {
    const size = axis === 0 ? Infinity : Math.max(1, grid[axis]!);
    const position = size === Infinity ? rest : rest % size;
    offset[axis] = position * chunkShape[axis]!;
    rest = size === Infinity ? 0 : Math.floor(rest / size);
  }
  return offset;
}
