import type { Value } from "../../plan/buffer.ts";
import { reshaped } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { pad, slice } from "../../plan/tensor-ops.ts";
import type { Shape } from "../../tensor.ts";
import { integers, positive } from "../config.ts";
import type { BuildContext, LayerSpec, Weight, WeightSpec } from "../layer.ts";
import { Convolution } from "./convolution-base.ts";
import { patchProduct } from "./patch-product.ts";
import type { Window } from "./window.ts";

/** How one axis is spread out: cells of zeros around it, and the window that then walks over it. */
interface Spread {
  readonly before: number;
  readonly after: number;
  readonly window: Window;
}

/** The gradient of a convolution as a layer: strides spread the input out. Kernel [...size, filters, channels]. */
export class TransposedConvolution extends Convolution {
  readonly filters: number;

  constructor(spec: LayerSpec, context: BuildContext, rank: number) {
    super(spec, context, rank);
    this.filters = positive(this, this.config, "filters");
  }

  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    const channels = inputShapes?.[0]?.at(this.config["dataFormat"] === "channels_first" ? 1 : -1) ?? null;
    const shape = [...this.axes.map((axis) => axis.kernel), this.filters, channels];
    return [{ name: "kernel", shape, trainable: true }, ...this.biasSpecs(this.filters)];
  }

  override convolve(p: Planner, x: Value): Value {
    const { cells, windows } = this.spreadOut(p, x);
    const kernel = turned(this.needWeight("kernel"));
    return patchProduct(p, this, cells, kernel, this.weight("bias"), 1, windows);
  }

  /** Zeros between the cells and around them; a convolution with the kernel turned round is left to do. */
  spreadOut(p: Planner, x: Value): { readonly cells: Value; readonly windows: readonly Window[] } {
    const spreads = this.axes.map((_, i) => this.#spread(x.shape[i + 1]!, i));
    let cells = x;
    for (const [i, { stride }] of this.axes.entries()) cells = parted(p, cells, i + 1, stride);
    cells = pad(p, cells, [[0, 0], ...spreads.map(({ before, after }) => [before, after] as const), [0, 0]]);
    return { cells, windows: spreads.map(({ window }) => window) };
  }

  /** Keras' length of the output, and what of the full result TensorFlow cuts off in front. */
  #spread(n: number, i: number): Spread {
    const { kernel, stride, dilation } = this.axes[i]!;
    const width = (kernel - 1) * dilation + 1;
    const full = (n - 1) * stride + width;
    const given = this.config["outputPadding"] == null ? [] : integers(this, this.config, "outputPadding");
    const extra = given[i] ?? given[0];
    const same = this.padding === "same";
    let count = full + (extra ?? Math.max(stride - width, 0));
    if (same) count = extra === undefined ? n * stride : (n - 1) * stride + (width % 2) + extra;
    const cut = same ? Math.max(full - count, 0) >> 1 : 0;
    const before = width - 1 - cut;
    const size = count + width - 1;
    const after = size - before - ((n - 1) * stride + 1);
    return { before, after, window: { kernel, stride: 1, dilation, size, before: 0, count } };
  }
}

/** `by` − 1 zeros between the cells of an axis. */
function parted(p: Planner, x: Value, axis: number, by: number): Value {
  if (by === 1) return x;
  const n = x.shape[axis]!;
  const [lead, rest] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const single = reshaped(x, [...lead, n, 1, ...rest]);
  const wide = pad(
    p,
    single,
    single.shape.map((_, i) => [0, i === axis + 1 ? by - 1 : 0] as const),
  );
  return slice(p, reshaped(wide, [...lead, n * by, ...rest]), axis, 0, (n - 1) * by + 1);
}

/** [...size, filters, channels] read from its end along all axes of `size`: [...size, channels, filters]. */
function turned(kernel: Weight): Weight {
  const { name, trainable, shape } = kernel;
  const [filters, channels] = shape.slice(-2) as [number, number];
  return {
    name,
    trainable,
    shape: [...shape.slice(0, -2), channels, filters],
    get data() {
      const { data } = kernel;
      const block = filters * channels;
      const cells = data.length / block;
      const out = new Float32Array(data.length);
      for (let cell = 0; cell < cells; cell++) {
        for (let f = 0; f < filters; f++) {
          for (let c = 0; c < channels; c++) {
            out[(cells - 1 - cell) * block + c * filters + f] = data[cell * block + f * channels + c]!;
          }
        }
      }
      return out;
    },
  };
}

export class Conv1DTranspose extends TransposedConvolution {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 1);
  }
}
export class Conv2DTranspose extends TransposedConvolution {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 2);
  }
}
export class Conv3DTranspose extends TransposedConvolution {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 3);
  }
}
