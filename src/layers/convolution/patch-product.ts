import type { Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { advanced, slice } from "../../plan/tensor-ops.ts";
import { sizeOf } from "../../tensor.ts";
import { applyActivation, fusedCode } from "../activation.ts";
import type { Weight } from "../layer.ts";
import { packedKernel } from "../packed-weights.ts";
import type { Convolution } from "./convolution-base.ts";
import { gatherPatches, type Window } from "./window.ts";

/**
 * A dense product over the patches under a kernel of `groups` groups.
 *
 * @param x - [batch, …spatial, channels].
 * @param kernel - [...size, channels / groups, filters].
 * @param windows - How the kernel moves over each spatial axis; by default as the layer's config says.
 */
export function patchProduct(
  p: Planner,
  layer: Convolution,
  x: Value,
  kernel: Weight,
  bias: Weight | undefined,
  groups: number,
  windows: readonly Window[] = x.shape.slice(1, -1).map((size, i) => layer.window(size, i)),
): Value {
  const filters = kernel.shape.at(-1)!;
  const spatial = x.shape.slice(1, -1);
  const channels = x.shape.at(-1)!;
  const batch = x.shape[0]!;
  const counts = windows.map((window) => window.count);
  const rows = sizeOf(counts);
  const features = sizeOf(kernel.shape.slice(0, -1));
  const y = p.tensor([batch, ...counts, filters]);
  const fused = fusedCode(layer.activation);
  const width = filters / groups;
  const window = windows[0]!;
  // The patches of a sequence without padding and dilation lie in it one after the other.
  const inPlace =
    spatial.length === 1 &&
    window.dilation === 1 &&
    window.before === 0 &&
    (rows - 1) * window.stride + window.kernel <= window.size &&
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
      if (patches) gatherPatches(p, patches, features, from, channels / groups, windows);
      p.emit("denseForward", {
        y: advanced(y, row * rows * filters + group * width, "float32"),
        yStride: filters,
        x: patches ?? from,
        xStride: patches ? features : window.stride * channels,
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

/** Some columns of a weight, as it is at the moment. */
function columns(weight: Weight, from: number, width: number): Weight {
  const { name, trainable, shape } = weight;
  const all = shape.at(-1)!;
  return {
    name,
    trainable,
    shape: [...shape.slice(0, -1), width],
    get data() {
      const rows = weight.data.length / all;
      const data = new Float32Array(rows * width);
      for (let row = 0; row < rows; row++)
        data.set(weight.data.subarray(row * all + from, row * all + from + width), row * width);
      return data;
    },
  };
}
