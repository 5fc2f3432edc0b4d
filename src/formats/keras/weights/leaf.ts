import type { Layer } from "../../../layers/layer.ts";
import { since } from "../profile-of.ts";
import { flipLeading, joinLast, reshape, transpose } from "./arrays.ts";
import { fromCudnn, isCudnn } from "./cudnn.ts";
import { type FileArray, load, type WeightArray } from "./file-array.ts";
import type { WeightOrigin } from "./weight-origin.ts";

const GATES: Readonly<Record<string, 3 | 4>> = {
  LSTM: 4,
  LSTMCell: 4,
  GRU: 3,
  GRUCell: 3,
  ConvLSTM1D: 4,
  ConvLSTM2D: 4,
  ConvLSTM3D: 4,
};

/** Convolutions whose kernels Theano keeps reversed, with the number of their spatial axes. */
const THEANO_FLIPPED: Readonly<Record<string, number>> = {
  Conv1D: 1,
  Conv2D: 2,
  Conv3D: 3,
  ConvLSTM2D: 2,
  Conv2DTranspose: 2,
};

/**
 * How many trainable arrays the file holds for a layer, given the arrays from the layer's first on: Keras 1 keeps the
 * gates of a recurrent layer in arrays of their own.
 */
export function trainableCount(
  layer: Layer,
  own: number,
  arrays: readonly { readonly shape: readonly number[] }[],
): number {
  const gates = Object.hasOwn(GATES, layer.className) ? GATES[layer.className]! : undefined;
  if (!gates || own < 3 || arrays.length < 3 * gates) return own;
  const [kernel, recurrent] = arrays;
  const last = kernel!.shape.length - 1;
  const { units, filters } = layer.config;
  const size = typeof units === "number" ? units : filters;
  if (kernel!.shape.length === 4) return kernel!.shape[0] === size || kernel!.shape[last] === size ? 3 * gates : own;
  return recurrent!.shape[0] === recurrent!.shape[1] && kernel!.shape[last] === size ? 3 * gates : own;
}

/** A layer's arrays as the file has them, in today's layout. */
export function toToday(layer: Layer, files: readonly FileArray[], origin: WeightOrigin): readonly WeightArray[] {
  const { className } = layer;
  let arrays: readonly WeightArray[] = files.map(load);
  const gates = Object.hasOwn(GATES, className) ? GATES[className]! : undefined;
  if (origin.era === "keras1") arrays = arrays.map((array) => layoutOfKeras1(layer, array, origin));
  if (gates && arrays.length === 3 * gates) arrays = joinGates(gates, arrays);
  else if (gates && !className.startsWith("Conv") && isCudnn(gates, arrays)) arrays = fromCudnn(gates, arrays);
  const spatial = Object.hasOwn(THEANO_FLIPPED, className) ? THEANO_FLIPPED[className]! : 0;
  if (spatial && origin.backend === "theano" && (origin.era === "keras1" || origin.era === "keras2")) {
    arrays = arrays.map((array) => (array.shape.length > spatial ? flipLeading(array, spatial) : array));
  }
  // Keras 3 lists the wrapped layer's kernel a second time.
  if (className === "SpectralNormalization") arrays = arrays.slice(-1);
  if (className === "Normalization") arrays = arrays.slice(0, layer.weightSpecs().length);
  return withLora(layer, arrays);
}

/** Twelve (LSTM: i, c, f, o) or nine (GRU: z, r, h) arrays as three, columns in the order i, f, c, o or z, r, h. */
function joinGates(gates: 3 | 4, arrays: readonly WeightArray[]): readonly WeightArray[] {
  const order = gates === 4 ? [0, 2, 1, 3] : [0, 1, 2];
  return [0, 1, 2].map((kind) => joinLast(order.map((gate) => arrays[3 * gate + kind]!)));
}

function layoutOfKeras1(layer: Layer, array: WeightArray, { version }: WeightOrigin): WeightArray {
  const rank = array.shape.length;
  if (rank < 4) return array;
  if (layer.className === "Conv1D") {
    // (out, in, k, 1) before 1.1.0, (k, 1, in, out) from there.
    const kernel =
      version !== "" && since(version, 1, 1, 0)
        ? array
        : looksOld(layer, array)
          ? transpose(array, [2, 3, 1, 0])
          : array;
    return reshape(kernel, [kernel.shape[0]!, kernel.shape[2]!, kernel.shape[3]!]);
  }
  // Channels first has its kernels as (out, in, rows, columns) or (out, in, depth, rows, columns).
  if (layer.config["dataFormat"] !== "channels_first") return array;
  return transpose(array, rank === 4 ? [2, 3, 1, 0] : [2, 3, 4, 1, 0]);
}

function looksOld(layer: Layer, { shape }: WeightArray): boolean {
  const { filters, kernelSize } = layer.config;
  const size = Array.isArray(kernelSize) ? kernelSize[0] : kernelSize;
  return shape[0] === filters && shape[2] === size && shape[3] === 1;
}

/** Keras 3's low-rank update, kept beside the kernel that it changes: kernel + alpha / rank · a · b. */
function withLora(layer: Layer, arrays: readonly WeightArray[]): readonly WeightArray[] {
  const { loraRank, loraAlpha } = layer.config;
  const wanted = layer.weightSpecs().length;
  if (typeof loraRank !== "number" || arrays.length !== wanted + 2) return arrays;
  const kernel = arrays[0]!;
  const [a, b] = arrays.slice(-2) as [WeightArray, WeightArray];
  const scale = (typeof loraAlpha === "number" ? loraAlpha : loraRank) / loraRank;
  const rank = a.shape[a.shape.length - 1]!;
  const columns = b.shape[b.shape.length - 1]!;
  const data = Float32Array.from(kernel.data);
  for (let row = 0; row < data.length / columns; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += a.data[row * rank + k]! * b.data[k * columns + column]!;
      data[row * columns + column]! += Math.fround(sum * scale);
    }
  }
  return [{ data, shape: kernel.shape }, ...arrays.slice(1, wanted)];
}
