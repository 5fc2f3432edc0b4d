/**
 * Base of every error that rnn-wasm throws on purpose. `catch (e) { if (e instanceof RnnWasmError) … }` separates bad
 * input from a bug.
 */
export class RnnWasmError extends Error {
  override name = "RnnWasmError";
}

/** A tensor has the wrong rank, size, dtype or number. The message names the argument, what was expected and got. */
export class ShapeError extends RnnWasmError {
  override name = "ShapeError";
}

/** A weight is missing, left over or misshapen. The message names the layer, the weight, expected and actual shape. */
export class WeightsError extends RnnWasmError {
  override name = "WeightsError";
}

/** The model uses a layer, operation or option that rnn-wasm does not run. The message says which, where and what to do. */
export class UnsupportedLayerError extends RnnWasmError {
  override name = "UnsupportedLayerError";
}

/** A file is truncated, damaged, hostile or of another kind than it claims. The message says where and what to do. */
export class FormatError extends RnnWasmError {
  override name = "FormatError";
}

/** The WebAssembly kernels cannot be compiled, chosen or given memory. */
export class EngineError extends RnnWasmError {
  override name = "EngineError";
}

/** A call's options contradict each other or name something that does not exist. */
export class OptionError extends RnnWasmError {
  override name = "OptionError";
}

/** Training has left the finite numbers. The message names the step and the first layer; nothing was updated by it. */
export class DivergenceError extends RnnWasmError {
  override name = "DivergenceError";
}
