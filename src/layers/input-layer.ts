import { UnsupportedLayerError } from "../errors.ts";
import type { Value } from "../plan/buffer.ts";
import { Layer } from "./layer.ts";

/** Where a model's input enters. The graph gives it its value; it plans nothing. */
export class InputLayer extends Layer {
  override plan(): readonly Value[] {
    throw new UnsupportedLayerError(
      `${this} is called like a layer inside the graph; only model inputs may be input layers.`,
    );
  }
}
