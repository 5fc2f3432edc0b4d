/**
 * The entry "rnn-wasm/layers": the layers beyond the core's, and what layers of one's own are made of.
 *
 * @module
 */
export { type Place, reshaped, type Value, withMask } from "../plan/buffer.ts";
export type { Planner } from "../plan/planner.ts";
export {
  binary,
  cast,
  concat,
  constant,
  flip,
  logical,
  matmul,
  not,
  pad,
  reduce,
  repeat,
  select,
  slice,
  softmax,
  softmaxOver,
  stack,
  transpose,
  unary,
} from "../plan/tensor-ops.ts";
export { COMPANIONS } from "./companions.ts";
export { arrayLambda, lambda, weightOf } from "./custom.ts";
export { maskOf } from "./simple-layer.ts";
