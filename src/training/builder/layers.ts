import { draft, type LayerDraft, type LayerLike, type LayerOptions } from "./draft.ts";

/**
 * LSTM (Hochreiter & Schmidhuber 1997): [batch, timesteps, features] to [batch, units], or [batch, timesteps, units]
 * with `returnSequences`. Takes Keras' options, as all recurrent layers here do: activation, dropout,
 * recurrentDropout, stateful, goBackwards …
 *
 * @param units - Width of state and output; or all options in one object, `lstm({ units: 32 })`, as other layers take them.
 * @throws {OptionError} If an option is not one of Keras' for this layer; so do all functions here that make layers.
 * @example
 * const model = sequential([input([null, 8]), lstm(32, { returnSequences: true }), lstm(16), dense(1)]);
 */
export const lstm = (units: number | LayerOptions, options?: LayerOptions): LayerDraft =>
  draft("LSTM", { units }, options);

/** GRU (Cho et al. 2014): shapes and options as {@link lstm}; `resetAfter: false` is the form of Keras 1. */
export const gru = (units: number | LayerOptions, options?: LayerOptions): LayerDraft =>
  draft("GRU", { units }, options);

/** h ← activation(x · W + h · U + b): shapes and options as {@link lstm}. */
export const simpleRNN = (units: number | LayerOptions, options?: LayerOptions): LayerDraft =>
  draft("SimpleRNN", { units }, options);

/** A recurrent layer of a cell, or of a stack of cells: `rnn([lstmCell(32), gruCell(16)])`. Shapes as {@link lstm}. */
export const rnn = (cell: LayerDraft | readonly LayerDraft[], options?: LayerOptions): LayerDraft =>
  draft("RNN", { cell }, options);

/** One step of an LSTM, for {@link rnn} and {@link stackedRNNCells}. */
export const lstmCell = (units: number | LayerOptions, options?: LayerOptions): LayerDraft =>
  draft("LSTMCell", { units }, options);

/** One step of a GRU, for {@link rnn} and {@link stackedRNNCells}. */
export const gruCell = (units: number | LayerOptions, options?: LayerOptions): LayerDraft =>
  draft("GRUCell", { units }, options);

/** One step of a SimpleRNN, for {@link rnn} and {@link stackedRNNCells}. */
export const simpleRNNCell = (units: number | LayerOptions, options?: LayerOptions): LayerDraft =>
  draft("SimpleRNNCell", { units }, options);

/** Cells one on top of the other as one cell, for {@link rnn}. */
export const stackedRNNCells = (cells: readonly LayerDraft[], options?: LayerOptions): LayerDraft =>
  draft("StackedRNNCells", { cells }, options);

/**
 * A recurrent layer in both directions of time; `mergeMode` is "concat" (default), "sum", "mul", "ave" or null.
 *
 * @param layer - The forward one; `backwardLayer` among the options gives another for the way back.
 */
export const bidirectional = (layer: LayerDraft, options?: LayerOptions): LayerDraft =>
  draft("Bidirectional", { layer }, options);

/** A layer, or a model, on every timestep: [batch, timesteps, …] to [batch, timesteps, …]. */
export const timeDistributed = (layer: LayerLike, options?: LayerOptions): LayerDraft =>
  draft("TimeDistributed", { layer }, options);

/** Rows of a table; `inputLength` fixes the number of steps as Keras 2 did. */
export const embedding = (inputDim: number | LayerOptions, outputDim?: number, options?: LayerOptions): LayerDraft =>
  draft("Embedding", { inputDim, outputDim }, options);

/** y = activation(x · kernel + bias) on the last axis: [batch, …, features] to [batch, …, units]. */
export const dense = (units: number | LayerOptions, options?: LayerOptions): LayerDraft =>
  draft("Dense", { units }, options);

/** Zeroes a share `rate` of its input while training and scales the rest by 1 / (1 − rate); else hands it on. */
export const dropout = (rate: number | LayerOptions, options?: LayerOptions): LayerDraft =>
  draft("Dropout", { rate }, options);

/** {@link dropout} of whole channels of [batch, timesteps, channels]. */
export const spatialDropout1D = (rate: number | LayerOptions, options?: LayerOptions): LayerDraft =>
  draft("SpatialDropout1D", { rate }, options);

/** {@link dropout} of whole channels of [batch, rows, columns, channels]. */
export const spatialDropout2D = (rate: number | LayerOptions, options?: LayerOptions): LayerDraft =>
  draft("SpatialDropout2D", { rate }, options);

/** {@link dropout} of whole channels of [batch, …three axes, channels]. */
export const spatialDropout3D = (rate: number | LayerOptions, options?: LayerOptions): LayerDraft =>
  draft("SpatialDropout3D", { rate }, options);

/** Dropout for SELU networks (Klambauer et al. 2017): keeps mean and variance. */
export const alphaDropout = (rate: number | LayerOptions, options?: LayerOptions): LayerDraft =>
  draft("AlphaDropout", { rate }, options);

/** Multiplies by normal numbers of mean 1 and variance rate / (1 − rate) while training. */
export const gaussianDropout = (rate: number | LayerOptions, options?: LayerOptions): LayerDraft =>
  draft("GaussianDropout", { rate }, options);

/** Adds normal numbers of mean 0 while training. */
export const gaussianNoise = (stddev: number | LayerOptions, options?: LayerOptions): LayerDraft =>
  draft("GaussianNoise", { stddev }, options);

