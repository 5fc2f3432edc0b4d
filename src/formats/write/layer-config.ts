import type { Json } from "../../layers/layer.ts";
import { OLD_HARD_SIGMOID } from "../keras/config/values.ts";
import { toSnake } from "../keras/names.ts";
import { WEIGHT_RULE, weightRule } from "./weight-rules.ts";
import type { WriteLayer } from "./write-tree.ts";

/** Keys of recurrent layers that every reader takes. */
const RECURRENT = ["returnSequences", "returnState", "goBackwards", "stateful", "unroll", "zeroOutputForMask"];
const CELL = ["units", "activation", "useBias", "dropout", "recurrentDropout"];
const AXES = ["padding", "dataFormat"];
const CONV = [
  "filters",
  "kernelSize",
  "strides",
  "padding",
  "dataFormat",
  "dilationRate",
  "groups",
  "activation",
  "useBias",
];

const UNGROUPED = CONV.filter((key) => key !== "groups");
const SEPARABLE = [...UNGROUPED, "depthMultiplier"];
const DEPTHWISE = SEPARABLE.filter((key) => key !== "filters");
const TRANSPOSED = [...UNGROUPED, "outputPadding"];
const POOLING = ["poolSize", "strides", ...AXES];
const GLOBAL = ["dataFormat", "keepdims"];

/** Keys that a reader needs, by class; classes that are not listed write all that is not dropped below. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  InputLayer: ["batchShape"],
  Embedding: ["inputDim", "outputDim", "maskZero"],
  SimpleRNN: [...CELL, ...RECURRENT],
  SimpleRNNCell: CELL,
  LSTM: [...CELL, "recurrentActivation", "unitForgetBias", ...RECURRENT],
  LSTMCell: [...CELL, "recurrentActivation", "unitForgetBias"],
  GRU: [...CELL, "recurrentActivation", "resetAfter", ...RECURRENT],
  GRUCell: [...CELL, "recurrentActivation", "resetAfter"],
  RNN: RECURRENT,
  StackedRNNCells: [],
  Bidirectional: ["mergeMode"],
  TimeDistributed: [],
  ConvLSTM1D: [...UNGROUPED, "recurrentActivation", "unitForgetBias", "dropout", "recurrentDropout", ...RECURRENT],
  ConvLSTM2D: [...UNGROUPED, "recurrentActivation", "unitForgetBias", "dropout", "recurrentDropout", ...RECURRENT],
  SeparableConv1D: SEPARABLE,
  SeparableConv2D: SEPARABLE,
  DepthwiseConv1D: DEPTHWISE,
  DepthwiseConv2D: DEPTHWISE,
  Conv1DTranspose: TRANSPOSED,
  Conv2DTranspose: TRANSPOSED,
  Conv3DTranspose: TRANSPOSED,
  Conv2D: CONV,
  Conv3D: CONV,
  SpectralNormalization: ["powerIterations"],
  SpatialDropout1D: ["rate"],
  Dropout: ["rate", "noiseShape"],
  GaussianNoise: ["stddev"],
  GaussianDropout: ["rate"],
  AlphaDropout: ["rate", "noiseShape"],
  Masking: ["maskValue"],
  RepeatVector: ["n"],
  Permute: ["dims"],
  Reshape: ["targetShape"],
  LeakyReLU: ["negativeSlope"],
  ELU: ["alpha"],
  ReLU: ["maxValue", "negativeSlope", "threshold"],
  PReLU: ["sharedAxes"],
  Softmax: ["axis"],
  Concatenate: ["axis"],
  Dot: ["axes", "normalize"],
  Attention: ["useScale", "scoreMode", "dropout"],
  AdditiveAttention: ["useScale", "dropout"],
  MultiHeadAttention: ["numHeads", "keyDim", "valueDim", "dropout", "useBias", "outputShape", "attentionAxes"],
  UpSampling1D: ["size"],
  UpSampling2D: ["size", "dataFormat", "interpolation"],
  UpSampling3D: ["size", "dataFormat"],
  ZeroPadding1D: AXES,
  ZeroPadding2D: AXES,
  ZeroPadding3D: AXES,
  Cropping1D: ["cropping"],
  Cropping2D: ["cropping", "dataFormat"],
  Cropping3D: ["cropping", "dataFormat"],
  MaxPooling1D: POOLING,
  MaxPooling2D: POOLING,
  MaxPooling3D: POOLING,
  AveragePooling1D: POOLING,
  AveragePooling2D: POOLING,
  AveragePooling3D: POOLING,
  GlobalMaxPooling1D: GLOBAL,
  GlobalMaxPooling2D: GLOBAL,
  GlobalMaxPooling3D: GLOBAL,
  GlobalAveragePooling1D: GLOBAL,
  GlobalAveragePooling2D: GLOBAL,
  GlobalAveragePooling3D: GLOBAL,
  Dense: ["units", "activation", "useBias"],
  Conv1D: CONV,
  Activation: ["activation"],
  BatchNormalization: ["axis", "momentum", "epsilon", "center", "scale"],
  LayerNormalization: ["axis", "epsilon", "center", "scale", "rmsScaling"],
};

/** Initializers are of no use to a trained model and differ between Keras' minors. */
const DROPPED =
  /Initializer$|^(dtype|batchShape|inputLength|inputDim|inputShape|timeMajor|implementation|keras1.*|layer|backwardLayer|cell|cells|quantizationConfig|buildConfig)$/;

