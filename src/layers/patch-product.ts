import type { Place, Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { advanced, slice } from "../plan/tensor-ops.ts";
import { type Shape, sizeOf } from "../tensor.ts";
import { applyActivation, fusedCode } from "./activation.ts";
import type { Axis, Convolution } from "./convolution-base.ts";
import type { Weight } from "./layer.ts";
import { packedKernel } from "./packed-weights.ts";

/**
 * A dense product over the patches under a kernel of `groups` groups.
 *
 * @param x - [batch, …spatial, channels].
 */
export function patchProduct(
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
