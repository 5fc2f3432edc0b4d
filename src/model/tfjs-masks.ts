import type { Layer, LayerCall } from "../layers/layer.ts";
import type { Value } from "../plan/buffer.ts";

/** Layers of tf.js that say they support masks; all others neither see one nor hand it on. */
const SUPPORT_MASKS = new Set([
  ...["InputLayer", "Embedding", "Masking", "Dense", "Activation", "ReLU", "PReLU", "TimeDistributed", "Bidirectional"],
  ...["Dropout", "SpatialDropout1D", "AlphaDropout", "GaussianDropout", "GaussianNoise", "MultiHeadAttention"],
  ...["Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "BatchNormalization", "LayerNormalization"],
  ...["RNN", "SimpleRNN", "GRU", "LSTM", "ConvLSTM2D"],
]);

/** Layers that take a mask as an argument of their call. */
const TAKE_MASKS = new Set([
  "RNN",
  "SimpleRNN",
  "GRU",
  "LSTM",
  "ConvLSTM2D",
  "Bidirectional",
  "Sequential",
  "Functional",
]);

/**
 * How tf.js hands masks through one run of a model. It differs from Keras in two ways: layers that do not say that they
 * support masks ignore them (masked averages, for example, do not exist), and the arguments of all calls of a run are
 * one object, so that a mask stays the argument of every later call until another mask comes.
 */
export class TfjsMasks {
  #last: Value | undefined;

  /** A call's inputs and mask as tf.js' layer gets them. */
  before(layer: Layer, inputs: readonly Value[], call: LayerCall): { inputs: readonly Value[]; call: LayerCall } {
    if (inputs.some((input) => input.mask)) this.#last = inputs[0]!.mask;
    const seen = SUPPORT_MASKS.has(layer.className) ? inputs : inputs.map(({ mask: _, ...rest }): Value => rest);
    if (!TAKE_MASKS.has(layer.className)) return { inputs: seen, call };
    const [batch, timesteps] = inputs[0]?.shape ?? [];
    const [rows, steps] = this.#last?.shape ?? [];
    const mask = rows === batch && steps === timesteps ? this.#last : undefined;
    return { inputs: seen, call: { ...call, mask: mask ?? null } };
  }
}
