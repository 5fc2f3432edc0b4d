import { passingLayer } from "./simple-layer.ts";

/** Dropout, noise and regularisers of activities: they act in training only. */
export const Inactive = passingLayer((_p, x) => x);
