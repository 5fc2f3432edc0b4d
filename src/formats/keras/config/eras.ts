import type { Json } from "../../../layers/layer.ts";
import { isList, isObject, type JsonObject } from "../safe-json.ts";
import { type ConfigContext, note } from "./context.ts";
import { plainValue } from "./values.ts";

/** Other spellings of classes, by era irrelevant: TF 1.13's unified layers, TF 1's V1 and V2 layers. */
const ALIASES: Readonly<Record<string, string>> = {
  UnifiedLSTM: "LSTM",
  UnifiedGRU: "GRU",
  LSTMV1: "LSTM",
  LSTMV2: "LSTM",
  GRUV1: "GRU",
  GRUV2: "GRU",
  BatchNormalizationV1: "BatchNormalization",
  BatchNormalizationV2: "BatchNormalization",
  SyncBatchNormalization: "BatchNormalization",
  Convolution1D: "Conv1D",
  SeparableConvolution1D: "SeparableConv1D",
  NonMaskingFlatten: "Flatten",
  LSTMCellV2: "LSTMCell",
  GRUCellV2: "GRUCell",
  GlobalMaxPool1D: "GlobalMaxPooling1D",
  GlobalAvgPool1D: "GlobalAveragePooling1D",
  MaxPool1D: "MaxPooling1D",
  AvgPool1D: "AveragePooling1D",
};

const LSTM_LIKE = new Set(["LSTM", "LSTMCell"]);
const GRU_LIKE = new Set(["GRU", "GRUCell"]);
const CONV_LSTM = new Set(["ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "ConvLSTM2DCell"]);

/** Makes the defaults of the file's era explicit and turns classes that are gone into today's. Keys stay in snake case. */
export function repairConfig(
  fileClass: string,
  config: JsonObject,
  name: string,
  context: ConfigContext,
): { className: string; config: JsonObject } {
  const { profile } = context;
  const out: Record<string, Json> = { ...config };
  let className = Object.hasOwn(ALIASES, fileClass) ? ALIASES[fileClass]! : fileClass;
  if (className === "CuDNNLSTM" || className === "CuDNNGRU") {
    note(context, `${className} "${name}": its weights are converted to a plain ${className.slice(5)}'s layout.`);
    className = className.slice(5);
    Object.assign(out, { activation: "tanh", recurrent_activation: "sigmoid", use_bias: true });
    if (className === "GRU") out["reset_after"] = true;
  }
  if (LSTM_LIKE.has(className) || GRU_LIKE.has(className)) {
    setDefault(out, "recurrent_activation", profile.recurrentActivation);
  }
  if (CONV_LSTM.has(className)) setDefault(out, "recurrent_activation", profile.convLstmRecurrentActivation);
  if (GRU_LIKE.has(className)) setDefault(out, "reset_after", profile.gruResetAfter);
  if (className === "BatchNormalization") setDefault(out, "epsilon", profile.batchNormEpsilon);
  if (className === "LeakyReLU") {
    setDefault(out, "negative_slope", out["alpha"] ?? 0.3);
    delete out["alpha"];
  }
  if ("batch_input_shape" in out) {
    setDefault(out, "batch_shape", out["batch_input_shape"]!);
    delete out["batch_input_shape"];
  }
  // Keras 2.0 wrote the dtype of the input here.
  if (className === "Embedding" && typeof out["dtype"] === "string" && /int/.test(out["dtype"])) {
    out["dtype"] = "float32";
  }
  const quantised = quantisation(out["dtype"]);
  if (quantised) out["dtype"] = quantised;
  else notePrecision(plainValue(out["dtype"] ?? null), context);
  return { className, config: out };
}

function setDefault(config: Record<string, Json>, key: string, value: Json): void {
  if (config[key] === undefined) config[key] = value;
}

/** How far results may be from Keras' own where its layers compute in another precision. */
const PRECISIONS: Readonly<Record<string, string>> = {
  float16: "the third or fourth digit",
  mixed_float16: "the third or fourth digit",
  bfloat16: "the second or third digit",
  mixed_bfloat16: "the second or third digit",
  float64: "the seventh digit",
};

function notePrecision(dtype: Json, context: ConfigContext): void {
  if (typeof dtype !== "string" || !Object.hasOwn(PRECISIONS, dtype)) return;
  note(context, `${dtype} layers are computed in float32; results differ from Keras' own in ${PRECISIONS[dtype]}.`);
}

/** `int8_from_float32` and its like, as text; such a layer's variables are no plain weights. */
function quantisation(dtype: Json | undefined): string | undefined {
  const name = isObject(dtype) && isObject(dtype["config"]) ? dtype["config"]["name"] : dtype;
  if (isObject(dtype) && /Quantized/.test(String(dtype["class_name"]))) {
    const mode = isObject(dtype["config"]) ? dtype["config"]["mode"] : undefined;
    return `${String(mode ?? "quantized")}_from_float32`;
  }
  return typeof name === "string" && name.includes("_from_") ? name : undefined;
}

/** The batch shape that the first layer of an old Sequential model declares; undefined if it declares none. */
export function declaredShape(config: JsonObject): Json | undefined {
  for (const key of ["batch_shape", "batch_input_shape"]) if (isList(config[key])) return config[key];
  if (isList(config["input_shape"])) return [null, ...config["input_shape"]];
  const dim = config["input_dim"];
  if (typeof dim === "number") {
    return "input_length" in config ? [null, config["input_length"] ?? null, dim] : [null, dim];
  }
  return undefined;
}
