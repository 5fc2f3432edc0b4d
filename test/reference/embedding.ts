/** Embedding: y [count, width] = the rows of table [any, width] that indices name. */
export function embedding(indices: Int32Array, table: Float32Array, width: number): Float32Array {
  const y = new Float32Array(indices.length * width);
  indices.forEach((index, i) => {
    y.set(table.subarray(index * width, (index + 1) * width), i * width);
  });
  return y;
}
