import { cast } from "../plan/tensor-ops.ts";
import { layerOf, passingLayer } from "./simple-layer.ts";

/** Dropout, noise and regularisers of activities: they act in training only. */
export const Inactive = passingLayer((_p, x) => x);

/** Random changes of images: in inference they give floats and do nothing else. */
export const Augmentation = layerOf((p, x) => cast(p, x, "float32"));
