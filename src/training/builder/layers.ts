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
export const gaussianNoise = (stddev: number, options?: LayerOptions): LayerDraft =>
  draft("GaussianNoise", { stddev }, options);
export const masking = (options?: LayerOptions): LayerDraft => draft("Masking", {}, options);
export const activation = (name: string, options?: LayerOptions): LayerDraft =>
  draft("Activation", { activation: name }, options);
export const flatten = (options?: LayerOptions): LayerDraft => draft("Flatten", {}, options);
export const reshape = (targetShape: readonly number[], options?: LayerOptions): LayerDraft =>
  draft("Reshape", { targetShape }, options);
export const permute = (dims: readonly number[], options?: LayerOptions): LayerDraft =>
  draft("Permute", { dims }, options);
export const repeatVector = (n: number, options?: LayerOptions): LayerDraft => draft("RepeatVector", { n }, options);
export const conv1D = (filters: number, kernelSize: number, options?: LayerOptions): LayerDraft =>
  draft("Conv1D", { filters, kernelSize: [kernelSize] }, options);
export const maxPooling1D = (poolSize = 2, options?: LayerOptions): LayerDraft =>
  draft("MaxPooling1D", { poolSize: [poolSize] }, options);
export const averagePooling1D = (poolSize = 2, options?: LayerOptions): LayerDraft =>
  draft("AveragePooling1D", { poolSize: [poolSize] }, options);
export const globalMaxPooling1D = (options?: LayerOptions): LayerDraft => draft("GlobalMaxPooling1D", {}, options);
export const globalAveragePooling1D = (options?: LayerOptions): LayerDraft =>
  draft("GlobalAveragePooling1D", {}, options);
export const layerNormalization = (options?: LayerOptions): LayerDraft => draft("LayerNormalization", {}, options);
export const batchNormalization = (options?: LayerOptions): LayerDraft => draft("BatchNormalization", {}, options);
export const attention = (options?: LayerOptions): LayerDraft => draft("Attention", {}, options);
export const additiveAttention = (options?: LayerOptions): LayerDraft => draft("AdditiveAttention", {}, options);
export const multiHeadAttention = (numHeads: number, keyDim: number, options?: LayerOptions): LayerDraft =>
  draft("MultiHeadAttention", { numHeads, keyDim }, options);
export const add = (options?: LayerOptions): LayerDraft => draft("Add", {}, options);
export const subtract = (options?: LayerOptions): LayerDraft => draft("Subtract", {}, options);
export const multiply = (options?: LayerOptions): LayerDraft => draft("Multiply", {}, options);
export const average = (options?: LayerOptions): LayerDraft => draft("Average", {}, options);
export const maximum = (options?: LayerOptions): LayerDraft => draft("Maximum", {}, options);
export const concatenate = (options?: LayerOptions): LayerDraft => draft("Concatenate", {}, options);
