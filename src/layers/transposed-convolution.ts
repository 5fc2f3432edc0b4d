import { UnsupportedLayerError } from "../errors.ts";
import { reshaped, type Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { constant, multiply, pad, slice } from "../plan/tensor-ops.ts";
import type { Shape } from "../tensor.ts";
import { integers, positive } from "./config.ts";
import { Convolution } from "./convolution-base.ts";
import type { BuildContext, LayerSpec, WeightSpec } from "./layer.ts";

/** The gradient of Conv1D as a layer: strides spread the input out. Kernel [size, filters, channels]. */
export class Conv1DTranspose extends Convolution {
  readonly filters: number;

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 1);
    this.filters = positive(this, this.config, "filters");
    if (this.axes[0]!.dilation !== 1)
      throw new UnsupportedLayerError(`${this}: dilationRate above 1 is not supported.`);
  }

  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    const channels = inputShapes?.[0]?.at(-1) ?? null;
    const kernel = { name: "kernel", shape: [this.axes[0]!.kernel, this.filters, channels], trainable: true };
    return [kernel, ...this.biasSpecs(this.filters)];
  }

  override convolve(p: Planner, x: Value): Value {
    const { kernel: size, stride } = this.axes[0]!;
    const kernel = this.needWeight("kernel");
    const [batch, n, channels] = x.shape as [number, number, number];
    const same = this.padding === "same";
    const extra = this.config["outputPadding"] == null ? undefined : integers(this, this.config, "outputPadding")[0]!;
    const margin = same ? size >> 1 : 0;
    const length =
      extra !== undefined
        ? (n - 1) * stride + size - 2 * margin + extra
        : same
          ? n * stride
          : n * stride + Math.max(size - stride, 0);
    const before = same ? Math.max((n - 1) * stride + size - length, 0) >> 1 : 0;
    // Zeros between the steps and around them; then a convolution with the kernel turned round.
    const spread = pad(p, reshaped(x, [batch, n, 1, channels]), [
      [0, 0],
      [0, 0],
      [0, stride - 1],
      [0, 0],
    ]);
    const steps = slice(p, reshaped(spread, [batch, n * stride, channels]), 1, 0, (n - 1) * stride + 1);
    const room = Math.max(0, length - ((n - 1) * stride + size - before));
    const cells = pad(p, steps, [
      [0, 0],
      [size - 1 - before, size - 1 + room],
      [0, 0],
    ]);
    const filters = this.filters;
    const y = p.tensor([batch, length, filters]);
    const width = size * channels;
    const turned = new Float32Array(width * filters);
    for (let k = 0; k < size; k++) {
      for (let f = 0; f < filters; f++) {
        for (let c = 0; c < channels; c++) {
          turned[((size - 1 - k) * channels + c) * filters + f] = kernel.data[(k * filters + f) * channels + c]!;
        }
      }
    }
    const b = constant(p, this, "kernel:turned", turned, [width, filters]);
    const aBatch = cells.shape[1]! * channels;
    const strides = {
      yBatch: length * filters,
      yRow: filters,
      aBatch,
      aRow: channels,
      aColumn: 1,
      bBatch: 0,
      bRow: filters,
    };
    multiply(p, { y, a: cells, b, ...strides, batch, m: length, k: width, columns: filters });
    return this.finish(p, y);
  }
}
