import { reshaped, type Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { binary, cast, constant } from "../../plan/tensor-ops.ts";

const ONE_HOT = {};

/** [...shape, depth] of bools: true at the place that a number names, nowhere for numbers outside. */
export function oneHot(p: Planner, x: Value, depth: number): Value {
  const places = Array.from({ length: depth }, (_, i) => i);
  const row = constant(p, ONE_HOT, String(depth), places, [depth]);
  return binary(p, "equal", reshaped(cast(p, x, "float32"), [...x.shape, 1]), row);
}
