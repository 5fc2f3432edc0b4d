import { UnsupportedLayerError } from "../../../errors.ts";
import { OLD_HARD_SIGMOID } from "../../keras/config/values.ts";
import type { WriteLayer, WriteWeight } from "../write-tree.ts";

/** Gates of a cell whose activation is the recurrent one, of how many. LSTM: i f c o, GRU: z r h. */
const GATES: Readonly<Record<string, { readonly scaled: readonly number[]; readonly gates: number }>> = {
  LSTM: { scaled: [0, 1, 3], gates: 4 },
  LSTMCell: { scaled: [0, 1, 3], gates: 4 },
  ConvLSTM1D: { scaled: [0, 1, 3], gates: 4 },
  ConvLSTM2D: { scaled: [0, 1, 3], gates: 4 },
  ConvLSTM3D: { scaled: [0, 1, 3], gates: 4 },
  GRU: { scaled: [0, 1], gates: 3 },
  GRUCell: { scaled: [0, 1], gates: 3 },
};

/** Layers whose one activation sees x · kernel + bias and nothing else, so that the whole product can be scaled. */
const PLAIN = new Set([
  "Dense",
  "Conv1D",
  "Conv2D",
  "DepthwiseConv1D",
  "SimpleRNN",
  "SimpleRNNCell",
  "Conv1DTranspose",
]);

/**
 * Carries hard_sigmoid from one slope to another, exactly: clip(a·x + 0.5) = clip(b·(x·a/b) + 0.5), so that the weights
 * before it are scaled by a/b. 0.2 to 1/6 is a factor of 1.2. An activation that also sees the state of a cell, which no
 * weight scales, becomes one of its own for Keras 3; Keras 2 has no words for the other direction.
 *
 * @returns A layer to put before this one (a bare Activation cannot be scaled), or undefined.
 * @throws {UnsupportedLayerError} Where the activation also sees something that no weight scales.
 */
export function carryHardSigmoid(layer: WriteLayer, factor: number): "rescale-input" | undefined {
  const { className, config } = layer;
  const gated = GATES[className];
  if (gated && config["recurrentActivation"] === "hard_sigmoid") {
    layer.weights = layer.weights.map((weight) => scaleGates(weight, gated.scaled, gated.gates, factor));
  }
  if (config["activation"] !== "hard_sigmoid") return undefined;
  if (PLAIN.has(className)) {
    layer.weights = layer.weights.map((weight) => scaleGates(weight, [0], 1, factor));
    return undefined;
  }
  if (className === "SeparableConv1D") {
    layer.weights = layer.weights.map((weight) =>
      weight.name === "depthwiseKernel" ? weight : scaleGates(weight, [0], 1, factor),
    );
    return undefined;
  }
  if (className === "GRU" || className === "GRUCell") {
    // A GRU's activation sees x · kernel + bias + (r ⊙ h) · kernel alone.
    layer.weights = layer.weights.map((weight) => scaleGates(weight, [2], 3, factor));
    return undefined;
  }
  if (className === "Activation") return "rescale-input";
  if (factor > 1) {
    config["activation"] = OLD_HARD_SIGMOID;
    return undefined;
  }
  throw new UnsupportedLayerError(
    `${className} layer "${layer.name}": its activation hard_sigmoid has another slope in the target's Keras, and as it is also applied to the cell state no scaling of weights carries it over.`,
  );
}

/** Scales the columns of some gates; gates lie side by side on the last axis. */
function scaleGates(weight: WriteWeight, scaled: readonly number[], gates: number, factor: number): WriteWeight {
  const columns = weight.shape.at(-1)!;
  const units = columns / gates;
  const data = weight.data.map((value, i) =>
    scaled.includes(Math.floor((i % columns) / units)) ? value * factor : value,
  );
  return { ...weight, data };
}
