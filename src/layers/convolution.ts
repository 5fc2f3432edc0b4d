import { ShapeError, UnsupportedLayerError } from "../errors.ts";
import type { Place } from "../plan/buffer.ts";
import { reshaped, type Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { advanced, binary, cast, constant, multiply, pad, slice } from "../plan/tensor-ops.ts";
import { formatShape, type Shape, sizeOf } from "../tensor.ts";
import { type AnyActivation, anyActivation, applyActivation, fusedCode } from "./activation.ts";
import { flag, integers, positive, text } from "./config.ts";
import { type BuildContext, Layer, type LayerSpec, type Weight, type WeightSpec } from "./layer.ts";
import { packedKernel, plainWeight } from "./packed-weights.ts";
import { withChannelsLast } from "./reshaping.ts";

const PADDINGS = ["valid", "same", "causal"] as const;

/** One spatial axis of a convolution. */
interface Axis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
}

/** What convolutions of all kinds share: sizes of the kernel, padding, bias, activation. */
abstract class Convolution extends Layer {
  readonly axes: readonly Axis[];
  readonly padding: (typeof PADDINGS)[number];
  readonly useBias: boolean;
  readonly activation: AnyActivation;

  constructor(spec: LayerSpec, context: BuildContext, rank: number) {
    super(spec, context);
    const list = (key: string, fallback: number[]) => {
      const given = this.config[key] == null ? fallback : integers(this, this.config, key);
      return Array.from({ length: rank }, (_, i) => given[i] ?? given[0]!);
    };
    const sizes = list("kernelSize", []);
    const strides = list("strides", [1]);
    const dilations = list("dilationRate", [1]);
    this.axes = sizes.map((kernel, i) => ({ kernel, stride: strides[i]!, dilation: dilations[i]! }));
    if (this.axes.some((axis) => !(axis.kernel >= 1 && axis.stride >= 1 && axis.dilation >= 1))) {
      throw new ShapeError(`${this}: kernelSize, strides and dilationRate must be 1 or more.`);
    }
    this.padding = text(this, this.config, "padding", "valid", PADDINGS);
    this.useBias = flag(this, this.config, "useBias", true);
    this.activation = anyActivation(this, this.config, "activation", this.profile);
  }

  /** Cells before the first one, and the number of outputs, of a spatial axis of n cells. */
  reach(n: number, { kernel, stride, dilation }: Axis): { before: number; count: number } {
    const width = (kernel - 1) * dilation + 1;
    if (this.padding === "causal") return { before: width - 1, count: Math.floor((n - 1) / stride) + 1 };
    if (this.padding === "valid") return { before: 0, count: Math.max(0, Math.floor((n - width) / stride) + 1) };
    const count = Math.ceil(n / stride);
    if (this.profile.padding === "theano") return { before: width >> 1, count };
    return { before: Math.max((count - 1) * stride + width - n, 0) >> 1, count };
  }

  /** The bias as a spec, if the layer has one. */
  biasSpecs(width: number | null): readonly WeightSpec[] {
    return this.useBias ? [{ name: "bias", shape: [width], trainable: true }] : [];
  }

  /** Adds the bias and applies the activation. */
  finish(p: Planner, x: Value): Value {
    const bias = this.weight("bias");
    const y = bias ? binary(p, "add", x, constant(p, this, "bias:plain", bias.data, bias.shape)) : x;
    return applyActivation(p, y, this.activation);
  }

  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const x = inputs[0]!;
    this.checkInput(x, this.axes.length + 2);
    return [withChannelsLast(p, cast(p, x, "float32"), this, (image) => this.convolve(p, image))];
  }

  /** [batch, …spatial, channels] to [batch, …spatial, filters]. */
  abstract convolve(p: Planner, x: Value): Value;
}

/**
 * A dense product over the patches under a kernel of `groups` groups.
 *
 * @param x - [batch, …spatial, channels].
 */
