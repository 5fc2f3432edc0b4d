import { ACTIVATION_CODES } from "../engine/activation-codes.ts";
import { sizeOf } from "../tensor.ts";
import type { Value } from "./buffer.ts";
import type { Planner } from "./planner.ts";

/** A copy of a dense float32 or int32 value in scratch of its own; the mask stays. */
export function copied(p: Planner, x: Value): Value {
  const y = p.tensor(x.shape, x.dtype);
  const linear = ACTIVATION_CODES.linear;
  p.emit("activationForward", { y, x, count: sizeOf(x.shape), activation: linear, alpha: 0, beta: 0, gamma: 0 });
  return { ...y, mask: x.mask };
}
