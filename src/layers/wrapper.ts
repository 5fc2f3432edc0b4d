import { innerSpec } from "./inner-spec.ts";
import { type BuildContext, type ChildLayer, Layer, type LayerSpec } from "./layer.ts";

/** A layer around another one, Keras' Wrapper. */
export abstract class Wrapper extends Layer {
  readonly layer: Layer;

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context);
    this.layer = context.create(innerSpec(this, "layer"));
  }

  override get children(): readonly ChildLayer[] {
    return [{ path: "layer", layer: this.layer }];
  }

  override get mixesRows(): boolean {
    return this.layer.mixesRows;
  }
}
