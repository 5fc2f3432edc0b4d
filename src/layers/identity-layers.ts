import { cast } from "../plan/tensor-ops.ts";
import { layerOf, passingInKeras3, passingLayer } from "./simple-layer.ts";

/** Dropout, noise and regularisers of activities: they act in training only. */
export const Inactive = passingLayer((_p, x) => x);

/** Its input. */
export const Identity = passingInKeras3((_p, x) => x);

/** Random changes of images: in inference they give floats and do nothing else. */
export const Augmentation = layerOf((p, x) => cast(p, x, "float32"));
