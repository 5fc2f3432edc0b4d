import { flipLeading, transpose } from "../keras/weights/arrays.ts";
import type { WriteLayer, WriteWeight } from "./write-tree.ts";

/** Which backend's Keras 1 a file is for: their convolutions run in opposite directions. */
export type Keras1Backend = "theano" | "tensorflow";

/** Order of the gates in Keras 1's separate arrays, as columns of today's fused ones. */
const GATES: Readonly<Record<string, { readonly names: string; readonly columns: readonly number[] }>> = {
  LSTM: { names: "icfo", columns: [0, 2, 1, 3] },
  ConvLSTM2D: { names: "icfo", columns: [0, 2, 1, 3] },
  GRU: { names: "zrh", columns: [0, 1, 2] },
};
const KINDS = [
  ["kernel", "W"],
  ["recurrentKernel", "U"],
  ["bias", "b"],
] as const;
const NAMES: Readonly<Record<string, string>> = {
  kernel: "W",
  recurrentKernel: "U",
  bias: "b",
  embeddings: "W",
  gamma: "gamma",
  beta: "beta",
  movingMean: "running_mean",
  movingVariance: "running_std",
  carryKernel: "W_carry",
  carryBias: "b_carry",
  alpha: "alphas",
};
/** Spatial axes of kernels that Theano keeps reversed. */
const SPATIAL: Readonly<Record<string, number>> = { Conv1D: 1, ConvLSTM2D: 2 };

/** A layer's own weights as Keras 1 keeps them: by its names, gates apart, with the arrays that it always has. */
export function keras1Arrays(layer: WriteLayer, backend: Keras1Backend): readonly WriteWeight[] {
  const { className } = layer;
  const flip = backend === "theano" && Object.hasOwn(SPATIAL, className) ? SPATIAL[className]! : 0;
  const flipped = layer.weights.map((weight) =>
    flip > 0 && weight.shape.length > flip ? { ...weight, ...flipLeading(weight, flip) } : weight,
  );
  const gates = Object.hasOwn(GATES, className) ? GATES[className]! : undefined;
  if (gates) return splitGates(layer, withBias(flipped), gates);
  if (className === "SimpleRNN") return named(withBias(flipped));
  if (className === "BatchNormalization") return named(withScale(flipped));
  if (className === "Conv1D") {
    return named(
      flipped.map((weight) =>
        weight.shape.length === 3
          ? { ...weight, shape: [weight.shape[0]!, 1, weight.shape[1]!, weight.shape[2]!] }
          : weight,
      ),
    );
  }
  return named(flipped);
}

function named(weights: readonly WriteWeight[]): readonly WriteWeight[] {
  return weights.map((weight) => ({ ...weight, name: NAMES[weight.name] ?? weight.name }));
}

/** Recurrent layers of Keras 1 always have a bias. */
function withBias(weights: readonly WriteWeight[]): readonly WriteWeight[] {
  if (weights.length !== 2) return weights;
  const columns = weights[1]!.shape.at(-1)!;
  return [...weights, filled("bias", columns, 0, weights[1]!)];
}

/** So does BatchNormalization have gamma and beta. */
function withScale(weights: readonly WriteWeight[]): readonly WriteWeight[] {
  const mean = weights.find((weight) => weight.name === "movingMean");
  if (!mean) return weights;
  const size = mean.shape[0]!;
  const find = (name: string, value: number): WriteWeight =>
    weights.find((weight) => weight.name === name) ?? filled(name, size, value, { ...mean, trainable: true });
  return [find("gamma", 1), find("beta", 0), mean, find("movingVariance", 1)];
}

function filled(name: string, size: number, value: number, like: WriteWeight): WriteWeight {
  return { ...like, name, shape: [size], data: new Float32Array(size).fill(value) };
}

function splitGates(
  layer: WriteLayer,
  weights: readonly WriteWeight[],
  { names, columns }: { readonly names: string; readonly columns: readonly number[] },
): readonly WriteWeight[] {
  const channelsFirst = layer.className === "ConvLSTM2D" && layer.config["dataFormat"] === "channels_first";
  return columns.flatMap((column, i) =>
    KINDS.map(([kind, word]) => {
      const part = gate(weights.find((weight) => weight.name === kind)!, column, columns.length);
      const layout = channelsFirst && part.shape.length === 4 ? transpose(part, [3, 2, 0, 1]) : part;
      return { ...part, ...layout, data: layout.data as Float32Array, name: `${word}_${names[i]}` };
    }),
  );
}

/** The columns of one gate. */
function gate(weight: WriteWeight, index: number, count: number): WriteWeight {
  const all = weight.shape.at(-1)!;
  const width = all / count;
  const rows = weight.data.length / Math.max(1, all);
  const data = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const start = row * all + index * width;
    data.set(weight.data.subarray(start, start + width), row * width);
  }
  return { ...weight, data, shape: [...weight.shape.slice(0, -1), width] };
}
