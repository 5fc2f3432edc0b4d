import { applyActivation } from "../../layers/activation.ts";
import { Convolution } from "../../layers/convolution/convolution-base.ts";
import { withChannelsLast } from "../../layers/convolution/padding.ts";
import type { Window } from "../../layers/convolution/window.ts";
import { reshaped, type Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { binary, concat, gather, matmul, pad, slice, stridesOf, transpose } from "../../plan/tensor-ops.ts";
import { sizeOf } from "../../tensor.ts";
import type { Rule } from "../tape.ts";
import { recordedStep } from "./recorded-rule.ts";

/** What lies under the windows: [batch, …places, …cells, channels] from x [batch, …spatial, channels]. */
function patches(p: Planner, x: Value, windows: readonly Window[]): Value {
  const margins = windows.map(({ size, before, count, stride, dilation, kernel }): [number, number] => {
    const needed = (count - 1) * stride + (kernel - 1) * dilation + 1;
    return [before, Math.max(0, needed - size - before)];
  });
  const cells = pad(p, x, [[0, 0], ...margins, [0, 0]]);
  const own = stridesOf(cells.shape);
  const places = windows.map(({ stride }, i) => own[i + 1]! * stride);
  const inner = windows.map(({ dilation }, i) => own[i + 1]! * dilation);
  const shape = [x.shape[0]!, ...windows.map(({ count }) => count), ...windows.map(({ kernel }) => kernel)];
  return gather(
    p,
    { place: cells, strides: [own[0]!, ...places, ...inner, 1] },
    [...shape, x.shape.at(-1)!],
    "float32",
  );
}

/** x [batch, …spatial, channels] under the windows times the kernel [...size, channels, filters]. */
export function convolved(p: Planner, x: Value, kernel: Value, windows: readonly Window[]): Value {
  const filters = kernel.shape.at(-1)!;
  const depth = sizeOf(kernel.shape) / filters;
  const counts = windows.map(({ count }) => count);
  const rows = reshaped(patches(p, x, windows), [x.shape[0]! * sizeOf(counts), depth]);
  return reshaped(matmul(p, rows, reshaped(kernel, [depth, filters])), [x.shape[0]!, ...counts, filters]);
}

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

type Convolve = (p: Planner, x: Value, windows: readonly Window[], weight: (name: string) => Value) => Value;

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
        const z = convolve(p, image, windows, weight);
        const biased = names.includes("bias") ? binary(p, "add", z, weight("bias")) : z;
        return applyActivation(p, biased, layer.activation);
      }),
    ]);
  };
}

/** Convolutions over one or two axes, in groups or not. */
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
