import type { VerifyPair } from "../formats/native/format.ts";
import type { SlotLayout } from "../model/slot-layout.ts";

/** Where a model came from. */
export interface ModelOrigin {
  /** The container: "rnn-wasm", ".keras", "legacy .h5", "tfjs-layers" … */
  readonly format: string;
  /** Keras' version as the file says it; "" if it says none. */
  readonly kerasVersion: string;
  /** What was repaired or assumed while reading, one sentence each. */
  readonly notes: readonly string[];
  /** An input/output pair that the file carries: what `verify` recomputes. */
  readonly verifyPair?: VerifyPair;
  /** Keras' compile config as the file holds it, if it does. */
  readonly trainingConfig?: unknown;
  /** The optimizer's variables in the file's order, if it holds them. */
  readonly optimizerWeights?: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly data: Float32Array;
  }[];
  /** To which weights the optimizer's slots may belong, the likeliest first. Not part of the stable interface. */
  readonly optimizerSlots?: readonly SlotLayout[];
}
