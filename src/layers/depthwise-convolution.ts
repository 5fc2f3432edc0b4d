import { ShapeError } from "../errors.ts";
import type { Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { advanced, multiply, pad } from "../plan/tensor-ops.ts";
import { formatShape, type Shape, sizeOf } from "../tensor.ts";
import { applyActivation, fusedCode } from "./activation.ts";
import { positive } from "./config.ts";
import { Convolution } from "./convolution-base.ts";
import type { BuildContext, LayerSpec, Weight, WeightSpec } from "./layer.ts";
import { packedKernel, plainWeight } from "./packed-weights.ts";

/** y[t, c·M + m] = Σ x[t·s + k·d, c] · kernel[k, c, m], for each channel by itself. */
function depthwise(p: Planner, layer: Convolution, x: Value, kernel: Weight): Value {
  const [size, channels, times] = kernel.shape as [number, number, number];
  const [batch, n, depth] = x.shape as [number, number, number];
  if (depth !== channels)
    throw new ShapeError(`${layer}: expected an input of ${channels} channels; got ${formatShape(x.shape)}.`);
  const { before, count, stride, dilation } = layer.window(n);
  const needed = (count - 1) * stride + (size - 1) * dilation + 1;
  const cells = pad(p, x, [
    [0, 0],
    [before, Math.max(0, needed - n - before)],
    [0, 0],
  ]);
  const width = channels * times;
  const y = p.tensor([batch, count, width]);
  const b = plainWeight(p, layer, "depthwise:plain", kernel);
  for (let row = 0; row < batch; row++) {
    multiply(p, {
      y: advanced(y, row * count * width, "float32"),
      yBatch: times,
      yRow: width,
      a: advanced(cells, row * cells.shape[1]! * channels, "float32"),
      aBatch: 1,
      aRow: stride * channels,
      aColumn: dilation * channels,
      b,
      bBatch: times,
      bRow: width,
      batch: channels,
      m: count,
      k: size,
      columns: times,
    });
  }
  return y;
}

/** A convolution of each channel by itself. */
export class DepthwiseConv1D extends Convolution {
  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 1);
  }

  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    const channels = inputShapes?.[0]?.at(-1) ?? null;
    const times = positive(this, this.config, "depthMultiplier", 1);
    const shape = [this.axes[0]!.kernel, channels, times];
    return [{ name: "kernel", shape, trainable: true }, ...this.biasSpecs(channels === null ? null : channels * times)];
  }

  override convolve(p: Planner, x: Value): Value {
    return this.finish(p, depthwise(p, this, x, this.needWeight("kernel")));
  }
}

/** A depthwise convolution, then a dense product over the channels. */
export class SeparableConv1D extends Convolution {
  readonly filters: number;

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context, 1);
    this.filters = positive(this, this.config, "filters");
  }

  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    const channels = inputShapes?.[0]?.at(-1) ?? null;
    const times = positive(this, this.config, "depthMultiplier", 1);
    return [
      { name: "depthwiseKernel", shape: [this.axes[0]!.kernel, channels, times], trainable: true },
      {
        name: "pointwiseKernel",
        shape: [1, channels === null ? null : channels * times, this.filters],
        trainable: true,
      },
      ...this.biasSpecs(this.filters),
    ];
  }

  override convolve(p: Planner, x: Value): Value {
    const deep = depthwise(p, this, x, this.needWeight("depthwiseKernel"));
    const fused = fusedCode(this.activation);
    const features = deep.shape.at(-1)!;
    const y = p.tensor([...deep.shape.slice(0, -1), this.filters]);
    p.emit("denseForward", {
      y,
      yStride: this.filters,
      x: deep,
      xStride: features,
      kernel: packedKernel(p, this, "pointwiseKernel", this.needWeight("pointwiseKernel"), 1),
      bias: packedKernel(p, this, "bias", this.weight("bias"), 1, this.filters),
      rows: sizeOf(deep.shape) / features,
      features,
      units: this.filters,
      activation: fused ?? 0,
    });
    return fused === undefined ? applyActivation(p, y, this.activation) : y;
  }
}
