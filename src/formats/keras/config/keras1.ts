import { FormatError } from "../../../errors.ts";
import type { Json } from "../../../layers/layer.ts";
import { since } from "../profile-of.ts";
import { isObject, type JsonObject } from "../safe-json.ts";

type MutableConfig = Record<string, Json>;

/** Classes of Keras 1 that have another name today. */
const CLASSES: Readonly<Record<string, string>> = {
  Convolution1D: "Conv1D",
  Convolution2D: "Conv2D",
  Convolution3D: "Conv3D",
  AtrousConvolution1D: "Conv1D",
  AtrousConvolution2D: "Conv2D",
  Deconvolution2D: "Conv2DTranspose",
  SeparableConvolution2D: "SeparableConv2D",
  TimeDistributedDense: "Dense",
  // The outputs of a shared node, and what hands a mask on.
  Layer: "Identity",
  MaskedLayer: "Identity",
};

const MERGES: Readonly<Record<string, string>> = {
  sum: "Add",
  mul: "Multiply",
  concat: "Concatenate",
  ave: "Average",
  max: "Maximum",
  dot: "Dot",
  cos: "Dot",
};

/** Keys that only say how Keras 1 was to compute, not what. */
const DROPPED = [
  "consume_less",
  "weights",
  "nb_input",
  "nb_output",
  "custom_name",
  "output_mask",
  "output_mask_type",
  "function_type",
];

const RENAMED: Readonly<Record<string, string>> = {
  init: "kernel_initializer",
  inner_init: "recurrent_initializer",
  inner_activation: "recurrent_activation",
  W_regularizer: "kernel_regularizer",
  U_regularizer: "recurrent_regularizer",
  b_regularizer: "bias_regularizer",
  W_constraint: "kernel_constraint",
  U_constraint: "recurrent_constraint",
  b_constraint: "bias_constraint",
  dropout_W: "dropout",
  dropout_U: "recurrent_dropout",
  bias: "use_bias",
  p: "rate",
  sigma: "stddev",
  nb_filter: "filters",
  border_mode: "padding",
  atrous_rate: "dilation_rate",
  pool_length: "pool_size",
  stride: "strides",
  subsample_length: "strides",
  subsample: "strides",
  filter_length: "kernel_size",
  input_dtype: "dtype",
  length: "size",
};

/** The sizes of a kernel, an axis each. */
const KERNEL_AXES: readonly (readonly string[])[] = [
  ["nb_row", "nb_col"],
  ["kernel_dim1", "kernel_dim2", "kernel_dim3"],
];

const UNITS = new Set(["Dense", "SimpleRNN", "LSTM", "GRU", "TimeDistributedDense", "MaxoutDense"]);

/** Layers of pictures that never write their dim_ordering. */
const SILENT = /^(ZeroPadding|UpSampling|Cropping|SpatialDropout)[23]D$/;

/**
 * Where layers that do not say it have their channels: where the file's other layers have them, which share the setting
 * of the writer's machine, else where that setting is by default.
 */
export function dimOrderingOf(json: JsonObject, version: string): "th" | "tf" {
  const said = new Set([...JSON.stringify(json).matchAll(/"dim_ordering":"(th|tf)"/g)].map((match) => match[1]));
  if (said.size === 1) return said.has("th") ? "th" : "tf";
  return since(version, 1, 1, 0) ? "tf" : "th";
}

/** A Keras 1 layer under the names of today. `config` keeps snake case. */
export function fromKeras1(
  className: string,
  config: JsonObject,
  what: string,
  dimOrdering: "th" | "tf" = "tf",
): { className: string; config: JsonObject } {
  if (className === "Merge") return fromMerge(config, what);
  const out: MutableConfig = {};
  for (const [key, value] of Object.entries(config)) {
    if (DROPPED.includes(key)) continue;
    out[RENAMED[key] ?? key] = regulariser(value);
  }
  if (UNITS.has(className) && "output_dim" in out) {
    out["units"] = out["output_dim"]!;
    delete out["output_dim"];
  }
  if (className === "Embedding") {
    rename(out, "kernel_initializer", "embeddings_initializer");
    rename(out, "kernel_regularizer", "embeddings_regularizer");
    rename(out, "kernel_constraint", "embeddings_constraint");
    delete out["dropout"];
  } else {
    delete out["input_dim"];
  }
  if ("forget_bias_init" in out) {
    const init = out["forget_bias_init"];
    out["unit_forget_bias"] = init === "one" || init === "ones";
    delete out["forget_bias_init"];
  }
  for (const axes of KERNEL_AXES) {
    if (!(axes[0]! in out)) continue;
    out["kernel_size"] = axes.map((axis) => out[axis] ?? out[axes[0]!]!);
    for (const axis of axes) delete out[axis];
  }
  if (SILENT.test(className)) out["dim_ordering"] ??= dimOrdering;
  if ("dim_ordering" in out) {
    out["data_format"] = out["dim_ordering"] === "th" ? "channels_first" : "channels_last";
    delete out["dim_ordering"];
  }
  if (className === "ConvLSTM2D") out["return_sequences"] ??= false;
  return { className: CLASSES[className] ?? className, config: out };
}

function rename(config: MutableConfig, from: string, to: string): void {
  if (!(from in config)) return;
  config[to] = config[from]!;
  delete config[from];
}

/** `{name: "WeightRegularizer", l1, l2}` as today's `{class_name: "L1L2", config}`; the same for constraints. */
function regulariser(value: Json): Json {
  if (!isObject(value) || typeof value["name"] !== "string" || "class_name" in value) return value;
  const { name, ...config } = value;
  const isWeight = /Regularizer$/.test(String(name)) || "l1" in config || "l2" in config;
  return { class_name: isWeight ? "L1L2" : String(name), config };
}

function fromMerge(config: JsonObject, what: string): { className: string; config: JsonObject } {
  const { mode, name = null, trainable = true } = config;
  const className = typeof mode === "string" ? MERGES[mode] : undefined;
  // Python functions have mode_type "lambda" or "function".
  if (!className || (config["mode_type"] !== undefined && config["mode_type"] !== "raw")) {
    return { className: "Merge", config: { name, trainable } };
  }
  const out: MutableConfig = { name, trainable };
  if (className === "Concatenate") out["axis"] = config["concat_axis"] ?? -1;
  if (className === "Dot") {
    const axes = config["dot_axes"] ?? -1;
    // Keras 1 keeps them as [[2], [1]].
    const flat: Json = Array.isArray(axes)
      ? axes.map((axis: Json) => (Array.isArray(axis) ? (axis[0] ?? null) : axis))
      : axes;
    if (Array.isArray(flat) && flat.includes(null)) {
      throw new FormatError(`${what}: the Merge layer "${String(name)}" has no dot_axes.`);
    }
    out["axes"] = flat;
    if (mode === "cos") {
      out["normalize"] = true;
      out["keras1_cos"] = true;
    }
  }
  return { className, config: out };
}
