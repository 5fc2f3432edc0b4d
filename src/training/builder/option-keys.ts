const words = (text: string): readonly string[] => text.split(" ");
const without = (keys: readonly string[], ...left: string[]) => keys.filter((key) => !left.includes(key));

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
const WINDOW = words("kernelSize strides padding dataFormat dilationRate");
const CONVOLUTION = [...WEIGHTED, ...WINDOW, "filters", "groups"];
const DEPTHWISE = [
  ...without(WEIGHTED, "kernelInitializer", "kernelRegularizer", "kernelConstraint"),
  ...WINDOW,
  ...words("depthMultiplier depthwiseInitializer depthwiseRegularizer depthwiseConstraint"),
];
const SEPARABLE = [...DEPTHWISE, ...words("filters pointwiseInitializer pointwiseRegularizer pointwiseConstraint")];
const TRANSPOSED = [...without(CONVOLUTION, "groups"), "outputPadding"];
const CONV_LSTM = [...without(CELL, "units"), ...SEQUENCE, ...WINDOW, "filters", "unitForgetBias"];
const POOLING = words("poolSize strides padding dataFormat");
const GLOBAL_POOLING = words("dataFormat keepdims");
const NORMAL = words(
  "axis epsilon center scale betaInitializer gammaInitializer betaRegularizer gammaRegularizer betaConstraint gammaConstraint",
);

/** The same options for a layer of one, two and three axes. */
const perAxes = (name: (axes: number) => string, keys: readonly string[], most = 3) =>
  Object.fromEntries([1, 2, 3].slice(0, most).map((axes) => [name(axes), keys]));

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
  ...perAxes((n) => `SpatialDropout${n}D`, words("rate seed dataFormat")),
  AlphaDropout: words("rate noiseShape seed"),
  GaussianDropout: words("rate seed"),
  GaussianNoise: words("stddev seed"),
  Activation: ["activation"],
  ReLU: words("maxValue negativeSlope threshold"),
  LeakyReLU: words("negativeSlope alpha"),
  ELU: ["alpha"],
  PReLU: words("alphaInitializer alphaRegularizer alphaConstraint sharedAxes"),
  Softmax: ["axis"],
  ...perAxes((n) => `Conv${n}D`, CONVOLUTION),
  ...perAxes((n) => `Conv${n}DTranspose`, TRANSPOSED),
  ...perAxes((n) => `DepthwiseConv${n}D`, DEPTHWISE, 2),
  ...perAxes((n) => `SeparableConv${n}D`, SEPARABLE, 2),
  ...perAxes((n) => `ConvLSTM${n}D`, CONV_LSTM),
  ...perAxes((n) => `MaxPooling${n}D`, POOLING),
  ...perAxes((n) => `AveragePooling${n}D`, POOLING),
  ...perAxes((n) => `GlobalMaxPooling${n}D`, GLOBAL_POOLING),
  ...perAxes((n) => `GlobalAveragePooling${n}D`, GLOBAL_POOLING),
  ...perAxes((n) => `ZeroPadding${n}D`, words("padding dataFormat")),
  ...perAxes((n) => `Cropping${n}D`, words("cropping dataFormat")),
  ...perAxes((n) => `UpSampling${n}D`, words("size dataFormat interpolation")),
  BatchNormalization: [...NORMAL, ...words("momentum movingMeanInitializer movingVarianceInitializer")],
  LayerNormalization: NORMAL,
  GroupNormalization: [...NORMAL, "groups"],
  RMSNormalization: words("axis epsilon"),
  UnitNormalization: ["axis"],
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
  Dot: words("axes normalize"),
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
export const OUTSIDE: readonly string[] = words("name trainable inputShape batchShape batchSize weights");

/** The options of a class, the common ones among them; undefined if any may be its own. */
export function optionKeys(className: string): readonly string[] | undefined {
  if (!Object.hasOwn(KEYS, className)) return undefined;
  return [...KEYS[className]!, "activityRegularizer", "dtype", "inputDim", "inputLength", ...OUTSIDE];
}
