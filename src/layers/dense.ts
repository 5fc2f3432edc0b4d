import { ACTIVATION_CODES } from "../engine/activation-codes.ts";
import { type Value, withMask } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { floats } from "../plan/tensor-ops.ts";
import { type Shape, sizeOf } from "../tensor.ts";
import { type AnyActivation, anyActivation, applyActivation, fusedCode } from "./activation.ts";
import { flag, positive } from "./config.ts";
import { type BuildContext, Layer, type LayerSpec, type WeightSpec } from "./layer.ts";
import { packedKernel } from "./packed-weights.ts";

/** y = activation(x · kernel + bias) on the last axis. */
export class Dense extends Layer {
  readonly units: number;
  readonly useBias: boolean;
  readonly activation: AnyActivation;

  constructor(spec: LayerSpec, context: BuildContext) {
    super(spec, context);
    this.units = positive(this, this.config, "units");
    this.useBias = flag(this, this.config, "useBias", true);
    this.activation = anyActivation(this, this.config, "activation", this.profile);
  }

  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    const features = inputShapes?.[0]?.at(-1) ?? null;
    const kernel: WeightSpec = {
      name: "kernel",
      shape: [features, this.units],
      trainable: true,
      quantize: "column",
    };
    return this.useBias ? [kernel, { name: "bias", shape: [this.units], trainable: true }] : [kernel];
  }

  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const x = floats(p, inputs[0]!);
    const kernel = this.needWeight("kernel");
    const features = kernel.shape[0]!;
    this.checkInput(x, [1, 2, 3, 4, 5, 6], features);
    const rows = sizeOf(x.shape) / features;
    const y = p.tensor([...x.shape.slice(0, -1), this.units]);
    const fused = fusedCode(this.activation);
    p.emit("denseForward", {
      y,
      yStride: this.units,
      x,
      xStride: features,
      kernel: packedKernel(p, this, "kernel", kernel, 1),
      bias: packedKernel(p, this, "bias", this.weight("bias"), 1, this.units),
      rows,
      features,
      units: this.units,
      activation: fused ?? ACTIVATION_CODES.linear,
    });
    const out = fused === undefined ? applyActivation(p, y, this.activation) : y;
    return [withMask(out, x.mask)];
  }
}
