import { UnsupportedLayerError } from "../../errors.ts";
import type { Json } from "../../layers/layer.ts";
import type { WriteLayer } from "./write-tree.ts";

/** A class of Keras 1: its name there, what it calls today's keys, and what must hold because it has no word for more. */
interface Words {
  readonly name?: string;
  readonly keys: Readonly<Record<string, string>>;
  /** Keys of today with the only values that Keras 1 knows; an absent key is fine. */
  readonly only?: Readonly<Record<string, readonly Json[]>>;
}

const RECURRENT = {
  units: "output_dim",
  activation: "activation",
  dropout: "dropout_W",
  recurrentDropout: "dropout_U",
  returnSequences: "return_sequences",
  goBackwards: "go_backwards",
  stateful: "stateful",
  unroll: "unroll",
};
const ONE_OUTPUT = { returnState: [false], timeMajor: [false], zeroOutputForMask: [false] };
const CHANNELS_LAST = { dataFormat: ["channels_last", null] };
const CONV1D: Words = {
  keys: {
    filters: "nb_filter",
    kernelSize: "filter_length",
    strides: "subsample_length",
    padding: "border_mode",
    activation: "activation",
    useBias: "bias",
  },
  only: { ...CHANNELS_LAST, groups: [1], padding: ["valid", "same"] },
};
const POOLING1D: Words = {
  keys: { poolSize: "pool_length", strides: "stride", padding: "border_mode" },
  only: { ...CHANNELS_LAST, padding: ["valid", "same"] },
};
const GLOBAL: Words = { keys: {}, only: { ...CHANNELS_LAST, keepdims: [false] } };
const MERGES: Readonly<Record<string, string>> = {
  Add: "sum",
  Multiply: "mul",
  Average: "ave",
  Maximum: "max",
  Concatenate: "concat",
  Dot: "dot",
};

const WORDS: Readonly<Record<string, Words>> = {
  SimpleRNN: { keys: RECURRENT, only: ONE_OUTPUT },
  LSTM: { keys: { ...RECURRENT, recurrentActivation: "inner_activation" }, only: ONE_OUTPUT },
  GRU: {
    keys: { ...RECURRENT, recurrentActivation: "inner_activation" },
    only: { ...ONE_OUTPUT, resetAfter: [false] },
  },
  Bidirectional: { keys: { mergeMode: "merge_mode" } },
  TimeDistributed: { keys: {} },
  Embedding: { keys: { inputDim: "input_dim", outputDim: "output_dim", maskZero: "mask_zero" } },
  Dense: { keys: { units: "output_dim", activation: "activation", useBias: "bias" } },
  Activation: { keys: { activation: "activation" } },
  Masking: { keys: { maskValue: "mask_value" } },
  Dropout: { keys: { rate: "p" } },
  SpatialDropout1D: { keys: { rate: "p" } },
  GaussianNoise: { keys: { stddev: "sigma" } },
  GaussianDropout: { keys: { rate: "p" } },
  ActivityRegularization: { keys: { l1: "l1", l2: "l2" } },
  Flatten: { keys: {}, only: CHANNELS_LAST },
  Reshape: { keys: { targetShape: "target_shape" } },
  Permute: { keys: { dims: "dims" } },
  RepeatVector: { keys: { n: "n" } },
  Conv1D: CONV1D,
  LocallyConnected1D: { ...CONV1D, only: { ...CHANNELS_LAST, padding: ["valid"] } },
  MaxPooling1D: POOLING1D,
  AveragePooling1D: POOLING1D,
  GlobalMaxPooling1D: GLOBAL,
  GlobalAveragePooling1D: GLOBAL,
  UpSampling1D: { keys: { size: "length" } },
  ZeroPadding1D: { keys: { padding: "padding" }, only: CHANNELS_LAST },
  Cropping1D: { keys: { cropping: "cropping" } },
  ConvLSTM2D: {
    keys: {
      filters: "nb_filter",
      strides: "subsample",
      padding: "border_mode",
      activation: "activation",
      recurrentActivation: "inner_activation",
      dropout: "dropout_W",
      recurrentDropout: "dropout_U",
      returnSequences: "return_sequences",
      goBackwards: "go_backwards",
      stateful: "stateful",
    },
    only: { returnState: [false], padding: ["valid", "same"] },
  },
  BatchNormalization: { keys: { epsilon: "epsilon", momentum: "momentum", axis: "axis", mode: "mode" } },
  LeakyReLU: { keys: { negativeSlope: "alpha" } },
  ELU: { keys: { alpha: "alpha" } },
  ThresholdedReLU: { keys: { theta: "theta" } },
  PReLU: { keys: { sharedAxes: "shared_axes" } },
  SReLU: { keys: { sharedAxes: "shared_axes" } },
  ParametricSoftplus: { keys: { sharedAxes: "shared_axes" } },
  Highway: { keys: { activation: "activation", useBias: "bias" } },
  MaxoutDense: { keys: { units: "output_dim", nbFeature: "nb_feature", useBias: "bias" } },
  ...Object.fromEntries(Object.keys(MERGES).map((name) => [name, { name: "Merge", keys: {} }])),
};
const RENAMED: Readonly<Record<string, string>> = { Conv1D: "Convolution1D" };
const ACTIVATIONS = new Set("softmax elu softplus softsign relu tanh sigmoid hard_sigmoid linear".split(" "));

