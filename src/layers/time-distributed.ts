import { ShapeError } from "../errors.ts";
import { reshaped, type Value, withMask } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { formatShape } from "../tensor.ts";
import { innerSpec } from "./inner-spec.ts";
import { type BuildContext, type ChildLayer, Layer, type LayerCall, type LayerSpec } from "./layer.ts";

/** Applies a layer to each step: batch and time become one axis for it. */
export class TimeDistributed extends Layer {
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

  override plan(p: Planner, inputs: readonly Value[], call: LayerCall): readonly Value[] {
    const x = inputs[0]!;
    if (x.shape.length < 2) {
      throw new ShapeError(`${this}: expected an input of [batch, timesteps, …]; got ${formatShape(x.shape)}.`);
    }
    const [batch, timesteps] = [x.shape[0]!, x.shape[1]!];
    const given = Array.isArray(call.mask) ? call.mask[0] : (call.mask as Value | null | undefined);
    const mask = given === undefined ? x.mask : (given ?? undefined);
    const inner = mask && this.profile.timeDistributedGivesMask ? this.#flatMask(mask) : undefined;
    const steps = withMask(reshaped(x, [batch * timesteps, ...x.shape.slice(2)]), inner);
    const outputs = this.layer.plan(p, [steps], {});
    const passed = this.profile.recurrentPassesMask ? mask : undefined;
    return outputs.map((y) => withMask(reshaped(y, [batch, timesteps, ...y.shape.slice(1)]), passed));
  }

  /** [batch, timesteps, …] of a mask as the inner layer sees it. */
  #flatMask(mask: Value): Value | undefined {
    if (mask.shape.length < 2) return undefined;
    return reshaped(mask, [mask.shape[0]! * mask.shape[1]!, ...mask.shape.slice(2)]);
  }
}
