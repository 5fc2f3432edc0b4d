import type { Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { innerSpec } from "./inner-spec.ts";
import { type BuildContext, type ChildLayer, Layer, type LayerCall, type LayerSpec, type WeightSpec } from "./layer.ts";

/**
 * A layer whose kernel training keeps at a spectral norm of one. The file holds the kernel so; the vector that
 * training goes on from is kept and not computed with.
 */
export class SpectralNormalization extends Layer {
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

  override weightSpecs(): readonly WeightSpec[] {
    return [{ name: "vectorU", shape: [1, null], trainable: false }];
  }

  override plan(p: Planner, inputs: readonly Value[], call: LayerCall): readonly Value[] {
    return this.layer.plan(p, inputs, call);
  }
}
