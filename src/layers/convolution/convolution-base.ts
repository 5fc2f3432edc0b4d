import type { Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { binary, cast, constant } from "../../plan/tensor-ops.ts";
import { type AnyActivation, anyActivation, applyActivation } from "../activation.ts";
import { flag, text } from "../config.ts";
import { type BuildContext, Layer, type LayerSpec, type WeightSpec } from "../layer.ts";
import { withChannelsLast } from "./padding.ts";
import { type Axis, PADDINGS, type Padding, slide, type Window, windowAxes } from "./window.ts";

/** What convolutions of all kinds share: sizes of the kernel, padding, bias, activation. */
export abstract class Convolution extends Layer {
  readonly axes: readonly Axis[];
  readonly padding: Padding;
  readonly useBias: boolean;
  readonly activation: AnyActivation;

  constructor(spec: LayerSpec, context: BuildContext, rank: number) {
    super(spec, context);
    this.axes = windowAxes(this, rank);
    this.padding = text(this, this.config, "padding", "valid", PADDINGS);
    this.useBias = flag(this, this.config, "useBias", true);
    this.activation = anyActivation(this, this.config, "activation", this.profile);
  }

  /** The places of the window over axis `i` of `size` cells. */
  window(size: number, i = 0): Window {
    return slide(this, this.padding, size, this.axes[i]!);
  }

  /** The bias as a spec, if the layer has one. */
  biasSpecs(width: number | null): readonly WeightSpec[] {
    return this.useBias ? [{ name: "bias", shape: [width], trainable: true }] : [];
  }

  /** Adds the bias and applies the activation. */
  finish(p: Planner, x: Value): Value {
    const bias = this.weight("bias");
    const y = bias
      ? binary(
          p,
          "add",
          x,
          constant(p, this, "bias:plain", () => bias.data, bias.shape),
        )
      : x;
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
