import { ShapeError } from "../errors.ts";
import type { Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { binary, cast, constant } from "../plan/tensor-ops.ts";
import { type AnyActivation, anyActivation, applyActivation } from "./activation.ts";
import { flag, integers, text } from "./config.ts";
import { type BuildContext, Layer, type LayerSpec, type WeightSpec } from "./layer.ts";
import { withChannelsLast } from "./reshaping.ts";

const PADDINGS = ["valid", "same", "causal"] as const;

/** One spatial axis of a convolution. */
export interface Axis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
}

/** What convolutions of all kinds share: sizes of the kernel, padding, bias, activation. */
export abstract class Convolution extends Layer {
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
