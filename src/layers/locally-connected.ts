import { ShapeError } from "../errors.ts";
import type { Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { multiply } from "../plan/tensor-ops.ts";
import { formatShape } from "../tensor.ts";
import { positive } from "./config.ts";
import { Convolution } from "./convolution-base.ts";
import type { BuildContext, LayerSpec, WeightSpec } from "./layer.ts";
import { plainWeight } from "./packed-weights.ts";

/** A convolution with a kernel of its own for each place: [places, size · channels, filters]. */
export class LocallyConnected1D extends Convolution {
  readonly filters: number;

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 1);
    this.filters = positive(this, this.config, "filters");
  }

  override weightSpecs(): readonly WeightSpec[] {
    const kernel = { name: "kernel", shape: [null, null, this.filters], trainable: true };
    return this.useBias ? [kernel, { name: "bias", shape: [null, this.filters], trainable: true }] : [kernel];
  }

  override convolve(p: Planner, x: Value): Value {
    const kernel = this.needWeight("kernel");
    const [places, features, filters] = kernel.shape as [number, number, number];
    const [batch, n, channels] = x.shape as [number, number, number];
    const { count } = this.window(n);
    if (count !== places || features !== this.axes[0]!.kernel * channels || this.padding !== "valid") {
      throw new ShapeError(
        `${this}: its kernel ${formatShape(kernel.shape)} does not fit an input of ${formatShape(x.shape)}.`,
      );
    }
    const y = p.tensor([batch, places, filters]);
    multiply(p, {
      y,
      yBatch: filters,
      yRow: places * filters,
      a: x,
      aBatch: this.axes[0]!.stride * channels,
      aRow: n * channels,
      aColumn: 1,
      b: plainWeight(p, this, "kernel:plain", kernel),
      bBatch: features * filters,
      bRow: filters,
      batch: places,
      m: batch,
      k: features,
      columns: filters,
    });
    return this.finish(p, y);
  }
}
