const words = (text: string): readonly string[] => text.split(" ");

const WEIGHTED = words(
  "activation useBias kernelInitializer biasInitializer kernelRegularizer biasRegularizer activityRegularizer kernelConstraint biasConstraint",
);
const CELL = [
  ...WEIGHTED,
  ...words(
    "units recurrentInitializer recurrentRegularizer recurrentConstraint recurrentActivation dropout recurrentDropout seed",
  ),
];
const SEQUENCE = words("returnSequences returnState goBackwards stateful unroll zeroOutputForMask");
const CONVOLUTION = [...WEIGHTED, ...words("filters kernelSize strides padding dataFormat dilationRate groups")];
const POOLING = words("poolSize strides padding dataFormat");
const NORMAL = words(
  "axis epsilon center scale betaInitializer gammaInitializer betaRegularizer gammaRegularizer betaConstraint gammaConstraint",
);
const without = (keys: readonly string[], key: string) => keys.filter((other) => other !== key);

/** What Keras' layers take, beside what all take, by class. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  InputLayer: words("batchShape dtype sparse"),
  Dense: [...WEIGHTED, "units"],
  Embedding: words(
    "inputDim outputDim embeddingsInitializer embeddingsRegularizer embeddingsConstraint activityRegularizer maskZero",
  ),
  LSTM: [...CELL, ...SEQUENCE, "unitForgetBias"],
  GRU: [...CELL, ...SEQUENCE, "resetAfter"],
  SimpleRNN: without([...CELL, ...SEQUENCE], "recurrentActivation"),
  LSTMCell: [...CELL, "unitForgetBias"],
  GRUCell: [...CELL, "resetAfter"],
  SimpleRNNCell: without(CELL, "recurrentActivation"),
  RNN: [...SEQUENCE, "cell"],
  StackedRNNCells: ["cells"],
  Bidirectional: words("layer backwardLayer mergeMode"),
  TimeDistributed: ["layer"],
  Masking: ["maskValue"],
  Dropout: words("rate noiseShape seed"),
  SpatialDropout1D: words("rate seed"),
  GaussianNoise: words("stddev seed"),
  Activation: ["activation"],
  ReLU: words("maxValue negativeSlope threshold"),
  LeakyReLU: words("negativeSlope alpha"),
  ELU: ["alpha"],
  PReLU: words("alphaInitializer alphaRegularizer alphaConstraint sharedAxes"),
  Softmax: ["axis"],
  Conv1D: CONVOLUTION,
  MaxPooling1D: POOLING,
  AveragePooling1D: POOLING,
  GlobalMaxPooling1D: words("dataFormat keepdims"),
  GlobalAveragePooling1D: words("dataFormat keepdims"),
  BatchNormalization: [...NORMAL, ...words("momentum movingMeanInitializer movingVarianceInitializer")],
  LayerNormalization: NORMAL,
  Flatten: ["dataFormat"],
  Reshape: ["targetShape"],
  Permute: ["dims"],
  RepeatVector: ["n"],
  Rescaling: words("scale offset"),
  Concatenate: ["axis"],
  Add: [],
  Subtract: [],
  Multiply: [],
  Average: [],
  Maximum: [],
  Minimum: [],
  Attention: words("useScale scoreMode dropout causal seed"),
  AdditiveAttention: words("useScale dropout causal seed"),
  MultiHeadAttention: [
    ...without(WEIGHTED, "activation"),
    ...words("numHeads keyDim valueDim dropout outputShape attentionAxes flashAttention seed"),
  ],
  ActivityRegularization: words("l1 l2"),
  Identity: [],
};

/** Options that every layer takes and that are no part of its config. */
export const OUTSIDE: readonly string[] = words("name trainable inputShape batchShape weights");

/** The options of a class, the common ones among them; undefined if any may be its own. */
export function optionKeys(className: string): readonly string[] | undefined {
  if (!Object.hasOwn(KEYS, className)) return undefined;
  return [...KEYS[className]!, "activityRegularizer", "dtype", "inputDim", "inputLength", ...OUTSIDE];
}
