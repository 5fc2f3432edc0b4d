import { ShapeError } from "../../errors.ts";
import type { Place } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { integers } from "../config.ts";
import type { Layer } from "../layer.ts";

/** How a convolution moves along one spatial axis, in cells. */
export interface Axis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
}

/** An axis over an input of a known size. */
export interface Window extends Axis {
  readonly size: number;
  /** Cells of padding before the first one. */
  readonly before: number;
  /** Places of the window: the size of the output. */
  readonly count: number;
}

export const PADDINGS = ["valid", "same", "causal", "full"] as const;
export type Padding = (typeof PADDINGS)[number];

/** `kernelSize`, `strides` and `dilationRate` of a layer over `rank` spatial axes; one number stands for all of them. */
export function windowAxes(owner: Layer, rank: number): readonly Axis[] {
  const sizes = (key: string, fallback?: readonly number[]) => {
    const list = integers(owner, owner.config, key, fallback);
    const full = list.length === 1 ? new Array<number>(rank).fill(list[0]!) : list;
    if (full.length === rank && full.every((n) => n >= 1)) return full;
    throw new ShapeError(`${owner}: the config's \`${key}\` must hold ${rank} sizes ≥ 1; got [${list.join(", ")}].`);
  };
  const kernels = sizes("kernelSize");
  const strides = sizes("strides", [1]);
  const dilations = sizes("dilationRate", [1]);
  return kernels.map((kernel, i) => ({ kernel, stride: strides[i]!, dilation: dilations[i]! }));
}

/**
 * The places of a window over `size` cells. With "same", Theano pads half the kernel on both sides and keeps the first
 * outputs; TensorFlow puts the odd cell behind.
 */
export function slide(owner: Layer, padding: Padding, size: number, axis: Axis): Window {
  const { kernel, stride, dilation } = axis;
  const width = (kernel - 1) * dilation + 1;
  const all = { ...axis, size };
  if (padding === "causal") return { ...all, before: width - 1, count: Math.floor((size - 1) / stride) + 1 };
  // Theano's, as Keras 1 has it: every place that the window meets a cell.
  if (padding === "full") return { ...all, before: width - 1, count: Math.floor((size + width - 2) / stride) + 1 };
  if (padding === "valid") return { ...all, before: 0, count: Math.max(0, Math.floor((size - width) / stride) + 1) };
  const count = Math.ceil(size / stride);
  if (owner.profile.padding === "theano") return { ...all, before: width >> 1, count };
  return { ...all, before: Math.max((count - 1) * stride + width - size, 0) >> 1, count };
}

const UNUSED: Window = { size: 1, kernel: 1, stride: 1, dilation: 1, before: 0, count: 1 };

/** Lays the patches under one to three windows into rows of y: [places, kernel cells · channels]. */
export function gatherPatches(
  p: Planner,
  y: Place,
  yStride: number,
  x: Place,
  channels: number,
  windows: readonly Window[],
): void {
  const [a, b, c] = [...windows, UNUSED, UNUSED] as [Window, Window, Window];
  p.emit("gatherPatches", {
    y,
    yStride,
    x,
    channels,
    n1: a.size,
    n2: b.size,
    n3: c.size,
    k1: a.kernel,
    k2: b.kernel,
    k3: c.kernel,
    s1: a.stride,
    s2: b.stride,
    s3: c.stride,
    d1: a.dilation,
    d2: b.dilation,
    d3: c.dilation,
    p1: a.before,
    p2: b.before,
    p3: c.before,
    o1: a.count,
    o2: b.count,
    o3: c.count,
  });
}
