import { ShapeError } from "../errors.ts";
import { reshaped, type Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { broadcastTo, pad, repeat, transpose } from "../plan/tensor-ops.ts";
import { formatShape, type Shape, sizeOf } from "../tensor.ts";
import { integers, positive } from "./config.ts";
import type { Layer } from "./layer.ts";
import { layerOf } from "./simple-layer.ts";

/** True if the layer's channels come before its spatial axes. */
export function channelsFirst(layer: Pick<Layer, "config">): boolean {
  return layer.config["dataFormat"] === "channels_first";
}

/** Runs `f` with the channels last, whatever the layer's data format. */
export function withChannelsLast(p: Planner, x: Value, layer: Layer, f: (x: Value) => Value): Value {
  if (!channelsFirst(layer)) return f(x);
  const rank = x.shape.length;
  const spatial = Array.from({ length: rank - 2 }, (_, i) => i + 2);
  const y = f(transpose(p, x, [0, ...spatial, 1]));
  return transpose(p, y, [0, rank - 1, ...spatial.map((axis) => axis - 1)]);
}

/** All axes but the batch as one; channels go last first. */
export const Flatten = layerOf((p, x, layer) => {
  const rest = sizeOf(x.shape.slice(1));
  const rank = x.shape.length;
  const moved =
    channelsFirst(layer) && rank > 2 ? [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1] : undefined;
  return reshaped(moved ? transpose(p, x, moved) : x, [x.shape[0]!, rest]);
});

/** A shape with −1 (or null) replaced by what is left. */
export function fillShape(target: readonly (number | null)[], size: number, owner: string): Shape {
  const open = target.filter((n) => n === null || n < 0).length;
  const known = target.reduce<number>((product, n) => product * (n === null || n < 0 ? 1 : n), 1);
  const fits = open === 0 ? known === size : open === 1 && known > 0 && size % known === 0;
  if (!fits) throw new ShapeError(`${owner}: ${size} elements cannot take the shape ${formatShape(target)}.`);
  return target.map((n) => (n === null || n < 0 ? size / known : n));
}

export const Reshape = layerOf((_p, x, layer) => {
  const raw = layer.config["targetShape"];
  const target = Array.isArray(raw) ? raw.map((n) => (n === null ? -1 : n)) : raw;
  const shape = integers(layer, { target: target as number[] }, "target");
  return reshaped(x, [x.shape[0]!, ...fillShape(shape, sizeOf(x.shape.slice(1)), String(layer))]);
});

/** [batch, features] n times: [batch, n, features]. */
export const RepeatVector = layerOf((p, x, layer) => {
  layer.checkInput(x, 2);
  const [batch, features] = x.shape as [number, number];
  return broadcastTo(p, reshaped(x, [batch, 1, features]), [batch, positive(layer, layer.config, "n"), features]);
});

/** Axes in another order; `dims` count from 1, without the batch. */
export const Permute = layerOf((p, x, layer) => transpose(p, x, [0, ...integers(layer, layer.config, "dims")]));

/** [1, 2], 3 or [[1, 2], [3, 4]] as [before, after] for each of the spatial axes. */
function margins(layer: Layer, key: string, axes: number): [number, number][] {
  const value = layer.config[key] ?? 1;
  const list = Array.isArray(value) ? value : axes === 1 ? [value, value] : new Array(axes).fill(value);
  const pairs = axes === 1 && list.length === 2 && !Array.isArray(list[0]) ? [list] : list;
  return pairs.map((pair) => {
    const both = integers(layer, { [key]: Array.isArray(pair) ? pair : [pair, pair] }, key);
    return [both[0] ?? 0, both[1] ?? both[0] ?? 0];
  });
}

/** A layer that adds (1) or takes away (−1) cells around its spatial axes. */
export function padding(key: string, axes: number, sign: 1 | -1) {
  return layerOf((p, x, layer) => {
    layer.checkInput(x, axes + 2);
    return withChannelsLast(p, x, layer, (image) => {
      const cells = margins(layer, key, axes).map(([a, b]) => [sign * a, sign * b] as const);
      return pad(p, image, [[0, 0], ...cells, [0, 0]]);
    });
  });
}

export const ZeroPadding1D = padding("padding", 1, 1);
export const ZeroPadding2D = padding("padding", 2, 1);
export const Cropping1D = padding("cropping", 1, -1);
export const Cropping2D = padding("cropping", 2, -1);

/** Every cell several times along the spatial axes. */
export function repeatCells(p: Planner, image: Value, layer: Layer, axes: number): Value {
  const sizes = integers(layer, layer.config, "size", [2]);
  let y = image;
  for (let axis = 1; axis <= axes; axis++) y = repeat(p, y, axis, sizes[axis - 1] ?? sizes[0]!);
  return y;
}

export const UpSampling1D = layerOf((p, x, layer) => {
  layer.checkInput(x, 3);
  return repeatCells(p, x, layer, 1);
});
