import { type Value, withMask } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { pad, repeat, transpose } from "../../plan/tensor-ops.ts";
import { integers } from "../config.ts";
import type { Layer } from "../layer.ts";
import { channelsFirst } from "../reshaping.ts";
import { layerOf } from "../simple-layer.ts";

/** Runs `f` with the channels last, whatever the layer's data format. */
export function withChannelsLast(p: Planner, x: Value, layer: Layer, f: (x: Value) => Value): Value {
  if (!channelsFirst(layer)) return f(x);
  const rank = x.shape.length;
  const spatial = Array.from({ length: rank - 2 }, (_, i) => i + 2);
  const y = f(transpose(p, x, [0, ...spatial, 1]));
  return transpose(p, y, [0, rank - 1, ...spatial.map((axis) => axis - 1)]);
}

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
      // Without a mask also where nothing is added, and pad gives what it got.
      return withMask(pad(p, image, [[0, 0], ...cells, [0, 0]]), undefined);
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
