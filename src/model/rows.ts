import { ShapeError } from "../errors.ts";
import { formatShape, sizeOf, type Tensor } from "../tensor.ts";

/** Rows from..to − 1 of a tensor; numbers are a view, not a copy. */
export function takeRows(tensor: Tensor, from: number, to: number): Tensor {
  const width = sizeOf(tensor.shape.slice(1));
  const { data } = tensor;
  const part = Array.isArray(data) ? data.slice(from * width, to * width) : data.subarray(from * width, to * width);
  return { data: part, shape: [to - from, ...tensor.shape.slice(1)] };
}

/** Writes a slice of rows into the whole, which is made when the first slice comes. */
export function putRows(all: Tensor | undefined, part: Tensor, row: number, rows: number): Tensor {
  const width = sizeOf(part.shape.slice(1));
  const target = all ?? {
    data: part.data instanceof Int32Array ? new Int32Array(rows * width) : new Float32Array(rows * width),
    shape: [rows, ...part.shape.slice(1)],
  };
  if (sizeOf(target.shape.slice(1)) !== width) {
    throw new ShapeError(
      `Slices of the batch gave outputs of different shapes, ${formatShape(part.shape)} among them.`,
    );
  }
  (target.data as Float32Array).set(part.data as Float32Array, row * width);
  return target;
}
