import { UnsupportedLayerError } from "../../errors.ts";
import { reshaped, type Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { cast, constant, matmul, pad } from "../../plan/tensor-ops.ts";
import { sizeOf } from "../../tensor.ts";
import { flag, positive, real, text } from "../config.ts";
import type { Layer } from "../layer.ts";
import { layerOf } from "../simple-layer.ts";
import { padding, repeatCells, withChannelsLast } from "./padding.ts";

type Size = readonly [height: number, width: number];
type Interpolation = "nearest" | "bilinear";

const MATRICES = {};

/** [to, from]: how much each of `from` cells gives to each of `to` cells, centers half a cell from the border. */
function shares(from: number, to: number, interpolation: Interpolation): number[] {
  const table = new Array<number>(from * to).fill(0);
  for (let i = 0; i < to; i++) {
    const place = ((i + 0.5) * from) / to;
    if (interpolation === "nearest") {
      table[i * from + Math.min(Math.floor(place), from - 1)] = 1;
      continue;
    }
    const below = Math.floor(place - 0.5);
    const part = place - 0.5 - below;
    table[i * from + Math.max(below, 0)]! += 1 - part;
    table[i * from + Math.min(below + 1, from - 1)]! += part;
  }
  return table;
}

/** Images [batch, height, width, channels] in another size, as TensorFlow resizes without antialiasing. */
export function resize(p: Planner, image: Value, size: Size, interpolation: Interpolation): Value {
  let y = image;
  for (const [i, to] of size.entries()) {
    const axis = i + 1;
    const from = y.shape[axis]!;
    if (from === to) continue;
    const key = `${interpolation}:${from}:${to}`;
    const table = constant(p, MATRICES, key, shares(from, to, interpolation), [to, from]);
    const rows = reshaped(y, [sizeOf(y.shape.slice(0, axis)), from, sizeOf(y.shape.slice(axis + 1))]);
    y = reshaped(
      matmul(p, table, rows),
      y.shape.map((n, at) => (at === axis ? to : n)),
    );
  }
  return y;
}

/** The middle of an image, as large as it can be with the proportions of `size`. */
function cropToProportions(p: Planner, image: Value, [height, width]: Size): Value {
  const [, h, w] = image.shape as [number, number, number];
  const part = (n: number, whole: number) => Math.max(Math.min(n, Math.trunc(whole)), 1);
  return middle(p, image, [part(h, (w * height) / width), part(w, (h * width) / height)]);
}

/** The cells in the middle; the odd one is left behind. */
function middle(p: Planner, image: Value, [height, width]: Size): Value {
  const margin = (n: number, kept: number) => {
    const before = Math.trunc((n - kept) / 2);
    return [-before, -(n - kept - before)] as const;
  };
  return pad(p, image, [[0, 0], margin(image.shape[1]!, height), margin(image.shape[2]!, width), [0, 0]]);
}

/** The image with as many cells of `value` on both sides as bring it near to the proportions of `size`. */
function padToProportions(p: Planner, image: Value, [height, width]: Size, value: number): Value {
  const [, h, w] = image.shape as [number, number, number];
  const margin = (n: number, whole: number) => {
    const side = Math.trunc((Math.max(n, Math.trunc(whole)) - n) / 2);
    return [side, side] as const;
  };
  const margins = [[0, 0] as const, margin(h, (w * height) / width), margin(w, (h * width) / height), [0, 0] as const];
  return pad(p, image, margins, value);
}

function interpolationOf(layer: Layer, fallback: Interpolation): Interpolation {
  const value = layer.config["interpolation"] ?? fallback;
  if (value === "nearest" || value === "bilinear") return value;
  throw new UnsupportedLayerError(
    `${layer}: interpolation ${JSON.stringify(value)} is not supported; "nearest" and "bilinear" are.`,
  );
}

const sizeIn = (layer: Layer): Size => [
  positive(layer, layer.config, "height"),
  positive(layer, layer.config, "width"),
];

/** Images in another size; their proportions are kept by cutting or padding if the config says so. */
export const Resizing = layerOf((p, x, layer) => {
  layer.checkInput(x, 4);
  const size = sizeIn(layer);
  const interpolation = interpolationOf(layer, "bilinear");
  if (flag(layer, layer.config, "antialias", false)) {
    throw new UnsupportedLayerError(`${layer}: antialias is not supported.`);
  }
  return withChannelsLast(p, cast(p, x, "float32"), layer, (image) => {
    let from = image;
    if (flag(layer, layer.config, "cropToAspectRatio", false)) from = cropToProportions(p, image, size);
    else if (flag(layer, layer.config, "padToAspectRatio", false)) {
      text(layer, layer.config, "fillMode", "constant", ["constant"]);
      from = padToProportions(p, image, size, real(layer, layer.config, "fillValue", 0));
    }
    return resize(p, from, size, interpolation);
  });
});

/** The middle of images; smaller ones are enlarged. */
export const CenterCrop = layerOf((p, x, layer) => {
  layer.checkInput(x, 4);
  const size = sizeIn(layer);
  return withChannelsLast(p, cast(p, x, "float32"), layer, (image) => {
    const fits = image.shape[1]! >= size[0] && image.shape[2]! >= size[1];
    return fits ? middle(p, image, size) : resize(p, cropToProportions(p, image, size), size, "bilinear");
  });
});

/** Every cell several times along both axes, or as many as that by interpolation. */
export const UpSampling2D = layerOf((p, x, layer) => {
  layer.checkInput(x, 4);
  const interpolation = interpolationOf(layer, "nearest");
  return withChannelsLast(p, cast(p, x, "float32"), layer, (image) => {
    if (interpolation === "nearest") return repeatCells(p, image, layer, 2);
    const factors = [layer.config["size"] ?? 2].flat() as number[];
    const times = (axis: number) => image.shape[axis]! * (factors[axis - 1] ?? factors[0]!);
    return resize(p, image, [times(1), times(2)], interpolation);
  });
});

export const UpSampling3D = layerOf((p, x, layer) => {
  layer.checkInput(x, 5);
  return withChannelsLast(p, x, layer, (image) => repeatCells(p, image, layer, 3));
});

export const ZeroPadding3D = padding("padding", 3, 1);
export const Cropping3D = padding("cropping", 3, -1);