/** Options of image layers that not every Keras 3 knows, with the value that they have without being named. */
const LATER: Readonly<Record<string, Json>> = {
  antialias: false,
  padToAspectRatio: false,
  fillMode: "constant",
  fillValue: 0,
  dataFormat: "channels_last",
  valueRange: [0, 255],
};
const IMAGES = /^(Resizing$|CenterCrop$|Random|ZeroPadding1D$)/;

/** Keys, with their defaults, by which readers tell a layer of Keras' from an author's class of that name. */
const TELLING: Readonly<Record<string, Readonly<Record<string, Json>>>> = {
  AdditiveAttention: { use_scale: true },
  Attention: { use_scale: false },
  LayerNormalization: { axis: -1, epsilon: 1e-3 },
};

/** Options that came with later Keras 3 and that earlier ones refuse, with what they do without them. */
const LATE: Readonly<Record<string, Json>> = {
  countWeights: null,
  oovMethod: "floormod",
  salt: null,
  useGate: false,
  slidingWindow: null,
  seed: null,
};

/** Spellings of activations that not every Keras knows. */
const ACTIVATIONS: Readonly<Record<string, string>> = { swish: "silu", hard_swish: "hard_silu" };

/** A layer's config in Keras' snake case, with the keys that a reader needs and no more. */
export function kerasConfig(layer: WriteLayer): Record<string, Json> {
  const { className, config } = layer;
  const wanted = Object.hasOwn(KEYS, className) ? KEYS[className] : undefined;
  const out: Record<string, Json> = { ...(Object.hasOwn(TELLING, className) && TELLING[className]) };
  for (const [key, value] of Object.entries(config)) {
    if (WEIGHT_RULE.test(key)) {
      const rule = weightRule(key, value);
      if (rule !== undefined) out[toSnake(key)] = rule;
      continue;
    }
    if (wanted ? !wanted.includes(key) : DROPPED.test(key)) continue;
    if (key === "zeroOutputForMask" && value !== true) continue;
    if (Object.hasOwn(LATE, key) && LATE[key] === value) continue;
    if (IMAGES.test(className) && JSON.stringify(value) === JSON.stringify(LATER[key])) continue;
    out[toSnake(key)] = key.toLowerCase().endsWith("activation") ? activation(value) : value;
  }
  return out;
}

/** Keras 3's own hard_sigmoid, clip(x/6 + 0.5), of 1.2x: a chain of layers, which 3.9 and later take for an activation. */
const SCALED_HARD_SIGMOID: Json = {
  module: "keras",
  class_name: "Sequential",
  config: {
    name: "hard_sigmoid_02",
    layers: [
      {
        module: "keras.layers",
        class_name: "Rescaling",
        config: { name: "slope", scale: 1.2, offset: 0, dtype: "float32" },
        registered_name: null,
      },
      {
        module: "keras.layers",
        class_name: "Activation",
        config: { name: "hard_sigmoid", activation: "hard_sigmoid", dtype: "float32" },
        registered_name: null,
      },
    ],
  },
  registered_name: null,
};

/** An activation by name, or a layer that stands for one, as Keras 3 serialises it. */
function activation(value: Json): Json {
  if (value === OLD_HARD_SIGMOID) return SCALED_HARD_SIGMOID;
  if (typeof value === "string") return ACTIVATIONS[value] ?? value;
  if (typeof value !== "object" || value === null || !("className" in value)) return value;
  const { className, config } = value as { readonly className: Json; readonly config?: Readonly<Record<string, Json>> };
  const kept = Object.entries(config ?? {}).filter(([key]) => !DROPPED.test(key) && !WEIGHT_RULE.test(key));
  const snake = Object.fromEntries(kept.map(([key, item]) => [toSnake(key), item]));
  return { module: "keras.layers", class_name: className, config: snake, registered_name: null };
}
