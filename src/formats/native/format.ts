import type { LayerConfig } from "../../layers/layer.ts";
import type { Profile } from "../../layers/profile.ts";
import type { GraphSpec } from "../../model/graph-spec.ts";

/** Value of `format` in `model.json`. */
export const FORMAT = "rnn-wasm";
/** Raised when a reader of the version before would misread the file. */
export const VERSION = 1;
/** The name of the file of weights beside `model.json`. */
export const WEIGHTS_FILE = "weights.safetensors";

/** The name of the file of an optimizer's state beside them. */
export const OPTIMIZER_FILE = "optimizer.safetensors";

/** A tensor in `model.json`; `data` is base64 of little-endian float32 or int32, or a list of strings. */
export interface StoredTensor {
  readonly dtype: "float32" | "int32" | "string";
  readonly shape: readonly number[];
  readonly data: string | readonly string[];
}

/** An input and the output that belongs to it: what `verify` recomputes. */
export interface VerifyPair {
  readonly inputs: readonly StoredTensor[];
  readonly outputs: readonly StoredTensor[];
  /** |ours − stored| ≤ abs + rel·|stored|. */
  readonly tolerance: { readonly abs: number; readonly rel: number };
}

/** `model.json`. */
export interface NativeModel {
  readonly format: typeof FORMAT;
  readonly version: number;
  /** What wrote the file, for people. */
  readonly generatedBy: string;
  /** The numbers' rules, resolved when the model was first loaded. */
  readonly profile: Profile;
  readonly graph: GraphSpec;
  readonly weights: { readonly file: string; readonly parameters: number };
  readonly verify?: VerifyPair;
  /** Keras' compile config, if the model had one. */
  readonly trainingConfig?: LayerConfig;
  /** The optimizer's variables as `0`, `1` …, in Keras' order. Who only predicts may leave the file out. */
  readonly optimizer?: { readonly file: string };
}
