import type { Era } from "../../../layers/profile.ts";
import type { SlotLayout } from "../../../model/slot-layout.ts";

/** What the conversion of weights depends on. */
export interface WeightOrigin {
  readonly era: Era;
  readonly version: string;
  readonly backend: string;
  /** How files are called in messages. */
  readonly what: string;
}

/** Where a model's weights come from. */
export interface WeightReader {
  /**
   * Sets the weights of every layer of a model.
   *
   * @throws {WeightsError} If a layer's weights are missing, left over or misshapen.
   */
  assign(root: import("../../../layers/layer.ts").Layer): void;
  /** Where the slots of the file's optimizer may belong, the likeliest first, once the weights are assigned. */
  slots?(): readonly SlotLayout[];
}
