import type { WeightArray } from "./file-array.ts";

/** Arrays of the same shape side by side on the last axis. */
export function joinLast(parts: readonly WeightArray[]): WeightArray {
  const { shape } = parts[0]!;
  const widths = parts.map((part) => part.shape[part.shape.length - 1] ?? 1);
  const width = widths.reduce((sum, n) => sum + n, 0);
  const rows = parts[0]!.data.length / Math.max(1, widths[0]!);
  const data = new Float32Array(rows * width);
  let start = 0;
  for (const [i, part] of parts.entries()) {
    const own = widths[i]!;
    for (let row = 0; row < rows; row++) data.set(part.data.subarray(row * own, (row + 1) * own), row * width + start);
    start += own;
  }
  return { data, shape: [...shape.slice(0, -1), width] };
}

/** The axes in another order, as numpy's transpose. */
export function transpose({ data, shape }: WeightArray, axes: readonly number[]): WeightArray {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((product, n) => product * n, 1));
  const to = axes.map((axis) => shape[axis]!);
  const steps = axes.map((axis) => strides[axis]!);
  const out = new Float32Array(data.length);
  const index = new Array<number>(to.length).fill(0);
  let from = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = data[from]!;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < to[axis]!) break;
      from -= steps[axis]! * to[axis]!;
      index[axis] = 0;
    }
  }
  return { data: out, shape: to };
}

/** The leading axes reversed, as Theano's convolutions want their kernels. */
export function flipLeading({ data, shape }: WeightArray, axes: number): WeightArray {
  const cell = shape.slice(axes).reduce((product, n) => product * n, 1);
  const cells = data.length / cell;
  const out = new Float32Array(data.length);
  // Reversing every leading axis reverses the order of the cells.
  for (let i = 0; i < cells; i++) out.set(data.subarray(i * cell, (i + 1) * cell), (cells - 1 - i) * cell);
  return { data: out, shape };
}

/** The same values with another shape. */
export function reshape({ data }: WeightArray, shape: readonly number[]): WeightArray {
  return { data, shape };
}
