import { reshaped, type Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { advanced, binary, cast, constant, gather, pad, reduce, select } from "../../plan/tensor-ops.ts";
import { sizeOf } from "../../tensor.ts";
import { flag, integers, text } from "../config.ts";
import type { Layer } from "../layer.ts";
import { channelsFirst } from "../reshaping.ts";
import { layerOf, maskOf } from "../simple-layer.ts";
import { withChannelsLast } from "./padding.ts";

type Kind = "max" | "mean";

/** Where windows of `width` start along an axis of n cells: how much lies before the first, and how many there are. */
export interface Windows {
  readonly before: number;
  readonly count: number;
}

/** Windows of pooling: TensorFlow pads as little as it can, more behind; Theano on both sides alike. */
function poolWindows(layer: Layer, n: number, width: number, stride: number, padding: string): Windows {
  if (padding === "valid") return { before: 0, count: Math.max(0, Math.floor((n - width) / stride) + 1) };
  const count = Math.ceil(n / stride);
  if (layer.profile.padding === "theano") {
    return { before: width > 2 && width % 2 === 1 ? width - 2 : width - 1, count };
  }
  return { before: Math.max((count - 1) * stride + width - n, 0) >> 1, count };
}

/** Pools one axis; averages count real cells only, but for some old Kerases in one and two dimensions. */
function poolAxis(
  p: Planner,
  x: Value,
  axis: number,
  kind: Kind,
  layer: Layer,
  width: number,
  stride: number,
  padding: string,
): Value {
  const n = x.shape[axis]!;
  const { before, count } = poolWindows(layer, n, width, stride, padding);
  const outer = sizeOf(x.shape.slice(0, axis));
  const inner = sizeOf(x.shape.slice(axis + 1));
  const needed = (count - 1) * stride + width;
  const after = needed - n - before;
  const flat = reshaped(x, [outer, n, inner]);
  const cells = pad(
    p,
    flat,
    [
      [0, 0],
      [before, Math.max(0, after)],
      [0, 0],
    ],
    kind === "max" ? Number.NEGATIVE_INFINITY : 0,
  );
  const length = cells.shape[1]!;
  const strides = [length * inner, stride * inner, inner, 1];
  const windows = gather(p, { place: advanced(cells, 0, "float32"), strides }, [outer, count, width, inner], "float32");
  const shape = [...x.shape.slice(0, axis), count, ...x.shape.slice(axis + 1)];
  const countsAll = layer.profile.averageCountsPadding && x.shape.length < 5;
  if (kind === "max" || padding === "valid" || countsAll) return reshaped(reduce(p, kind, windows, [2]), shape);
  const real = Array.from({ length: count }, (_, i) => {
    const start = i * stride - before;
    return Math.min(start + width, n) - Math.max(start, 0);
  });
  const counts = constant(p, layer, `counts:${axis}:${n}`, real, [count, 1]);
  return reshaped(binary(p, "divide", reduce(p, "sum", windows, [2]), counts), shape);
}

function pooling(kind: Kind, axes: number) {
  return layerOf((p, x, layer) => {
    layer.checkInput(x, axes + 2);
    const { config } = layer;
    const sizes = integers(layer, config, "poolSize", [2]);
    const strides = config["strides"] == null ? sizes : integers(layer, config, "strides");
    const padding = text(layer, config, "padding", "valid", ["valid", "same"]);
    return withChannelsLast(p, cast(p, x, "float32"), layer, (image) => {
      let y = image;
      for (let i = 0; i < axes; i++) {
        y = poolAxis(p, y, i + 1, kind, layer, sizes[i] ?? sizes[0]!, strides[i] ?? strides[0]!, padding);
      }
      return y;
    });
  });
}

export const MaxPooling1D = pooling("max", 1);
export const MaxPooling2D = pooling("max", 2);
export const MaxPooling3D = pooling("max", 3);
export const AveragePooling1D = pooling("mean", 1);
export const AveragePooling2D = pooling("mean", 2);
export const AveragePooling3D = pooling("mean", 3);

/** One number for each channel; the average of a masked sequence is that of its unmasked steps. */
function globalPooling(kind: Kind, axes: number) {
  return layerOf((p, x, layer, call) => {
    layer.checkInput(x, axes + 2);
    const keep = flag(layer, layer.config, "keepdims", false);
    const first = channelsFirst(layer) ? 2 : 1;
    const over = Array.from({ length: axes }, (_, i) => first + i);
    const mask = kind === "mean" && axes === 1 ? maskOf(x, call) : undefined;
    if (!mask) return reduce(p, kind, cast(p, x, "float32"), over, keep);
    const bits = reshaped(
      cast(p, mask, "bool"),
      first === 1 ? [...mask.shape, 1] : [mask.shape[0]!, 1, mask.shape[1]!],
    );
    const sum = reduce(p, "sum", select(p, bits, x, 0), over, keep);
    return binary(p, "divide", sum, reduce(p, "sum", cast(p, bits, "float32"), over, keep));
  });
}

export const GlobalMaxPooling1D = globalPooling("max", 1);
export const GlobalMaxPooling2D = globalPooling("max", 2);
export const GlobalMaxPooling3D = globalPooling("max", 3);
export const GlobalAveragePooling1D = globalPooling("mean", 1);
export const GlobalAveragePooling2D = globalPooling("mean", 2);
export const GlobalAveragePooling3D = globalPooling("mean", 3);
