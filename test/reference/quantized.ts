/** The numbers behind int8 weights: value · scale of the column. */
export function expand(values: Int8Array, scales: Float32Array): Float64Array {
  return Float64Array.from(values, (value, i) => value * scales[i % scales.length]!);
}

/** One row of inputs as int8 kernels see it: round to even of x · 63 / max|x| in float32, times max|x| / 63. */
export function quantizedRow(x: ArrayLike<number>): Float64Array {
  const values = Array.from(x, (value) => Math.fround(value));
  const peak = Math.max(0, ...values.map(Math.abs));
  const inverse = peak > 1e-36 ? Math.fround(63 / peak) : 0;
  const scale = Math.fround(peak / 63);
  return Float64Array.from(values, (value) => roundEven(Math.fround(value * inverse)) * scale);
}

function roundEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

/** x · w + bias in float64, with both factors quantised. */
export function productInt8(
  x: Float32Array,
  values: Int8Array,
  scales: Float32Array,
  bias: Float32Array | undefined,
  features: number,
): Float64Array {
  const units = scales.length;
  const weights = expand(values, scales);
  const rows = x.length / features;
  const y = new Float64Array(rows * units);
  for (let row = 0; row < rows; row++) {
    const input = quantizedRow(x.subarray(row * features, (row + 1) * features));
    for (let j = 0; j < units; j++) {
      let sum = bias?.[j] ?? 0;
      for (let k = 0; k < features; k++) sum += input[k]! * weights[k * units + j]!;
      y[row * units + j] = sum;
    }
  }
  return y;
}

/** Rows of an int8 table with one scale a row. */
export function gatherInt8(values: Int8Array, scales: Float32Array, indices: Int32Array, width: number): Float64Array {
  const y = new Float64Array(indices.length * width);
  indices.forEach((index, i) => {
    for (let j = 0; j < width; j++) y[i * width + j] = values[index * width + j]! * scales[index]!;
  });
  return y;
}
