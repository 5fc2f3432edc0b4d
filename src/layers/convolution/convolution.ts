import { ShapeError } from "../../errors.ts";
import type { Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { formatShape, type Shape } from "../../tensor.ts";
import { positive } from "../config.ts";
import type { BuildContext, LayerSpec, WeightSpec } from "../layer.ts";
import { Convolution } from "./convolution-base.ts";
import { patchProduct } from "./patch-product.ts";

/** A convolution over one, two or three spatial axes; kernel [...size, channels / groups, filters]. */
class DenseConvolution extends Convolution {
  readonly filters: number;
  readonly groups: number;

  constructor(spec: LayerSpec, context: BuildContext, rank: number) {
    super(spec, context, rank);
    this.filters = positive(this, this.config, "filters");
    this.groups = positive(this, this.config, "groups", 1);
  }

  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    const channels = inputShapes?.[0]?.at(this.config["dataFormat"] === "channels_first" ? 1 : -1);
    const depth = channels === undefined ? null : channels / this.groups;
    const shape = [...this.axes.map((axis) => axis.kernel), depth, this.filters];
    return [{ name: "kernel", shape, trainable: true }, ...this.biasSpecs(this.filters)];
  }

  override convolve(p: Planner, x: Value): Value {
    const kernel = this.needWeight("kernel");
    const depth = kernel.shape.at(-2)! * this.groups;
    if (x.shape.at(-1) !== depth || this.filters % this.groups !== 0) {
      throw new ShapeError(`${this}: expected an input of ${depth} channels; got ${formatShape(x.shape)}.`);
    }
    return patchProduct(p, this, x, kernel, this.weight("bias"), this.groups);
  }
}

export class Conv1D extends DenseConvolution {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 1);
  }
}
export class Conv2D extends DenseConvolution {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 2);
  }
}
export class Conv3D extends DenseConvolution {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 3);
  }
}
