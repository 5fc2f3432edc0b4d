import { FormatError } from "../../errors.ts";
import { type ChunkPlace, findChunks } from "./chunk-index.ts";
import type { Dataspace } from "./dataspace.ts";
import { type Filter, undoFilters } from "./filters.ts";
import type { Layout } from "./layout.ts";
import type { Source } from "./source.ts";

/**
 * Reads all chunks of a chunked dataset into `out`, which holds the fill value where no chunk was written.
 *
 * @param elementSize bytes of an element on disk
 */
export function readChunks(
  source: Source,
  layout: Extract<Layout, { kind: "chunked" }>,
  space: Dataspace,
  elementSize: number,
  filters: Filter[],
  out: Uint8Array,
  what: string,
): void {
  const { chunkShape } = layout;
  if (chunkShape.length !== space.shape.length) {
    throw new FormatError(`HDF5 file: ${what} has chunks of another rank than its shape; the file is damaged`);
  }
  const chunkSize = chunkShape.reduce((product, size) => product * size, elementSize);
  for (const chunk of findChunks(source, layout, space, chunkSize, filters.length > 0, what)) {
    const region = clip(space.shape, chunkShape, chunk);
    if (region === undefined) continue;
    const partial = region.some((size, axis) => size < chunkShape[axis]!);
    const plain = filters.length === 0 || (partial && layout.edgeChunksUnfiltered);
    const raw = source.slice(chunk.address, plain ? chunkSize : chunk.size, `chunk of ${what}`);
    // The copy into `out` is counted too: a chunk listed many times must not make the work quadratic.
    source.budget.takeBytes(
      region.reduce((product, size) => product * size, elementSize) + (plain ? 0 : chunkSize * filters.length),
    );
    const data = plain ? raw : undoFilters(filters, raw, chunk.mask, chunkSize, what);
    scatter(data, chunkShape, region, chunk.offset, space.shape, elementSize, out);
  }
}

/** The part of a chunk that lies inside the dataset, or undefined. */
function clip(shape: number[], chunkShape: number[], chunk: ChunkPlace): number[] | undefined {
  const region = shape.map((size, axis) => Math.min(chunkShape[axis]!, size - chunk.offset[axis]!));
  return region.every((size) => size > 0) ? region : undefined;
}

/** Copies the region of a chunk (C order) to its place in the whole array. */
function scatter(
  data: Uint8Array,
  chunkShape: number[],
  region: number[],
  offset: number[],
  shape: number[],
  elementSize: number,
  out: Uint8Array,
): void {
  const last = shape.length - 1;
  const run = region[last]! * elementSize;
  const copyRows = (axis: number, from: number, to: number): void => {
    if (axis === last) {
      const start = (to * shape[last]! + offset[last]!) * elementSize;
      const first = from * chunkShape[last]! * elementSize;
      out.set(data.subarray(first, first + run), start);
      return;
    }
    for (let i = 0; i < region[axis]!; i++) {
      copyRows(axis + 1, from * chunkShape[axis]! + i, to * shape[axis]! + offset[axis]! + i);
    }
  };
  copyRows(0, 0, 0);
}
