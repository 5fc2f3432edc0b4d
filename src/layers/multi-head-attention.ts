import { ShapeError, UnsupportedLayerError } from "../errors.ts";
import { reshaped, type Value, withMask } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { axisOf, binary, cast, floats, matmul, repeat, select, softmax, transpose, unary } from "../plan/tensor-ops.ts";
import { formatShape, type Shape, sizeOf } from "../tensor.ts";
import { weightValue } from "./activation-layers.ts";
import { asks, both, causalMask, FORBIDDEN, headMask } from "./attention.ts";
import { flag, integers, positive, real } from "./config.ts";
import type { LayerCall, WeightSpec } from "./layer.ts";
import { packedKernel } from "./packed-weights.ts";
import { FreeShapeLayer } from "./simple-layer.ts";

const PARTS = ["query", "key", "value", "output"] as const;
type Part = (typeof PARTS)[number];

/**
 * Attention of several heads: query, value and perhaps key of [batch, …, features]. In GroupedQueryAttention several
 * query heads share a head of keys and values.
 *
 * Weights are the four projections' in Keras' order: query, key, value, output, each a kernel and a bias.
 */
export class MultiHeadAttention extends FreeShapeLayer {
  get #grouped(): boolean {
    return this.config["numQueryHeads"] !== undefined;
  }

  override get takesMasks(): boolean {
    return !this.#grouped && this.profile.attentionTakesMasks;
  }

  override freeSpecs(inputShapes: readonly Shape[] | undefined): readonly WeightSpec[] {
    const useBias = flag(this, this.config, "useBias", true);
    for (const key of ["useGate", "slidingWindow"]) {
      if (this.config[key]) throw new UnsupportedLayerError(`${this}: ${key} is not supported.`);
    }
    return PARTS.flatMap((part) => {
      const { kernel, bias } = inputShapes
        ? this.#shapes(part, inputShapes)
        : { kernel: [null, null, null], bias: [null, null] };
      const specs = [{ name: `${part}Kernel`, shape: kernel, trainable: true }];
      return useBias ? [...specs, { name: `${part}Bias`, shape: bias, trainable: true }] : specs;
    });
  }

  #shapes(part: Part, inputs: readonly Shape[]): { kernel: number[]; bias: number[] } {
    const { config } = this;
    const width = (shape: Shape | undefined) => shape?.at(-1) ?? 1;
    const query = inputs[0];
    const value = inputs[1] ?? query;
    const keyDim = positive(this, config, this.#grouped ? "headDim" : "keyDim");
    const valueDim = config["valueDim"] == null ? keyDim : positive(this, config, "valueDim");
    const heads = positive(this, config, this.#grouped ? "numQueryHeads" : "numHeads");
    const shared = this.#grouped ? positive(this, config, "numKeyValueHeads") : heads;
    if (part === "query") return { kernel: [width(query), heads, keyDim], bias: [heads, keyDim] };
    if (part === "key") return { kernel: [width(inputs[2] ?? value), shared, keyDim], bias: [shared, keyDim] };
    if (part === "value") return { kernel: [width(value), shared, valueDim], bias: [shared, valueDim] };
    const out = config["outputShape"] == null ? [width(query)] : integers(this, config, "outputShape");
    return { kernel: [heads, valueDim, ...out], bias: out };
  }

  override plan(p: Planner, inputs: readonly Value[], call: LayerCall): readonly Value[] {
    const [query, value, other] = inputs.map((x) => floats(p, x));
    if (!query || !value) throw new ShapeError(`${this}: expected a query and a value; got ${inputs.length} inputs.`);
    const key = other ?? value;
    const rank = query.shape.length;
    const given = this.config["attentionAxes"];
    const all = Array.from({ length: rank - 2 }, (_, i) => i + 1);
    const axes = given == null ? all : integers(this, this.config, "attentionAxes").map((axis) => axisOf(axis, rank));
    const free = all.filter((axis) => !axes.includes(axis));
    const heads = this.needWeight("queryKernel").shape[1]!;
    // Each side as [batch · free, heads, steps, width].
    const project = (part: "query" | "key" | "value", x: Value) => {
      const [, own, width] = this.needWeight(`${part}Kernel`).shape as [number, number, number];
      const y = this.#dense(p, part, x, x.shape.at(-1)!, [own, width]);
      const moved = transpose(p, y, [0, ...free, rank - 1, ...axes, rank]);
      const rows = reshaped(moved, [this.#rows(x, free), own, sizeOf(axes.map((axis) => x.shape[axis]!)), width]);
      return own === heads ? rows : repeat(p, rows, 1, heads / own);
    };
    const q = project("query", query);
    const k = project("key", key);
    const v = project("value", value);
    const width = q.shape.at(-1)!;
    const scaled = unary(p, "affine", q, 1 / Math.sqrt(width), 0);
    const scores = matmul(p, scaled, k, true);
    const allowed = this.#mask(p, call, { query, value, key }, q.shape[2]!, k.shape[2]!);
    const shares = this.#shares(p, scores, allowed, asks(call, "returnAttentionScores") || rank !== 3);
    const rate = real(this, this.config, "dropout", 0);
    const mixed = matmul(p, p.apart ? p.apart.dropped(shares, rate) : shares, v);
    const places = axes.map((axis) => query.shape[axis]!);
    const lead = [query.shape[0]!, ...free.map((axis) => query.shape[axis]!)];
    const back = transpose(p, reshaped(mixed, [...lead, heads, ...places, v.shape.at(-1)!]), [
      0,
      ...all.map((axis) => (free.includes(axis) ? 1 + free.indexOf(axis) : free.length + 2 + axes.indexOf(axis))),
      free.length + 1,
      rank,
    ]);
    const out = this.needWeight("outputKernel").shape.slice(2);
    const y = this.#dense(p, "output", back, heads * v.shape.at(-1)!, out, 2);
    const masked = withMask(y, query.mask);
    if (!asks(call, "returnAttentionScores")) return [masked];
    return [masked, reshaped(shares, [...lead, heads, ...places, ...axes.map((axis) => key.shape[axis]!)])];
  }

  /**
   * The softmax of the scores. A query that may look at nothing gets equal shares, or none where Keras 3 computes by
   * its Softmax layer: it asks for scores, has dropout or several axes.
   */
  #shares(p: Planner, scores: Value, allowed: Value | undefined, byLayer: boolean): Value {
    if (!allowed) return softmax(p, scores);
    const shares = softmax(p, select(p, allowed, scores, FORBIDDEN));
    const dropout = Number(this.config["dropout"] ?? 0) > 0;
    return this.profile.era === "keras3" && (byLayer || dropout) ? select(p, allowed, shares, 0) : shares;
  }

  #rows(x: Value, free: readonly number[]): number {
    return x.shape[0]! * sizeOf(free.map((axis) => x.shape[axis]!));
  }

  /** x · kernel + bias over the last `contracted` axes, whose sizes multiply to `features`. */
  #dense(p: Planner, part: Part, x: Value, features: number, out: Shape, contracted = 1): Value {
    const kernel = this.needWeight(`${part}Kernel`);
    const units = sizeOf(out);
    if (sizeOf(kernel.shape) !== features * units) {
      throw new ShapeError(
        `${this}: its ${part} kernel ${formatShape(kernel.shape)} does not fit an input of ${formatShape(x.shape)}.`,
      );
    }
    const lead = x.shape.slice(0, x.shape.length - contracted);
    const bias = this.weight(`${part}Bias`);
    if (p.apart) {
      const rows = reshaped(x, [sizeOf(lead), features]);
      const multiply = (from: Value, columns: Value) => matmul(p, from, reshaped(columns, [features, units]));
      const product = p.apart.product(this, kernel.name, rows, 1, multiply);
      const y = bias ? binary(p, "add", product, reshaped(weightValue(p, this, bias), [units])) : product;
      return reshaped(y, [...lead, ...out]);
    }
    const y = p.tensor([...lead, ...out]);
    p.emit("denseForward", {
      y,
      yStride: units,
      x,
      xStride: features,
      kernel: packedKernel(p, this, `${part}Kernel`, { ...kernel, shape: [features, units] }, 1),
      bias: packedKernel(p, this, `${part}Bias`, bias && { ...bias, shape: [units] }, 1, units),
      rows: sizeOf(lead),
      features,
      units,
      activation: 0,
    });
    return y;
  }

  /** Where a query may look at a key: [batch, 1, queries, keys], from all masks that there are. */
  #mask(
    p: Planner,
    call: LayerCall,
    x: { query: Value; value: Value; key: Value },
    queries: number,
    keys: number,
  ): Value | undefined {
    const named = (key: string): Value | undefined => {
      const found = call.kwargs?.[key];
      return typeof found === "object" && found !== null && "buffer" in found ? (found as Value) : undefined;
    };
    const bits = (mask: Value | undefined, shape: (mask: Value) => Shape) =>
      mask && reshaped(cast(p, mask, "bool"), shape(mask));
    const side = (mask: Value | undefined, rows: boolean) =>
      mask?.shape.length === 2
        ? bits(mask, ({ shape: [batch, n] }) => (rows ? [batch!, n!, 1] : [batch!, 1, n!]))
        : undefined;
    const query = side(named("queryMask") ?? headMask(this, x.query, call, 0), true);
    const value = side(named("valueMask") ?? headMask(this, x.value, call, 1), false);
    const key = side(named("keyMask") ?? (x.key === x.value ? undefined : headMask(this, x.key, call, 2)), false);
    const explicit = bits(named("attentionMask"), (mask) =>
      mask.shape.length === 4 ? mask.shape : [mask.shape[0]!, mask.shape[1]!, mask.shape[2]!],
    );
    const causal = asks(call, "useCausalMask") ? causalMask(p, queries, keys) : undefined;
    const auto = both(p, both(p, query, value), both(p, key, causal));
    const lift = (mask: Value | undefined) =>
      mask && mask.shape.length === 3 ? reshaped(mask, [mask.shape[0]!, 1, mask.shape[1]!, mask.shape[2]!]) : mask;
    return both(p, lift(auto), lift(explicit));
  }
}
