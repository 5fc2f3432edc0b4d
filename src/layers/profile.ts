/** The families of Keras whose numbers differ. */
export type Era = "keras1" | "keras2" | "tf-keras" | "keras3" | "tfjs";

/**
 * What a model's file decides about its numbers, resolved once when it is loaded. Layers read these flags when they are
 * made; kernels and plans never ask for a Keras version. (../shared/keras-reference.md, table 0.1, has the sources.)
 */
export interface Profile {
  readonly era: Era;
  /** The version as the file says it, e.g. "2.2.4-tf"; "" if it says none. */
  readonly version: string;
  /** clip(0.2x + 0.5) before Keras 3, clip(x/6 + 0.5) from there. */
  readonly hardSigmoid: "hardSigmoid02" | "hardSigmoid6";
  /** Recurrent activation of LSTM and GRU when the config names none. */
  readonly recurrentActivation: "sigmoid" | "hard_sigmoid";
  /** The same for ConvLSTM. */
  readonly convLstmRecurrentActivation: "sigmoid" | "hard_sigmoid";
  /** GRU's reset_after when the config is silent and the bias does not tell. */
  readonly gruResetAfter: boolean;
  /** What a masked step puts out while no unmasked one has come. */
  readonly firstMaskedOutput: "zeros" | "initialState";
  /** Bidirectional with return_sequences puts out zeros at masked steps. */
  readonly bidirectionalZeroesMasked: boolean;
  /** Its layers do so, too, where their own zero_output_for_mask says so and the last output alone is asked for. */
  readonly bidirectionalHeedsZeroes: boolean;
  /** Bidirectional starts from zeros with every call even if its layers are stateful (Keras 2 from 2.1.4). */
  readonly bidirectionalForgetsState: boolean;
  /** How merge layers join the masks of their inputs. */
  readonly mergeMasks: "and" | "or" | "lost";
  /** RNN, Bidirectional and TimeDistributed hand their mask on. */
  readonly recurrentPassesMask: boolean;
  /** A recurrent layer called with initial_state loses the implicit mask (Keras 3). */
  readonly initialStateLosesMask: boolean;
  /** MultiHeadAttention takes the masks off its inputs, so that layers called later find none (Keras 3.8 on). */
  readonly attentionTakesMasks: boolean;
  /** TimeDistributed gives the mask to its inner layer (Keras 2 on). */
  readonly timeDistributedGivesMask: boolean;
  /** Order of StackedRNNCells' states: reversed in Keras 2.0.9-2.2.2 and tf.js. */
  readonly stackedStates: "natural" | "reversed";
  /** Padding rules of convolutions and pooling: Theano's differ for even kernels and strides. */
  readonly padding: "tensorflow" | "theano";
  /** Averages of padded pooling count the padding as zeros (Keras 2.0.4 to 2.1.4 on Theano). */
  readonly averageCountsPadding: boolean;
  /** What moves BatchNormalization's variance: the batch's, that of a sample, or the latter for images alone. */
  readonly movingVariance: "batch" | "sample" | "sampleOfImages";
  /** BatchNormalization's epsilon when the config names none. */
  readonly batchNormEpsilon: number;
  /** BatchNormalization adds epsilon outside the square root to a stored deviation (Keras ≤ 1.0.5). */
  readonly batchNormDeviation: boolean;
  /** Mode 1 of BatchNormalization adds epsilon to the bare deviation alone (Keras ≤ 1.0.4). */
  readonly batchNormBareDeviation: boolean;
  /** Slope of the activation function leaky_relu. */
  readonly leakyReluSlope: number;
}

/** Keras 3 of today: the profile of models that are built here. */
export const KERAS3: Profile = {
  era: "keras3",
  version: "3.15.1",
  hardSigmoid: "hardSigmoid6",
  recurrentActivation: "sigmoid",
  convLstmRecurrentActivation: "sigmoid",
  gruResetAfter: true,
  firstMaskedOutput: "zeros",
  bidirectionalZeroesMasked: true,
  bidirectionalHeedsZeroes: false,
  bidirectionalForgetsState: false,
  mergeMasks: "or",
  recurrentPassesMask: true,
  initialStateLosesMask: true,
  attentionTakesMasks: true,
  timeDistributedGivesMask: true,
  stackedStates: "natural",
  padding: "tensorflow",
  averageCountsPadding: false,
  movingVariance: "batch",
  batchNormEpsilon: 1e-3,
  batchNormDeviation: false,
  batchNormBareDeviation: false,
  leakyReluSlope: 0.2,
};