/** Keras 1 has no word for something, and nothing near it. */
export function cannotSay(layer: WriteLayer, what: string): never {
  throw new UnsupportedLayerError(
    `${layer.className} layer "${layer.name}": Keras 1 ${what}. Write the model as .keras, or as .h5 for Keras 2.`,
  );
}

/** A single number from a list of one. */
function single(layer: WriteLayer, key: string, value: Json): Json {
  if (!Array.isArray(value)) return value;
  if (value.length !== 1) cannotSay(layer, `takes one number as ${key}, not ${JSON.stringify(value)}`);
  return value[0]!;
}

function activation(layer: WriteLayer, value: Json): Json {
  const name = value ?? "linear";
  if (typeof name === "string" && ACTIVATIONS.has(name)) return name;
  return cannotSay(layer, `has no activation ${JSON.stringify(name)}`);
}

const ONE_NUMBER = new Set(["filter_length", "subsample_length", "pool_length", "stride", "length", "atrous_rate"]);

/**
 * A layer's class and config as Keras 1 says them, without name and inner layers.
 *
 * @throws {UnsupportedLayerError} If Keras 1 has no word for the class or for one of its options.
 */
export function keras1Words(given: WriteLayer): { className: string; config: Record<string, Json> } {
  const layer = plainest(given);
  const { className, config } = layer;
  const words = Object.hasOwn(WORDS, className) ? WORDS[className]! : undefined;
  if (!words) return cannotSay(given, className.startsWith("op:") ? "has no operation nodes" : "has no such layer");
  for (const [key, allowed] of Object.entries(words.only ?? {})) {
    const value = config[key];
    if (value !== undefined && !allowed.includes(value)) {
      cannotSay(given, `knows no ${key} ${JSON.stringify(value)}`);
    }
  }
  const out: Record<string, Json> = {};
  for (const [key, word] of Object.entries(words.keys)) {
    const value = config[key];
    if (value === undefined) continue;
    if (/activation$/.test(word)) out[word] = activation(given, value);
    else out[word] = ONE_NUMBER.has(word) ? single(given, key, value) : value;
  }
  special(given, layer, out);
  const atrous = className === "Conv1D" && single(given, "dilationRate", config["dilationRate"] ?? 1) !== 1;
  if (atrous) out["atrous_rate"] = single(given, "dilationRate", config["dilationRate"]!);
  return { className: atrous ? "AtrousConvolution1D" : (words.name ?? RENAMED[className] ?? className), config: out };
}

/** Layers that Keras 1 has under a plainer name. */
function plainest(layer: WriteLayer): WriteLayer {
  const { className, config } = layer;
  if (className === "ReLU") {
    const slope = config["negativeSlope"] ?? 0;
    if ((config["maxValue"] ?? null) !== null || (config["threshold"] ?? 0) !== 0) return layer;
    if (slope !== 0) return { ...layer, className: "LeakyReLU", config: { negativeSlope: slope } };
    return { ...layer, className: "Activation", config: { activation: "relu" } };
  }
  if (className === "Softmax" && (config["axis"] ?? -1) === -1) {
    return { ...layer, className: "Activation", config: { activation: "softmax" } };
  }
  return layer;
}

/** What is said in another form, not only under another name. */
function special(given: WriteLayer, { className, config }: WriteLayer, out: Record<string, Json>): void {
  const keras1Mode = Object.hasOwn(MERGES, className) ? MERGES[className]! : undefined;
  if (keras1Mode) {
    Object.assign(out, { mode: keras1Mode, mode_type: "raw" });
    if (className === "Concatenate") out["concat_axis"] = config["axis"] ?? -1;
    if (className === "Dot") {
      const { axes } = config;
      out["dot_axes"] = typeof axes === "number" && axes >= 0 ? [axes, axes] : (axes ?? -1);
      if (config["keras1Cos"] === true) out["mode"] = "cos";
      else if (config["normalize"] === true) cannotSay(given, "keeps an axis of one in a normalised dot product");
    }
  }
  if (className === "LSTM" || className === "ConvLSTM2D") {
    out["forget_bias_init"] = config["unitForgetBias"] === false ? "zero" : "one";
  }
  if (className === "LSTM" || className === "GRU" || className === "SimpleRNN") out["consume_less"] = "cpu";
  if (className === "ConvLSTM2D") {
    const size = [config["kernelSize"] ?? 1].flat();
    const dilation = [config["dilationRate"] ?? 1].flat();
    if (dilation.some((n) => n !== 1)) cannotSay(given, "has no dilation here");
    Object.assign(out, { nb_row: size[0]!, nb_col: size[1] ?? size[0]! });
    out["dim_ordering"] = config["dataFormat"] === "channels_first" ? "th" : "tf";
  }
  if (className === "BatchNormalization") {
    out["mode"] ??= 0;
    const { axis } = config;
    if (Array.isArray(axis)) out["axis"] = single(given, "axis", axis);
  }
}
