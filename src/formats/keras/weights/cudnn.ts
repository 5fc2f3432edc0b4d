import type { WeightArray } from "./file-array.ts";

/** True if a recurrent layer's arrays are in cuDNN's layout: its bias is flat and twice as long. */
export function isCudnn(gates: 3 | 4, arrays: readonly { readonly shape: readonly number[] }[]): boolean {
  const [, recurrent, bias] = arrays;
  return arrays.length === 3 && bias!.shape.length === 1 && bias!.shape[0] === 2 * gates * (recurrent!.shape[0] ?? 0);
}

/** Kernel, recurrent kernel and bias of a CuDNNLSTM (4 gates) or CuDNNGRU (3) in the plain layer's layout. */
export function fromCudnn(gates: 3 | 4, arrays: readonly WeightArray[]): readonly WeightArray[] {
  const [kernel, recurrent, bias] = arrays as readonly [WeightArray, WeightArray, WeightArray];
  return [regroup(kernel, gates, true), regroup(recurrent, gates, false), biasOf(bias, gates)];
}

/** Each gate's block transposed; the input kernel's block is stored as (units, inputs) under the shape (inputs, units). */
function regroup({ data, shape }: WeightArray, gates: number, reinterpret: boolean): WeightArray {
  const [rows, width] = shape as readonly [number, number];
  const units = width / gates;
  const out = new Float32Array(data.length);
  for (let gate = 0; gate < gates; gate++) {
    for (let row = 0; row < rows; row++) {
      for (let unit = 0; unit < units; unit++) {
        // The block is read row by row; its element number unit * rows + row is what the plain layer has at (row, unit).
        const number = unit * rows + row;
        const from = reinterpret
          ? Math.floor(number / units) * width + gate * units + (number % units)
          : unit * width + gate * units + row;
        out[row * width + gate * units + unit] = data[from]!;
      }
    }
  }
  return { data: out, shape };
}

function biasOf({ data }: WeightArray, gates: number): WeightArray {
  const width = data.length / 2;
  if (gates === 3) return { data, shape: [2, width] };
  const sum = new Float32Array(width);
  for (let i = 0; i < width; i++) sum[i] = data[i]! + data[width + i]!;
  return { data: sum, shape: [width] };
}
