import type { Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import type { LayerCall, WeightSpec } from "./layer.ts";
import { Wrapper } from "./wrapper.ts";

/**
 * A layer whose kernel training keeps at a spectral norm of one. The file holds the kernel so; the vector that
 * training goes on from is kept and not computed with.
 */
export class SpectralNormalization extends Wrapper {
  override weightSpecs(): readonly WeightSpec[] {
    return [{ name: "vectorU", shape: [1, null], trainable: false }];
  }

  override plan(p: Planner, inputs: readonly Value[], call: LayerCall): readonly Value[] {
    return this.layer.plan(p, inputs, call);
  }
}