function patchProduct(
  p: Planner,
  layer: Convolution,
  x: Value,
  kernel: Weight,
  bias: Weight | undefined,
  groups: number,
): Value {
  const filters = kernel.shape.at(-1)!;
  const spatial = x.shape.slice(1, -1);
  const channels = x.shape.at(-1)!;
  const batch = x.shape[0]!;
  const reaches = spatial.map((n, i) => layer.reach(n, layer.axes[i]!));
  const counts = reaches.map((reach) => reach.count);
  const rows = sizeOf(counts);
  const features = sizeOf(kernel.shape.slice(0, -1));
  const y = p.tensor([batch, ...counts, filters]);
  const fused = fusedCode(layer.activation);
  const width = filters / groups;
  const [axis, reach] = [layer.axes[0]!, reaches[0]!];
  // The patches of a sequence without padding and dilation lie in it one after the other.
  const inPlace =
    spatial.length === 1 &&
    axis.dilation === 1 &&
    reach.before === 0 &&
    (rows - 1) * axis.stride + axis.kernel <= spatial[0]! &&
    groups === 1;
  const patches = inPlace ? undefined : p.tensor([rows, features]);
  for (let group = 0; group < groups; group++) {
    const part = groups === 1 ? x : slice(p, x, -1, group * (channels / groups), channels / groups);
    const size = sizeOf(part.shape.slice(1));
    const panel = groups === 1 ? kernel : columns(kernel, group * width, width);
    const shift = groups === 1 || !bias ? bias : columns(bias, group * width, width);
    const packed = packedKernel(p, layer, `kernel:${group}`, panel, 1);
    const packedBias = packedKernel(p, layer, `bias:${group}`, shift, 1, width);
    for (let row = 0; row < batch; row++) {
      const from = advanced(part, row * size, "float32");
      if (patches) emitPatches(p, patches, features, from, channels / groups, spatial, layer.axes, reaches);
      p.emit("denseForward", {
        y: advanced(y, row * rows * filters + group * width, "float32"),
        yStride: filters,
        x: patches ?? from,
        xStride: patches ? features : axis.stride * channels,
        kernel: packed,
        bias: packedBias,
        rows,
        features,
        units: width,
        activation: fused ?? 0,
      });
    }
  }
  return fused === undefined ? applyActivation(p, y, layer.activation) : y;
}

/** Some columns of a weight. */
function columns(weight: Weight, from: number, width: number): Weight {
  const all = weight.shape.at(-1)!;
  const rows = weight.data.length / all;
  const data = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++)
    data.set(weight.data.subarray(row * all + from, row * all + from + width), row * width);
  return { ...weight, data, shape: [...weight.shape.slice(0, -1), width] };
}

function emitPatches(
  p: Planner,
  y: Value,
  yStride: number,
  x: Place,
  channels: number,
  spatial: Shape,
  axes: readonly Axis[],
  reaches: readonly { before: number; count: number }[],
): void {
  const at = <T>(list: readonly T[], i: number, fallback: T): T => list[i - (3 - spatial.length)] ?? fallback;
  const one = { kernel: 1, stride: 1, dilation: 1 };
  const args: Record<string, number | Place> = { y, yStride, x, channels };
  for (let i = 0; i < 3; i++) {
    const { kernel, stride, dilation } = at(axes, i, one);
    const { before, count } = at(reaches, i, { before: 0, count: 1 });
    Object.assign(args, {
      [`n${i + 1}`]: at(spatial, i, 1),
      [`k${i + 1}`]: kernel,
      [`s${i + 1}`]: stride,
      [`d${i + 1}`]: dilation,
      [`p${i + 1}`]: before,
      [`o${i + 1}`]: count,
    });
  }
  p.emit("gatherPatches", args as never);
}

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

/** y[t, c·M + m] = Σ x[t·s + k·d, c] · kernel[k, c, m], for each channel by itself. */
function depthwise(p: Planner, layer: Convolution, x: Value, kernel: Weight): Value {
  const [size, channels, times] = kernel.shape as [number, number, number];
  const [batch, n, depth] = x.shape as [number, number, number];
  if (depth !== channels)
    throw new ShapeError(`${layer}: expected an input of ${channels} channels; got ${formatShape(x.shape)}.`);
  const axis = layer.axes[0]!;
  const { before, count } = layer.reach(n, axis);
  const needed = (count - 1) * axis.stride + (size - 1) * axis.dilation + 1;
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
      aRow: axis.stride * channels,
      aColumn: axis.dilation * channels,
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
    const { count } = this.reach(n, this.axes[0]!);
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
