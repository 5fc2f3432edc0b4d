/** Softmax of each row of x [rows, width]: exp(x − max) / Σ exp(x − max). */
export function softmax(x: Float32Array, width: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let row = 0; row < x.length; row += width) {
    const values = [...x.subarray(row, row + width)];
    const top = Math.max(...values);
    const e = values.map((value) => Math.exp(value - top));
    const sum = e.reduce((a, b) => a + b, 0);
    y.set(
      e.map((value) => value / sum),
      row,
    );
  }
  return y;
}
