import { ShapeError } from "../errors.ts";
import { reshaped } from "../plan/buffer.ts";
import { broadcastTo, transpose } from "../plan/tensor-ops.ts";
import { formatShape, type Shape, sizeOf } from "../tensor.ts";
import { integers, positive } from "./config.ts";
import type { Layer } from "./layer.ts";
import { layerOf } from "./simple-layer.ts";

/** True if the layer's channels come before its spatial axes. */
export function channelsFirst(layer: Pick<Layer, "config">): boolean {
  return layer.config["dataFormat"] === "channels_first";
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
