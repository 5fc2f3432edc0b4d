import { reshaped, type Value, withMask } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { binary, matmul, reduce, unary } from "../plan/tensor-ops.ts";
import type { Shape } from "../tensor.ts";
import { anyActivation, applyActivation } from "./activation.ts";
import { weightValue } from "./activation-layers.ts";
import { flag } from "./config.ts";
import { Layer, type WeightSpec } from "./layer.ts";

/** Keras 1: t · activation(x·W + b) + (1 − t) · x with t = sigmoid(x·Wc + bc). */
export class Highway extends Layer {
  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    const n = inputShapes?.[0]?.at(-1) ?? null;
    const square = ["kernel", "carryKernel"].map((name) => ({ name, shape: [n, n], trainable: true }));
    const rows = ["bias", "carryBias"].map((name) => ({ name, shape: [n], trainable: true }));
    return flag(this, this.config, "useBias", true) ? [...square, ...rows] : square;
  }

  override setWeights(arrays: readonly { readonly data: Float32Array; readonly shape: Shape }[]): void {
    // Versions differ in whether a bias follows its kernel.
    super.setWeights([...arrays].sort((a, b) => b.shape.length - a.shape.length));
  }

  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const x = inputs[0]!;
    const side = (kernel: string, bias: string): Value => {
      const y = matmul(p, x, weightValue(p, this, this.needWeight(kernel)));
      const row = this.weight(bias);
      return row ? binary(p, "add", y, weightValue(p, this, row)) : y;
    };
    const share = unary(p, "sigmoid", side("carryKernel", "carryBias"));
    const chosen = anyActivation(this, this.config, "activation", this.profile);
    const main = applyActivation(p, side("kernel", "bias"), chosen);
    const carried = binary(p, "multiply", binary(p, "subtract", 1, share), x);
    return [withMask(binary(p, "add", binary(p, "multiply", main, share), carried), x.mask)];
  }
}

/** Keras 1: the largest of several dense products; kernel [features, inputs, units]. */
export class MaxoutDense extends Layer {
  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    const n = inputShapes?.[0]?.at(-1) ?? null;
    const kernel = { name: "kernel", shape: [null, n, null], trainable: true };
    return flag(this, this.config, "useBias", true)
      ? [kernel, { name: "bias", shape: [null, null], trainable: true }]
      : [kernel];
  }

  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const x = inputs[0]!;
    this.checkInput(x, 2);
    const kernel = weightValue(p, this, this.needWeight("kernel"));
    let y = matmul(p, reshaped(x, [1, ...x.shape]), kernel);
    const bias = this.weight("bias");
    if (bias) y = binary(p, "add", y, reshaped(weightValue(p, this, bias), [bias.shape[0]!, 1, bias.shape[1]!]));
    return [reduce(p, "max", y, [0])];
  }
}
