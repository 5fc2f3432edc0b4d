import type { Json } from "../../../layers/layer.ts";

/** Where a constructor's argument comes from: the keyword, the place among positional ones, and what stands for it. */
type Source = readonly [keyword: string, place: number, fallback?: Json];

/** What a TensorFlow function is in Keras 3. */
export interface FunctionRule {
  readonly op: string;
  /** Keywords of further tensors, in the order of the operation's arguments; places count from 1. */
  readonly tensors?: readonly string[];
  readonly config?: Readonly<Record<string, Source>>;
}

const AXIS = { axis: ["axis", 1, null] } as const;

/** Functions by their last name, as Python calls them. */
export const FUNCTION_RULES: Readonly<Record<string, FunctionRule>> = {
  argmax: { op: "Argmax", config: { axis: ["axis", 1, 0] } },
  argmin: { op: "Argmin", config: { axis: ["axis", 1, 0] } },
  argsort: { op: "tf.argsort", config: { axis: ["axis", 1, -1], direction: ["direction", 2, "ASCENDING"] } },
  atan2: { op: "Arctan2", tensors: ["x"] },
  batch_dot: { op: "tf.batch_dot", tensors: ["y"], config: { axes: ["axes", 2, null] } },
  batch_flatten: { op: "tf.batch_flatten" },
  broadcast_to: { op: "BroadcastTo", config: { shape: ["shape", 1, null] } },
  clip: { op: "Clip", config: { xMin: ["minValue", 1, null], xMax: ["maxValue", 2, null] } },
  clip_by_value: { op: "Clip", config: { xMin: ["clipValueMin", 1, null], xMax: ["clipValueMax", 2, null] } },
  concat: { op: "Concatenate", config: { axis: ["axis", 1, -1] } },
  concatenate: { op: "Concatenate", config: { axis: ["axis", 1, -1] } },
  cumprod: { op: "Cumprod", config: { axis: ["axis", 1, 0] } },
  cumsum: {
    op: "tf.cumsum",
    config: { axis: ["axis", 1, 0], exclusive: ["exclusive", 2, false], reverse: ["reverse", 3, false] },
  },
  dot: { op: "Dot", tensors: ["y"] },
  expand_dims: { op: "ExpandDims", config: { axis: ["axis", 1, 0] } },
  flatten: { op: "Ravel" },
  gather_nd: { op: "tf.gather_nd", tensors: ["indices"] },
  gelu: { op: "Gelu", config: { approximate: ["approximate", 1, false] } },
  hard_sigmoid: { op: "tf.hard_sigmoid" },
  l2_normalize: { op: "Normalize", config: { axis: ["axis", 1, null], epsilon: ["root", 9, 1e-6] } },
  leaky_relu: { op: "LeakyRelu", config: { negativeSlope: ["alpha", 1, 0.2] } },
  log_softmax: { op: "LogSoftmax", config: { axis: ["axis", 1, -1] } },
  moments: { op: "Moments", config: { axes: ["axes", 1, null], keepdims: ["keepdims", 3, false] } },
  norm: { op: "Norm", config: { ord: ["ord", 1, null], axis: ["axis", 2, null], keepdims: ["keepdims", 3, false] } },
  permute_dimensions: { op: "Transpose", config: { axes: ["pattern", 1, null] } },
  repeat: { op: "Repeat", config: { repeats: ["repeats", 1, 1], axis: ["axis", 2, null] } },
  repeat_elements: { op: "Repeat", config: { repeats: ["rep", 1, 1], axis: ["axis", 2, null] } },
  reshape: { op: "Reshape", config: { newshape: ["shape", 1, null] } },
  resize: { op: "Resize", config: { size: ["size", 1, null], interpolation: ["method", 2, "bilinear"] } },
  reverse: { op: "Flip", config: AXIS },
  roll: { op: "Roll", config: { shift: ["shift", 1, 0], axis: ["axis", 2, null] } },
  sequence_mask: { op: "tf.sequence_mask", config: { maxlen: ["maxlen", 1, null] } },
  shape: { op: "Shape" },
  slice: { op: "tf.slice", config: { startIndices: ["begin", 1, null], shape: ["size", 2, null] } },
  softmax: { op: "Softmax", config: { axis: ["axis", 1, -1] } },
  sort: { op: "tf.sort", config: { axis: ["axis", 1, -1], direction: ["direction", 2, "ASCENDING"] } },
  squeeze: { op: "Squeeze", config: AXIS },
  stack: { op: "Stack", config: { axis: ["axis", 1, 0] } },
  tensordot: { op: "Tensordot", tensors: ["b"], config: { axes: ["axes", 2, 2] } },
  tile: { op: "Tile", config: { repeats: ["multiples", 1, null] } },
  top_k: { op: "TopK", config: { k: ["k", 1, 1] } },
  transpose: { op: "Transpose", config: { axes: ["perm", 1, null] } },
  unstack: { op: "Unstack", config: { num: ["num", 1, null], axis: ["axis", 2, 0] } },
  where: { op: "Where", tensors: ["x", "y"] },
  zeros: { op: "tf.zeros" },
  ones: { op: "tf.ones" },
  fill: { op: "tf.fill", tensors: ["value"] },
  tril: { op: "Tril", config: { k: ["k", 1, 0] } },
};

/** Functions of `keras.backend` that mean something else than TensorFlow's of the same name. */
export const BACKEND_RULES: Readonly<Record<string, FunctionRule>> = {
  argmax: { op: "Argmax", config: { axis: ["axis", 1, -1] } },
  argmin: { op: "Argmin", config: { axis: ["axis", 1, -1] } },
  gather: { op: "Take", tensors: ["indices"], config: { axis: ["zero", 9, 0] } },
  repeat: { op: "tf.repeat_vector", config: { n: ["n", 1, 1] } },
  reverse: { op: "Flip", config: { axis: ["axes", 1, null] } },
  expand_dims: { op: "ExpandDims", config: { axis: ["axis", 1, -1] } },
  tile: { op: "Tile", config: { repeats: ["n", 1, null] } },
};
