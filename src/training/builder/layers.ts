import { draft, type LayerDraft, type LayerLike, type LayerOptions } from "./draft.ts";

/** Recurrent layers take Keras' options: activation, returnSequences, dropout, recurrentDropout, stateful … */
export const lstm = (units: number, options?: LayerOptions): LayerDraft => draft("LSTM", { units }, options);
export const gru = (units: number, options?: LayerOptions): LayerDraft => draft("GRU", { units }, options);
export const simpleRNN = (units: number, options?: LayerOptions): LayerDraft => draft("SimpleRNN", { units }, options);
export const rnn = (cell: LayerDraft | readonly LayerDraft[], options?: LayerOptions): LayerDraft =>
  draft("RNN", { cell }, options);
export const lstmCell = (units: number, options?: LayerOptions): LayerDraft => draft("LSTMCell", { units }, options);
export const gruCell = (units: number, options?: LayerOptions): LayerDraft => draft("GRUCell", { units }, options);
export const simpleRNNCell = (units: number, options?: LayerOptions): LayerDraft =>
  draft("SimpleRNNCell", { units }, options);
export const stackedRNNCells = (cells: readonly LayerDraft[], options?: LayerOptions): LayerDraft =>
  draft("StackedRNNCells", { cells }, options);
export const bidirectional = (layer: LayerDraft, options?: LayerOptions): LayerDraft =>
  draft("Bidirectional", { layer }, options);
export const timeDistributed = (layer: LayerLike, options?: LayerOptions): LayerDraft =>
  draft("TimeDistributed", { layer }, options);
/** Rows of a table; `inputLength` fixes the number of steps as Keras 2 did. */
export const embedding = (inputDim: number, outputDim: number, options?: LayerOptions): LayerDraft =>
  draft("Embedding", { inputDim, outputDim }, options);
export const dense = (units: number, options?: LayerOptions): LayerDraft => draft("Dense", { units }, options);
export const dropout = (rate: number, options?: LayerOptions): LayerDraft => draft("Dropout", { rate }, options);
export const spatialDropout1D = (rate: number, options?: LayerOptions): LayerDraft =>
  draft("SpatialDropout1D", { rate }, options);
export const spatialDropout2D = (rate: number, options?: LayerOptions): LayerDraft =>
  draft("SpatialDropout2D", { rate }, options);
export const spatialDropout3D = (rate: number, options?: LayerOptions): LayerDraft =>
  draft("SpatialDropout3D", { rate }, options);
export const alphaDropout = (rate: number, options?: LayerOptions): LayerDraft =>
  draft("AlphaDropout", { rate }, options);
export const gaussianDropout = (rate: number, options?: LayerOptions): LayerDraft =>
  draft("GaussianDropout", { rate }, options);
export const gaussianNoise = (stddev: number, options?: LayerOptions): LayerDraft =>
  draft("GaussianNoise", { stddev }, options);
export const masking = (options?: LayerOptions): LayerDraft => draft("Masking", {}, options);
export const activation = (name: string, options?: LayerOptions): LayerDraft =>
  draft("Activation", { activation: name }, options);
export const reLU = (options?: LayerOptions): LayerDraft => draft("ReLU", {}, options);
export const leakyReLU = (options?: LayerOptions): LayerDraft => draft("LeakyReLU", {}, options);
export const prelu = (options?: LayerOptions): LayerDraft => draft("PReLU", {}, options);
export const elu = (options?: LayerOptions): LayerDraft => draft("ELU", {}, options);
export const softmax = (options?: LayerOptions): LayerDraft => draft("Softmax", {}, options);
/** Adds l1 · Σ|x| + l2 · Σx² of its input to the loss. */
export const activityRegularization = (options?: LayerOptions): LayerDraft =>
  draft("ActivityRegularization", {}, options);
export const identity = (options?: LayerOptions): LayerDraft => draft("Identity", {}, options);
/** x · scale + offset. */
export const rescaling = (scale: number, offset = 0, options?: LayerOptions): LayerDraft =>
  draft("Rescaling", { scale, offset }, options);
export const flatten = (options?: LayerOptions): LayerDraft => draft("Flatten", {}, options);
export const reshape = (targetShape: readonly number[], options?: LayerOptions): LayerDraft =>
  draft("Reshape", { targetShape }, options);
export const permute = (dims: readonly number[], options?: LayerOptions): LayerDraft =>
  draft("Permute", { dims }, options);
export const repeatVector = (n: number, options?: LayerOptions): LayerDraft => draft("RepeatVector", { n }, options);
export const layerNormalization = (options?: LayerOptions): LayerDraft => draft("LayerNormalization", {}, options);
export const batchNormalization = (options?: LayerOptions): LayerDraft => draft("BatchNormalization", {}, options);
export const groupNormalization = (options?: LayerOptions): LayerDraft => draft("GroupNormalization", {}, options);
export const rmsNormalization = (options?: LayerOptions): LayerDraft => draft("RMSNormalization", {}, options);
export const unitNormalization = (options?: LayerOptions): LayerDraft => draft("UnitNormalization", {}, options);
export const attention = (options?: LayerOptions): LayerDraft => draft("Attention", {}, options);
export const additiveAttention = (options?: LayerOptions): LayerDraft => draft("AdditiveAttention", {}, options);
export const multiHeadAttention = (numHeads: number, keyDim: number, options?: LayerOptions): LayerDraft =>
  draft("MultiHeadAttention", { numHeads, keyDim }, options);
export const add = (options?: LayerOptions): LayerDraft => draft("Add", {}, options);
export const subtract = (options?: LayerOptions): LayerDraft => draft("Subtract", {}, options);
export const multiply = (options?: LayerOptions): LayerDraft => draft("Multiply", {}, options);
export const average = (options?: LayerOptions): LayerDraft => draft("Average", {}, options);
export const maximum = (options?: LayerOptions): LayerDraft => draft("Maximum", {}, options);
export const minimum = (options?: LayerOptions): LayerDraft => draft("Minimum", {}, options);
/** Products along one axis of two inputs, or an axis of each; `normalize: true` gives cosines. */
export const dot = (axes: number | readonly number[], options?: LayerOptions): LayerDraft =>
  draft("Dot", { axes }, options);
export const concatenate = (options?: LayerOptions): LayerDraft => draft("Concatenate", {}, options);
