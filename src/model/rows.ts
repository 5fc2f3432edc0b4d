import { ShapeError } from "../errors.ts";
import { formatShape, sizeOf, type Tensor } from "../tensor.ts";

/** Rows from..to − 1 of a tensor; numbers are a view, not a copy. */
export function takeRows(tensor: Tensor, from: number, to: number): Tensor {
  const width = sizeOf(tensor.shape.slice(1));
  const { data } = tensor;
  const part = Array.isArray(data) ? data.slice(from * width, to * width) : data.subarray(from * width, to * width);
  return { data: part, shape: [to - from, ...tensor.shape.slice(1)] };
}

/**
 * Where outputs go, one tensor for each: new memory, or the caller's.
 *
 * @param parts - The outputs of the first slice of a batch, or of the whole.
 * @param rows - Rows of the batch if `parts` is a slice of it.
 * @param given - The caller's arrays.
 * @throws {ShapeError} If their number or a length is wrong.
 */
export function outputTensors(
  parts: readonly Tensor[],
  rows: number | undefined,
  given?: readonly (Float32Array | Int32Array)[],
): readonly Tensor[] {
  if (given && given.length !== parts.length) {
    throw new ShapeError(`The model has ${parts.length} outputs; \`out\` has ${given.length}.`);
  }
  return parts.map(({ data, shape: [first, ...inner] }, i) => {
    const shape = first === undefined ? [] : [rows ?? first, ...inner];
    const size = sizeOf(shape);
    const own = given?.[i];
    if (!own) return { data: emptyLike(data, size), shape };
    if (own.length === size && !Array.isArray(data)) return { data: own, shape };
    const holds = Array.isArray(data) ? "strings" : `${size} elements (${formatShape(shape)})`;
    throw new ShapeError(`\`out\` ${i} must hold ${holds}; it holds ${own.length} numbers.`);
  });
}

function emptyLike(data: Tensor["data"], size: number): Tensor["data"] {
  if (Array.isArray(data)) return new Array<string>(size).fill("");
  return data instanceof Int32Array ? new Int32Array(size) : new Float32Array(size);
}

/** Copies a slice of a batch to its rows. @throws {ShapeError} If its rows have another shape than the target's. */
export function putRows(target: Tensor, part: Tensor, row: number): void {
  const width = sizeOf(part.shape.slice(1));
  if (part.data.length > 0 && sizeOf(target.shape.slice(1)) !== width) {
    throw new ShapeError(
      `Slices of the batch gave outputs of different shapes, ${formatShape(part.shape)} among them.`,
    );
  }
  if (!Array.isArray(target.data)) target.data.set(part.data as Float32Array, row * width);
  else for (const [i, text] of (part.data as string[]).entries()) target.data[row * width + i] = text;
}
