import { UnsupportedLayerError } from "../errors.ts";
import { reshaped, type Value, withMask } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { cast, filled, moveAxis, normalize, transpose } from "../plan/tensor-ops.ts";
import { type Shape, sizeOf } from "../tensor.ts";
import { integers, real } from "./config.ts";
import { Layer, type WeightSpec } from "./layer.ts";
import { rowsOf, scaleAndCenter } from "./normalization.ts";

/** Normalises groups of channels over all places of a row. */
export class GroupNormalization extends Layer {
  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    return scaleAndCenter(this, [inputShapes?.[0]?.at(this.#axis) ?? null]);
  }

  get #axis(): number {
    return integers(this, this.config, "axis", [-1])[0]!;
  }

  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const x = moveAxis(p, cast(p, inputs[0]!, "float32"), this.#axis, -1);
    const channels = x.shape.at(-1)!;
    const [wanted = 32] = integers(this, this.config, "groups", [32]);
    const groups = wanted === -1 ? channels : wanted;
    if (channels % groups !== 0) {
      throw new UnsupportedLayerError(`${this}: ${channels} channels cannot form ${groups} groups.`);
    }
    const batch = x.shape[0]!;
    const places = sizeOf(x.shape.slice(1, -1));
    const grouped = transpose(p, reshaped(x, [batch, places, groups, channels / groups]), [0, 2, 1, 3]);
    const width = (places * channels) / groups;
    const rows = reshaped(grouped, [batch * groups, width]);
    const epsilon = real(this, this.config, "epsilon", 1e-3);
    const normal = normalize(p, "meanAndVariance", rows, filled(p, [width], 1), filled(p, [width], 0), epsilon);
    const back = reshaped(transpose(p, reshaped(normal, grouped.shape), [0, 2, 1, 3]), x.shape);
    const [scale, offset] = rowsOf(p, this, channels);
    const y = moveAxis(p, normalize(p, "affine", back, scale, offset, 0), -1, this.#axis);
    return [withMask(y, inputs[0]!.mask)];
  }
}
