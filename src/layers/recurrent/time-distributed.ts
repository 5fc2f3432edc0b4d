import { ShapeError } from "../../errors.ts";
import { reshaped, type Value, withMask } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { reduce } from "../../plan/tensor-ops.ts";
import { formatShape, type Shape } from "../../tensor.ts";
import type { LayerCall } from "../layer.ts";
import { Wrapper } from "../wrapper.ts";

/** Applies a layer to each step: batch and time become one axis for it. */
export class TimeDistributed extends Wrapper {
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
    return outputs.map((y) => {
      const whole = reshaped(y, [batch, timesteps, ...y.shape.slice(1)]);
      return withMask(whole, this.outputMask(p, y.mask, mask, [batch, timesteps]));
    });
  }

  /**
   * The mask that goes on: the inner layer's where it makes or keeps one (not in Keras 3), else the steps that have anything
   * unmasked.
   *
   * @param own - What the inner layer gave for all steps, [batch · timesteps, …].
   * @param mask - That of the input, [batch, timesteps, …].
   * @param lead - [batch, timesteps]
   */
  outputMask(p: Planner, own: Value | undefined, mask: Value | undefined, lead: Shape): Value | undefined {
    if (!this.profile.recurrentPassesMask) return undefined;
    if (own && this.profile.era !== "keras1" && this.profile.era !== "keras3") {
      return reshaped(own, [...lead, ...own.shape.slice(1)]);
    }
    if (!mask || mask.shape.length <= 2) return mask;
    const inner = mask.shape.map((_, axis) => axis).slice(2);
    return reduce(p, "any", mask, inner);
  }

  /** [batch, timesteps, …] of a mask as the inner layer sees it. */
  #flatMask(mask: Value): Value | undefined {
    if (mask.shape.length < 2) return undefined;
    return reshaped(mask, [mask.shape[0]! * mask.shape[1]!, ...mask.shape.slice(2)]);
  }
}
