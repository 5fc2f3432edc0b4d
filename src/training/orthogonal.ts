import { OptionError } from "../errors.ts";
import { formatShape, type Shape, sizeOf } from "../tensor.ts";
import type { Random } from "./random.ts";

/**
 * Keras' orthogonal initializer: a normal matrix [rows, columns] (the last axis are the columns) made orthonormal along
 * its shorter side.
 *
 * Gram-Schmidt gives the factor Q whose R has a positive diagonal, which is what Keras gets by turning signs after its
 * QR. Sums are float64.
 *
 * @throws {OptionError} If the weight has less than two dimensions.
 */
export function orthogonal(shape: Shape, random: Random, gain: number): Float32Array {
  if (shape.length < 2) {
    throw new OptionError(
      `The initializer orthogonal needs two dimensions or more; the weight has the shape ${formatShape(shape)}.`,
    );
  }
  const columns = shape.at(-1)!;
  const rows = sizeOf(shape) / columns;
  const long = Math.max(rows, columns);
  const short = Math.min(rows, columns);
  const basis = orthonormal(long, short, random);
  const data = new Float32Array(rows * columns);
  for (let k = 0; k < short; k++) {
    const vector = basis[k]!;
    for (let i = 0; i < long; i++) data[rows < columns ? k * columns + i : i * columns + k] = gain * vector[i]!;
  }
  return data;
}

/** `count` orthonormal vectors of so many elements. */
function orthonormal(length: number, count: number, random: Random): readonly Float64Array[] {
  const vectors = Array.from({ length: count }, () => new Float64Array(length));
  for (let i = 0; i < length; i++) for (const vector of vectors) vector[i] = random.normal();
  for (let k = 0; k < count; k++) {
    const vector = vectors[k]!;
    const norm = Math.sqrt(dot(vector, vector));
    for (let i = 0; i < length; i++) vector[i] = vector[i]! / norm;
    for (let j = k + 1; j < count; j++) {
      const other = vectors[j]!;
      const share = dot(vector, other);
      for (let i = 0; i < length; i++) other[i] = other[i]! - share * vector[i]!;
    }
  }
  return vectors;
}

/** Four sums side by side: an addition waits for the one before it. */
function dot(a: Float64Array, b: Float64Array): number {
  const { length } = a;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (; i < length; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + (s2 + s3);
}
