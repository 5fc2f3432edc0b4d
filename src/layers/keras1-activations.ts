import type { Value } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { binary, unary } from "../plan/tensor-ops.ts";
import { Shaped } from "./activation-layers.ts";

/** alpha · softplus(beta · x), of Keras 1. */
export class ParametricSoftplus extends Shaped {
  readonly names = ["alpha", "beta"];

  override apply(p: Planner, x: Value, weights: readonly Value[]): Value {
    return binary(p, "multiply", weights[0]!, unary(p, "softplus", binary(p, "multiply", weights[1]!, x)));
  }
}

/** S-shaped rectifier of Keras 1: slopes left of tLeft and right of tLeft + |tRight|, the identity between. */
export class SReLU extends Shaped {
  readonly names = ["tLeft", "aLeft", "tRight", "aRight"];

  override apply(p: Planner, x: Value, [tLeft, aLeft, tRight, aRight]: readonly Value[]): Value {
    const top = binary(p, "add", tLeft!, unary(p, "abs", tRight!));
    const middle = binary(p, "minimum", binary(p, "maximum", x, tLeft!), top);
    const below = binary(p, "minimum", binary(p, "subtract", x, tLeft!), 0);
    const above = binary(p, "maximum", binary(p, "subtract", x, top), 0);
    const left = binary(p, "add", middle, binary(p, "multiply", aLeft!, below));
    return binary(p, "add", left, binary(p, "multiply", aRight!, above));
  }
}
