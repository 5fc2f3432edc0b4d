import { UnsupportedLayerError } from "../errors.ts";
import type { Value } from "../plan/buffer.ts";
import { Layer } from "./layer.ts";

/** Stands for a layer that a model is loaded without. It is never called, and its weights stay in the file. */
export class Skipped extends Layer {
  override plan(): readonly Value[] {
    throw new UnsupportedLayerError(`${this}: the model was loaded without this layer.`);
  }
}
