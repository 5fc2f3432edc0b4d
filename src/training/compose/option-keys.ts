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
const SEQUENCE = words(
  "returnSequences returnState goBackwards stateful unroll zeroOutputForMask timeMajor numConstants inputDim inputLength",
);
const CONVOLUTION = [
  ...WEIGHTED,
  ...words("filters kernelSize strides padding dataFormat dilationRate groups inputDim inputLength"),
];
const POOLING = words("poolSize strides padding dataFormat");
const NORMAL = words(
  "axis epsilon center scale betaInitializer gammaInitializer betaRegularizer gammaRegularizer betaConstraint gammaConstraint",
);

/** What Keras' layers take, beside what all take, by class. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  Dense: [...WEIGHTED, "units", "inputDim"],
  Embedding: words(
    "inputDim outputDim embeddingsInitializer embeddingsRegularizer embeddingsConstraint activityRegularizer maskZero inputLength",
  ),
  LSTM: [...CELL, ...SEQUENCE, "unitForgetBias"],
  GRU: [...CELL, ...SEQUENCE, "resetAfter"],
  SimpleRNN: [...CELL, ...SEQUENCE].filter((key) => key !== "recurrentActivation"),
  LSTMCell: [...CELL, "unitForgetBias"],
  GRUCell: [...CELL, "resetAfter"],
  SimpleRNNCell: CELL.filter((key) => key !== "recurrentActivation"),
  RNN: [...SEQUENCE, "cell"],
  StackedRNNCells: ["cells"],
  Bidirectional: words("layer backwardLayer mergeMode inputDim inputLength"),
  TimeDistributed: words("layer inputDim inputLength"),
  Masking: words("maskValue inputDim inputLength"),
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
  BatchNormalization: [...NORMAL, ...words("momentum movingMeanInitializer movingVarianceInitializer synchronized")],
  LayerNormalization: [...NORMAL, "rmsScaling"],
  Flatten: ["dataFormat"],
  Reshape: ["targetShape"],
  Permute: ["dims"],
  RepeatVector: ["n"],
  Concatenate: ["axis"],
  Add: [],
  Subtract: [],
  Multiply: [],
  Average: [],
  Maximum: [],
  Minimum: [],
  Dot: words("axes normalize"),
  Attention: words("useScale scoreMode dropout causal seed"),
  AdditiveAttention: words("useScale dropout causal seed"),
  ActivityRegularization: words("l1 l2"),
  Identity: [],
};

/** The options of a class beside the common ones; undefined if any may be its own. */
export function allowedKeys(className: string): readonly string[] | undefined {
  return Object.hasOwn(KEYS, className) ? [...KEYS[className]!, "dtype"] : undefined;
}
