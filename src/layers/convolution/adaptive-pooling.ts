import type { Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { cast, concat, reduce, slice } from "../../plan/tensor-ops.ts";
import { integers } from "../config.ts";
import { layerOf } from "../simple-layer.ts";
import { withChannelsLast } from "./padding.ts";

/** An axis of n cells cut into `count` windows that cover it, each pooled to one cell. */
function poolInto(p: Planner, x: Value, axis: number, kind: "max" | "mean", count: number): Value {
  const n = x.shape[axis]!;
  const cells = Array.from({ length: count }, (_, i) => {
    const start = Math.floor((i * n) / count);
    const end = Math.ceil(((i + 1) * n) / count);
    return reduce(p, kind, slice(p, x, axis, start, end - start), [axis], true);
  });
  return concat(p, cells, axis);
}

/** Pooling to as many cells as the config says, whatever comes in. */
function adaptive(kind: "max" | "mean", axes: number) {
  return layerOf((p, x, layer) => {
    layer.checkInput(x, axes + 2);
    const sizes = integers(layer, layer.config, "outputSize");
    return withChannelsLast(p, cast(p, x, "float32"), layer, (image) => {
      let y = image;
      for (let i = 0; i < axes; i++) y = poolInto(p, y, i + 1, kind, sizes[i] ?? sizes[0]!);
      return y;
    });
  });
}

export const AdaptiveAveragePooling1D = adaptive("mean", 1);
export const AdaptiveAveragePooling2D = adaptive("mean", 2);
export const AdaptiveAveragePooling3D = adaptive("mean", 3);
export const AdaptiveMaxPooling1D = adaptive("max", 1);
export const AdaptiveMaxPooling2D = adaptive("max", 2);
export const AdaptiveMaxPooling3D = adaptive("max", 3);
