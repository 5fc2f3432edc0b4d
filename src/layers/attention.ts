import { ShapeError } from "../errors.ts";
import { reshaped, type Value, withMask } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { binary, cast, constant, logical, matmul, reduce, select, softmax, unary } from "../plan/tensor-ops.ts";
import { formatShape, type Shape } from "../tensor.ts";
import { weightValue } from "./activation-layers.ts";
import { flag, text } from "./config.ts";
import { Layer, type LayerCall, type WeightSpec } from "./layer.ts";

/** What a score is where a mask forbids it: far enough below all others to get no share. */
export const FORBIDDEN = -1e9;

/** True where a query may look at a key that comes later than itself: never. [1, queries, keys]. */
export function causalMask(p: Planner, queries: number, keys: number): Value {
  const owner = CAUSAL;
  const data = Array.from({ length: queries * keys }, (_, i) => Number(i % keys <= Math.floor(i / keys)));
  return constant(p, owner, `${queries}x${keys}`, data, [1, queries, keys], "bool");
}

const CAUSAL = {};

/** The mask of the n-th input: explicit, or what came with it where the era takes it along. */
export function inputMask(layer: Layer, x: Value | undefined, call: LayerCall, index: number): Value | undefined {
  const { mask } = call;
  const given = Array.isArray(mask) ? (mask as readonly (Value | null)[])[index] : undefined;
  if (given) return given;
  if (Array.isArray(mask) || layer.profile.mergeMasks === "lost") return undefined;
  return x?.mask;
}

/** The same where Keras gives no mask as an argument: one that attention has taken off before is none. */
export function headMask(...of: Parameters<typeof inputMask>): Value | undefined {
  const mask = inputMask(...of);
  return mask?.taken ? undefined : mask;
}

/** a ∧ b, where either may be missing. */
export function both(p: Planner, a: Value | undefined, b: Value | undefined): Value | undefined {
  return a && b ? logical(p, "and", a, b) : (a ?? b);
}

/** True for a keyword argument that says so. */
export function asks(call: LayerCall, key: string): boolean {
  return call.kwargs?.[key] === true;
}

/** Dot-product and additive attention: query, value and perhaps key of [batch, steps, features]. */
abstract class ScoredAttention extends Layer {
  /** [batch, queries, keys]. */
  abstract scores(p: Planner, query: Value, key: Value): Value;

  override plan(p: Planner, inputs: readonly Value[], call: LayerCall): readonly Value[] {
    const [query, value] = inputs;
    if (!query || !value || inputs.length > 3) {
      throw new ShapeError(`${this}: expected a query, a value and perhaps a key; got ${inputs.length} inputs.`);
    }
    const key = inputs[2] ?? value;
    for (const x of inputs) this.checkInput(x, 3);
    const queryMask = inputMask(this, query, call, 0);
    const valueMask = inputMask(this, value, call, 1);
    const scores = this.scores(p, query, key);
    const causal = asks(call, "useCausalMask") || flag(this, this.config, "causal", false);
    const allowed = both(
      p,
      valueMask && reshaped(cast(p, valueMask, "bool"), [valueMask.shape[0]!, 1, valueMask.shape[1]!]),
      causal ? causalMask(p, query.shape[1]!, key.shape[1]!) : undefined,
    );
    const shares = softmax(p, allowed ? select(p, allowed, scores, FORBIDDEN) : scores);
    let y = matmul(p, shares, value);
    if (queryMask) y = select(p, reshaped(cast(p, queryMask, "bool"), [...queryMask.shape, 1]), y, 0);
    const masked = withMask(y, query.mask);
    return asks(call, "returnAttentionScores") ? [masked, shares] : [masked];
  }

  /** query + key of every pair: [batch, queries, keys, features]. */
  pairs(p: Planner, query: Value, key: Value): Value {
    const [batch, queries, width] = query.shape as [number, number, number];
    return binary(
      p,
      "add",
      reshaped(query, [batch, queries, 1, width]),
      reshaped(key, [batch, 1, key.shape[1]!, width]),
    );
  }
}

/** Scores q·kᵀ, scaled if the layer learns a scale, or c · Σ tanh(scale · (q + k)). */
export class Attention extends ScoredAttention {
  get #concat(): boolean {
    return text(this, this.config, "scoreMode", "dot", ["dot", "concat"]) === "concat";
  }

  override weightSpecs(): readonly WeightSpec[] {
    const names: string[] = [];
    if (flag(this, this.config, "useScale", false)) names.push("scale");
    if (this.#concat) names.push("concatScoreWeight");
    return names.map((name) => ({ name, shape: [], trainable: true }));
  }

  override scores(p: Planner, query: Value, key: Value): Value {
    const weight = this.weight("scale");
    const scaled = (x: Value) => (weight ? binary(p, "multiply", x, weightValue(p, this, weight)) : x);
    if (!this.#concat) return scaled(matmul(p, query, key, true));
    const sums = reduce(p, "sum", unary(p, "tanh", scaled(this.pairs(p, query, key))), [-1]);
    return binary(p, "multiply", sums, weightValue(p, this, this.needWeight("concatScoreWeight")));
  }
}

/** Scores Σ scale · tanh(q + k). */
export class AdditiveAttention extends ScoredAttention {
  override weightSpecs(inputShapes?: readonly Shape[]): readonly WeightSpec[] {
    const width = inputShapes?.[1]?.at(-1) ?? null;
    return flag(this, this.config, "useScale", true) ? [{ name: "scale", shape: [width], trainable: true }] : [];
  }

  override scores(p: Planner, query: Value, key: Value): Value {
    if (query.shape.at(-1) !== key.shape.at(-1)) {
      throw new ShapeError(
        `${this}: query ${formatShape(query.shape)} and key ${formatShape(key.shape)} differ in width.`,
      );
    }
    const pairs = unary(p, "tanh", this.pairs(p, query, key));
    const weight = this.weight("scale");
    return reduce(p, "sum", weight ? binary(p, "multiply", weightValue(p, this, weight), pairs) : pairs, [-1]);
  }
}