/** Masks the timesteps whose features all equal `maskValue` (0 by default). */
export const masking = (options?: LayerOptions): LayerDraft => draft("Masking", {}, options);

/** An activation by Keras' name, as a layer. */
export const activation = (name: string, options?: LayerOptions): LayerDraft =>
  draft("Activation", { activation: name }, options);

/** max(x, 0); takes maxValue, negativeSlope and threshold. */
export const reLU = (options?: LayerOptions): LayerDraft => draft("ReLU", {}, options);

/** x where it is positive, else negativeSlope · x (0.3 by default). */
export const leakyReLU = (options?: LayerOptions): LayerDraft => draft("LeakyReLU", {}, options);

/** {@link leakyReLU} whose slopes train; `sharedAxes` have one in common. */
export const prelu = (options?: LayerOptions): LayerDraft => draft("PReLU", {}, options);

/** x where it is positive, else alpha · (eˣ − 1). */
export const elu = (options?: LayerOptions): LayerDraft => draft("ELU", {}, options);

/** Softmax over `axis`, the last by default. */
export const softmax = (options?: LayerOptions): LayerDraft => draft("Softmax", {}, options);

/** Adds l1 · Σ|x| + l2 · Σx² of its input to the loss. */
export const activityRegularization = (options?: LayerOptions): LayerDraft =>
  draft("ActivityRegularization", {}, options);

/** Hands its input on. */
export const identity = (options?: LayerOptions): LayerDraft => draft("Identity", {}, options);

/** x · scale + offset. */
export const rescaling = (scale: number, offset = 0, options?: LayerOptions): LayerDraft =>
  draft("Rescaling", { scale, offset }, options);

/** [batch, …] to [batch, product of the rest]. */
export const flatten = (options?: LayerOptions): LayerDraft => draft("Flatten", {}, options);

/** [batch, …] to [batch, …targetShape]; one size may be −1. */
export const reshape = (targetShape: readonly number[], options?: LayerOptions): LayerDraft =>
  draft("Reshape", { targetShape }, options);

/** Reorders the axes behind the batch, which count from 1: `permute([2, 1])` swaps time and features. */
export const permute = (dims: readonly number[], options?: LayerOptions): LayerDraft =>
  draft("Permute", { dims }, options);

/** [batch, features] to [batch, n, features]. */
export const repeatVector = (n: number | LayerOptions, options?: LayerOptions): LayerDraft =>
  draft("RepeatVector", { n }, options);

/** Each row to mean 0 and variance 1 over `axis`, then · gamma + beta (Ba et al. 2016). */
export const layerNormalization = (options?: LayerOptions): LayerDraft => draft("LayerNormalization", {}, options);

/**
 * Each channel to mean 0 and variance 1, of the batch in training, of the moving statistics else (Ioffe & Szegedy
 * 2015), then · gamma + beta.
 */
export const batchNormalization = (options?: LayerOptions): LayerDraft => draft("BatchNormalization", {}, options);

/** Groups of channels of each row to mean 0 and variance 1 (Wu & He 2018). */
export const groupNormalization = (options?: LayerOptions): LayerDraft => draft("GroupNormalization", {}, options);

/** Each row over its root mean square, then · scale (Zhang & Sennrich 2019). */
export const rmsNormalization = (options?: LayerOptions): LayerDraft => draft("RMSNormalization", {}, options);

/** Each row to length 1 over `axis`. */
export const unitNormalization = (options?: LayerOptions): LayerDraft => draft("UnitNormalization", {}, options);

/** Dot-product attention (Luong et al. 2015): called with [query, value] or [query, value, key]. */
export const attention = (options?: LayerOptions): LayerDraft => draft("Attention", {}, options);

/** Additive attention (Bahdanau et al. 2014): called with [query, value] or [query, value, key]. */
export const additiveAttention = (options?: LayerOptions): LayerDraft => draft("AdditiveAttention", {}, options);

/**
 * Multi-head attention (Vaswani et al. 2017): called with [query, value] or [query, value, key].
 *
 * @param keyDim - Width of each head's query and key.
 */
export const multiHeadAttention = (numHeads: number, keyDim: number, options?: LayerOptions): LayerDraft =>
  draft("MultiHeadAttention", { numHeads, keyDim }, options);

/** The sum of its inputs. */
export const add = (options?: LayerOptions): LayerDraft => draft("Add", {}, options);

/** The first of its two inputs less the second. */
export const subtract = (options?: LayerOptions): LayerDraft => draft("Subtract", {}, options);

/** The product of its inputs. */
export const multiply = (options?: LayerOptions): LayerDraft => draft("Multiply", {}, options);

/** The mean of its inputs. */
export const average = (options?: LayerOptions): LayerDraft => draft("Average", {}, options);

/** The greatest of its inputs, element by element. */
export const maximum = (options?: LayerOptions): LayerDraft => draft("Maximum", {}, options);

/** The smallest of its inputs, element by element. */
export const minimum = (options?: LayerOptions): LayerDraft => draft("Minimum", {}, options);

/** Products along one axis of two inputs, or an axis of each; `normalize: true` gives cosines. */
export const dot = (axes: number | readonly number[], options?: LayerOptions): LayerDraft =>
  draft("Dot", { axes }, options);

/** Its inputs side by side along `axis`, the last by default. */
export const concatenate = (options?: LayerOptions): LayerDraft => draft("Concatenate", {}, options);
