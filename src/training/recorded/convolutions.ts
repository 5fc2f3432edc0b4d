import { applyActivation } from "../../layers/activation.ts";
import { Convolution } from "../../layers/convolution/convolution-base.ts";
import { convolved, patches } from "../../layers/convolution/convolved.ts";
import { withChannelsLast } from "../../layers/convolution/padding.ts";
import { TransposedConvolution } from "../../layers/convolution/transposed-convolution.ts";
import type { Window } from "../../layers/convolution/window.ts";
import { reshaped, type Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { advanced, binary, concat, gather, matmul, slice, stridesOf, transpose } from "../../plan/tensor-ops.ts";
import { sizeOf } from "../../tensor.ts";
import type { Rule } from "../tape.ts";
import { recordedStep } from "./recorded-rule.ts";

/** Each channel under the windows times its own kernel [...size, channels, times]: channel c makes c · times + m. */
function channelByChannel(p: Planner, x: Value, kernel: Value, windows: readonly Window[]): Value {
  const [channels, times] = kernel.shape.slice(-2) as [number, number];
  const cells = sizeOf(kernel.shape.slice(0, -2));
  const counts = windows.map(({ count }) => count);
  const places = x.shape[0]! * sizeOf(counts);
  const rows = transpose(p, reshaped(patches(p, x, windows), [places, cells, channels]), [2, 0, 1]);
  const own = transpose(p, reshaped(kernel, [cells, channels, times]), [1, 0, 2]);
  const y = transpose(p, matmul(p, rows, own), [1, 0, 2]);
  return reshaped(y, [x.shape[0]!, ...counts, channels * times]);
}

type Convolve = (
  p: Planner,
  x: Value,
  windows: readonly Window[],
  weight: (name: string) => Value,
  layer: Convolution,
) => Value;

/** A convolution's rule: `convolve` on channels last, then bias and activation. */
function convolutionRule(kernels: readonly string[], convolve: Convolve): Rule {
  return (tape, layer, inputs) => {
    if (!(layer instanceof Convolution)) throw new TypeError(`${layer} is no convolution`);
    const x = inputs[0]!;
    layer.checkInput(x, layer.axes.length + 2);
    const { p } = tape;
    const names = layer.weight("bias") ? [...kernels, "bias"] : kernels;
    return recordedStep(tape, layer, inputs, names, (weight) => [
      withChannelsLast(p, x, layer, (image) => {
        const windows = image.shape.slice(1, -1).map((size, i) => layer.window(size, i));
        const z = convolve(p, image, windows, weight, layer);
        const biased = names.includes("bias") ? binary(p, "add", z, weight("bias")) : z;
        return applyActivation(p, biased, layer.activation);
      }),
    ]);
  };
}

/** Convolutions over one to three axes, in groups or not. */
export const convolutionOfGroups: Rule = convolutionRule(["kernel"], (p, x, windows, weight) => {
  const kernel = weight("kernel");
  const depth = kernel.shape.at(-2)!;
  const groups = x.shape.at(-1)! / depth;
  if (groups === 1) return convolved(p, x, kernel, windows);
  const filters = kernel.shape.at(-1)! / groups;
  const parts = Array.from({ length: groups }, (_, i) =>
    convolved(p, slice(p, x, -1, i * depth, depth), slice(p, kernel, -1, i * filters, filters), windows),
  );
  return concat(p, parts, -1);
});

export const depthwiseRule: Rule = convolutionRule(["kernel"], (p, x, windows, weight) =>
  channelByChannel(p, x, weight("kernel"), windows),
);

export const separableRule: Rule = convolutionRule(["depthwiseKernel", "pointwiseKernel"], (p, x, windows, weight) => {
  const deep = channelByChannel(p, x, weight("depthwiseKernel"), windows);
  const pointwise = weight("pointwiseKernel");
  return matmul(p, deep, reshaped(pointwise, pointwise.shape.slice(-2)));
});

/** Transposed convolutions: x spread out, under the windows of the kernel read from its end. */
export const transposedRule: Rule = convolutionRule(["kernel"], (p, x, _windows, weight, layer) => {
  if (!(layer instanceof TransposedConvolution)) throw new TypeError(`${layer} is no transposed convolution`);
  const { cells, windows } = layer.spreadOut(p, x);
  const kernel = weight("kernel");
  const own = stridesOf(kernel.shape);
  const size = kernel.shape.slice(0, -2);
  const last = size.reduce((sum, n, axis) => sum + (n - 1) * own[axis]!, 0);
  const strides = [...size.map((_, axis) => -own[axis]!), 1, own.at(-2)!];
  const shape = [...size, ...kernel.shape.slice(-2).reverse()];
  const turned = gather(p, { place: advanced(kernel, last, "float32"), strides }, shape, "float32");
  return convolved(p, cells, turned, windows);
});
