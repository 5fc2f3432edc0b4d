import { Inflate, inflateSync } from "fflate";
import { FormatError } from "../errors.ts";

/** Compressed input handed on at once; deflate makes at most 1032 times as much of it. */
const STEP = 32 * 1024;

/**
 * Inflates raw deflate data to exactly `size` bytes. The memory and the time are those of `size` bytes: data that would
 * give more, or less, is refused as soon as that shows.
 *
 * @param what names the data in errors
 */
export function inflateExactly(data: Uint8Array, size: number, what: string): Uint8Array {
  try {
    return data.length <= STEP ? inflateAtOnce(data, size, what) : inflateInSteps(data, size, what);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(
      `${what}: its compressed data is damaged (${error instanceof Error ? error.message : error})`,
    );
  }
}

function inflateAtOnce(data: Uint8Array, size: number, what: string): Uint8Array {
  // One byte too many shows data that is too long; fflate drops what does not fit.
  const out = inflateSync(data, { out: new Uint8Array(size + 1) });
  if (data.length === 0 || out.length !== size) throw wrongSize(what, size);
  return out;
}

function inflateInSteps(data: Uint8Array, size: number, what: string): Uint8Array {
  const out = new Uint8Array(size);
  let filled = 0;
  const stream = new Inflate((piece) => {
    if (piece.length > size - filled) throw wrongSize(what, size);
    out.set(piece, filled);
    filled += piece.length;
  });
  for (let start = 0; start < data.length; start += STEP) {
    const end = Math.min(start + STEP, data.length);
    stream.push(data.subarray(start, end), end === data.length);
  }
  if (filled !== size) throw wrongSize(what, size);
  return out;
}

function wrongSize(what: string, size: number): FormatError {
  return new FormatError(`${what}: its compressed data does not give the ${size} bytes that it declares`);
}
