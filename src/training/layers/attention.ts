import { UnsupportedLayerError } from "../../errors.ts";
import { asks, both, causalMask, FORBIDDEN, inputMask } from "../../layers/attention.ts";
import { flag, real } from "../../layers/config.ts";
import type { Layer, LayerCall } from "../../layers/layer.ts";
import { reshaped, type Value, withMask } from "../../plan/buffer.ts";
import { binary, cast, select } from "../../plan/tensor-ops.ts";
import { type Shape, sizeOf } from "../../tensor.ts";
import { recordedRule } from "../recorded/recorded-rule.ts";
import type { Gradients, Rule, Tape } from "../tape.ts";

/** A matrix of a batch: where the next row, column, inner and outer matrix lie, in elements. */
interface Matrices {
  readonly value: Value;
  readonly outer: number;
  readonly inner: number;
  readonly row: number;
  readonly column: number;
}

const turned = (m: Matrices): Matrices => ({ ...m, row: m.column, column: m.row });

function multiply(
  tape: Tape,
  c: Matrices,
  a: Matrices,
  b: Matrices,
  sizes: { outer: number; inner: number; rows: number; depth: number; columns: number },
): void {
  tape.emit("batchProduct", {
    c: c.value,
    cOuter: c.outer,
    cInner: c.inner,
    cRow: c.row,
    a: a.value,
    aOuter: a.outer,
    aInner: a.inner,
    aRow: a.row,
    aColumn: a.column,
    b: b.value,
    bOuter: b.outer,
    bInner: b.inner,
    bRow: b.row,
    bColumn: b.column,
    ...sizes,
  });
}

/** [batch, steps, heads · width] with heads side by side. */
function heads(value: Value, count: number): Matrices {
  const [, steps, all] = value.shape as [number, number, number];
  return { value, outer: steps * all, inner: all / count, row: all, column: 1 };
}

/** [batch, heads, queries, keys]. */
function square(value: Value, count: number): Matrices {
  const [queries, keys] = value.shape.slice(-2) as [number, number];
  return { value, outer: count * queries * keys, inner: queries * keys, row: keys, column: 1 };
}

function maskArgument(call: LayerCall, key: string): Value | undefined {
  const found = call.kwargs?.[key];
  return typeof found === "object" && found !== null && "buffer" in found ? (found as Value) : undefined;
}

function bytes(mask: Value | undefined, owner: Layer): Value | 0 {
  if (!mask) return 0;
  if (mask.dtype === "bool" && mask.shape.length === 2) return mask;
  throw new UnsupportedLayerError(`${owner}: only masks of [batch, steps] can be trained through here.`);
}

/** What stands between scores and the sum of values. */
interface Sharing {
  readonly keyMask: Value | 0;
  readonly queryMask: Value | 0;
  readonly causal: number;
  /** Factors of the shares, with broadcasting: dropout's, and 0 where a look is forbidden. */
  readonly factors?: Value | undefined;
}

/** softmax(s) · v and the way back to s and v. */
function attend(tape: Tape, s: Value, v: Value, count: number, { factors, ...masks }: Sharing) {
  const [batch, queries, keys] = [s.shape[0]!, s.shape.at(-2)!, s.shape.at(-1)!];
  const softmax = tape.tensor(s.shape);
  tape.emit("attentionWeights", { p: softmax, s, ...masks, batch, heads: count, queries, keys });
  const p = factors ? binary(tape.p, "multiply", softmax, factors) : softmax;
  const width = v.shape[2]! / count;
  const y = tape.tensor([batch, queries, v.shape[2]!]);
  const sizes = { outer: batch, inner: count };
  multiply(tape, heads(y, count), square(p, count), heads(v, count), {
    ...sizes,
    rows: queries,
    depth: keys,
    columns: width,
  });
  return {
    y,
    shares: p,
    /** @param dShares - The gradient of the shares themselves, where they are an output, too. */
    backward(dy: Value, dShares?: Value): { ds: Value; dv: Value } {
      const fromSum = tape.tensor(s.shape);
      const back = { ...sizes, rows: queries, depth: width, columns: keys };
      multiply(tape, square(fromSum, count), heads(dy, count), turned(heads(v, count)), back);
      const dv = tape.tensor(v.shape);
      const across = { ...sizes, rows: keys, depth: queries, columns: width };
      multiply(tape, heads(dv, count), turned(square(p, count)), heads(dy, count), across);
      const all = dShares ? binary(tape.p, "add", fromSum, reshaped(dShares, s.shape)) : fromSum;
      const dp = factors ? binary(tape.p, "multiply", all, factors) : all;
      const ds = tape.tensor(s.shape);
      tape.emit("softmaxGradient", { dx: ds, dy: dp, y: softmax, rows: sizeOf(s.shape) / keys, width: keys, isLog: 0 });
      return { ds, dv };
    },
  };
}

/** Dropout's factors of shares; undefined where none are dropped. */
function droppedShares(tape: Tape, layer: Layer, shape: Shape): Value | undefined {
  const rate = real(layer, layer.config, "dropout", 0);
  if (!tape.random || rate === 0) return undefined;
  return { ...tape.random.mask(tape, sizeOf(shape), rate), shape, dtype: "float32" };
}

/** q · kᵀ of every head and the way back. */
function scores(tape: Tape, q: Value, k: Value, count: number) {
  const [batch, queries, keys] = [q.shape[0]!, q.shape[1]!, k.shape[1]!];
  const width = q.shape[2]! / count;
  const s = tape.tensor([batch, count, queries, keys]);
  const sizes = { outer: batch, inner: count };
  const there = { ...sizes, rows: queries, depth: width, columns: keys };
  multiply(tape, square(s, count), heads(q, count), turned(heads(k, count)), there);
  return {
    s,
    backward(ds: Value): { dq: Value; dk: Value } {
      const dq = tape.tensor(q.shape);
      multiply(tape, heads(dq, count), square(ds, count), heads(k, count), {
        ...sizes,
        rows: queries,
        depth: keys,
        columns: width,
      });
      const dk = tape.tensor(k.shape);
      const across = { ...sizes, rows: keys, depth: queries, columns: width };
      multiply(tape, heads(dk, count), turned(square(ds, count)), heads(q, count), across);
      return { dq, dk };
    },
  };
}

/** A value times one weight. */
function timesWeight(tape: Tape, layer: Layer, x: Value): { y: Value; backward(dy: Value): Value } {
  const weight = tape.weight(layer, "scale");
  if (!weight) return { y: x, backward: (dy) => dy };
  const count = sizeOf(x.shape);
  const y = tape.tensor(x.shape);
  tape.emit("scaleChannels", { y, x, m: weight, rows: count, width: 1 });
  return {
    y,
    backward(dy) {
      const sink = tape.sink(layer, "scale");
      if (sink) {
        const products = tape.tensor(x.shape);
        tape.emit("multiplyTo", { y: products, a: dy, b: x, count });
        tape.emit("sumRows", { y: sink, x: products, xStride: 1, rows: count, width: 1, accumulate: sink.accumulate });
      }
      const dx = tape.tensor(x.shape);
      tape.emit("scaleChannels", { y: dx, x: dy, m: weight, rows: count, width: 1 });
      return dx;
    },
  };
}

/** Scores of additive attention and the way back. */
function additive(tape: Tape, layer: Layer, q: Value, k: Value) {
  const [batch, queries, width] = q.shape as [number, number, number];
  const keys = k.shape[1]!;
  const scale = tape.weight(layer, "scale") ?? 0;
  const s = tape.tensor([batch, 1, queries, keys]);
  const t = tape.tensor([batch, queries, keys, width]);
  const sizes = { scale, batch, queries, keys, width };
  tape.emit("additiveScores", { s, t, q, k, ...sizes });
  return {
    s,
    backward(ds: Value): { dq: Value; dk: Value } {
      const dq = tape.zeros(q.shape);
      const dk = tape.zeros(k.shape);
      const dScale = (scale === 0 ? undefined : tape.addingSink(layer, "scale")) ?? 0;
      tape.emit("additiveScoresGradient", { dq, dk, dScale, ds, t, ...sizes });
      return { dq, dk };
    },
  };
}

/** Attention and AdditiveAttention. */
export const attentionRule: Rule = (tape, layer, inputs, call) => {
  const [query, value] = inputs as [Value, Value];
  const key = inputs[2] ?? value;
  if (layer.config["scoreMode"] === "concat") {
    if (tape.random && Number(layer.config["dropout"] ?? 0) > 0) {
      throw new UnsupportedLayerError(`${layer}: the score_mode concat cannot be trained here with dropout.`);
    }
    return recordedRule(tape, layer, inputs, call);
  }
  const isAdditive = layer.className === "AdditiveAttention";
  const raw = isAdditive ? additive(tape, layer, query, key) : scores(tape, query, key, 1);
  const scaled = isAdditive ? { y: raw.s, backward: (d: Value) => d } : timesWeight(tape, layer, raw.s);
  const queryMask = bytes(inputMask(layer, query, call, 0), layer);
  const keyMask = bytes(inputMask(layer, value, call, 1), layer);
  const causal = Number(asks(call, "useCausalMask") || flag(layer, layer.config, "causal", false));
  const factors = droppedShares(tape, layer, scaled.y.shape);
  const done = attend(tape, scaled.y, value, 1, { keyMask, queryMask: 0, causal, factors });
  const rows = { mask: queryMask as Value, rows: query.shape[0]! * query.shape[1]!, width: value.shape[2]! };
  if (queryMask !== 0) tape.emit("keepRows", { y: done.y, x: done.y, ...rows });
  const y = withMask(done.y, query.mask);
  const [batch, queries, keys] = [query.shape[0]!, query.shape[1]!, key.shape[1]!];
  return {
    outputs: asks(call, "returnAttentionScores") ? [y, reshaped(done.shares, [batch, queries, keys])] : [y],
    backward([given, dShares]): Gradients {
      if (!given && !dShares) return [];
      const dy = given ?? tape.zeros(y.shape);
      let kept = dy;
      if (queryMask !== 0) {
        kept = tape.tensor(dy.shape);
        tape.emit("keepRows", { y: kept, x: dy, ...rows });
      }
      const { ds, dv } = done.backward(kept, dShares);
      const { dq, dk } = raw.backward(scaled.backward(ds));
      return inputs[2] ? [dq, dv, dk] : [dq, tape.add(dv, dk)];
    },
  };
};

/** MultiHeadAttention over one axis of steps. */
export const multiHeadRule: Rule = (tape, layer, inputs, call) => {
  const [query, value] = inputs as [Value, Value];
  const key = inputs[2] ?? value;
  const axes = layer.config["attentionAxes"] ?? [1];
  const plain = Array.isArray(axes) && axes.join() === "1" && layer.config["numQueryHeads"] === undefined;
  if (!plain || query.shape.length !== 3) {
    throw new UnsupportedLayerError(`${layer} trains on [batch, steps, features] only, without attention_axes.`);
  }
  const count = layer.needWeight("queryKernel").shape[1]!;
  const q = projection(tape, layer, "query", query);
  const k = projection(tape, layer, "key", key);
  const v = projection(tape, layer, "value", value);
  const width = q.y.shape[2]! / count;
  const small = tape.tensor(q.y.shape);
  const factor = 1 / Math.sqrt(width);
  tape.emit("scaleTo", { y: small, a: q.y, factor, count: sizeOf(small.shape) });
  const raw = scores(tape, small, k.y, count);
  const own = maskArgument(call, "keyMask") ?? (key === value ? undefined : inputMask(layer, key, call, 2));
  if (own) throw new UnsupportedLayerError(`${layer}: a mask of its own for the key cannot be trained here.`);
  const keyMask = bytes(maskArgument(call, "valueMask") ?? inputMask(layer, value, call, 1), layer);
  const queryMask = bytes(maskArgument(call, "queryMask") ?? inputMask(layer, query, call, 0), layer);
  const causal = Number(asks(call, "useCausalMask"));
  const explicit = maskArgument(call, "attentionMask");
  // −1e9 in place of a score: the share is zero either way, and so is the gradient.
  const allowed = explicit ? select(tape.p, lifted(tape, explicit), raw.s, FORBIDDEN) : raw.s;
  const givesShares = asks(call, "returnAttentionScores");
  const masks = { queryMask, keyMask, causal, explicit };
  const factors = shareFactors(tape, layer, raw.s.shape, masks, givesShares);
  const done = attend(tape, allowed, v.y, count, { keyMask, queryMask, causal, factors });
  const out = projection(tape, layer, "output", done.y);
  const y = withMask(out.y, query.mask);
  return {
    outputs: givesShares ? [y, done.shares] : [y],
    backward([dy, dShares]): Gradients {
      if (!dy && !dShares) return [];
      const { ds, dv } = done.backward(out.backward(dy ?? tape.zeros(y.shape)), dShares);
      const { dq, dk } = raw.backward(ds);
      tape.emit("scaleTo", { y: dq, a: dq, factor, count: sizeOf(dq.shape) });
      const [dQuery, dKey, dValue] = [q.backward(dq), k.backward(dk), v.backward(dv)];
      return inputs[2] ? [dQuery, dValue, dKey] : [dQuery, tape.add(dValue, dKey)];
    },
  };
};

/**
 * Factors of MultiHeadAttention's shares [batch, heads, queries, keys]: dropout's, and none for a query that may look at
 * nothing where Keras 3 computes by its Softmax layer, which is with dropout and where it gives the shares.
 */
function shareFactors(
  tape: Tape,
  layer: Layer,
  shape: Shape,
  masks: { queryMask: Value | 0; keyMask: Value | 0; causal: number; explicit: Value | undefined },
  givesShares: boolean,
): Value | undefined {
  const { p } = tape;
  const dropped = droppedShares(tape, layer, shape);
  const byLayer = givesShares || Number(layer.config["dropout"] ?? 0) > 0;
  if (layer.profile.era !== "keras3" || !byLayer) return dropped;
  const [batch, , queries, keys] = shape as [number, number, number, number];
  const { queryMask, keyMask, causal, explicit } = masks;
  const allowed = [
    queryMask === 0 ? undefined : reshaped(queryMask, [batch, 1, queries, 1]),
    keyMask === 0 ? undefined : reshaped(keyMask, [batch, 1, 1, keys]),
    causal ? reshaped(causalMask(p, queries, keys), [1, 1, queries, keys]) : undefined,
    explicit && lifted(tape, explicit),
  ].reduce((all, mask) => both(p, all, mask), undefined);
  if (!allowed) return dropped;
  return select(p, allowed, dropped ?? 1, 0);
}

/** A mask of [batch, queries, keys] as all heads see it. */
function lifted(tape: Tape, mask: Value): Value {
  const bits = cast(tape.p, mask, "bool");
  return mask.shape.length === 4 ? bits : reshaped(bits, [mask.shape[0]!, 1, mask.shape[1]!, mask.shape[2]!]);
}

/** x · kernel + bias of one of a MultiHeadAttention's four parts. */
function projection(tape: Tape, layer: Layer, part: string, x: Value) {
  const [kernelName, biasName] = [`${part}Kernel`, `${part}Bias`];
  const kernel = tape.needWeight(layer, kernelName);
  const bias = tape.weight(layer, biasName);
  const features = x.shape[2]!;
  const units = sizeOf(layer.needWeight(kernelName).shape) / features;
  const rows = x.shape[0]! * x.shape[1]!;
  const y = tape.tensor([x.shape[0]!, x.shape[1]!, units]);
  tape.product({ y, a: x, b: kernel, rows, depth: features, columns: units, bias });
  return {
    y,
    backward(dy: Value): Value {
      const dBias = bias && tape.sink(layer, biasName);
      if (dBias)
        tape.emit("sumRows", { y: dBias, x: dy, xStride: units, rows, width: units, accumulate: dBias.accumulate });
      const sink = tape.sink(layer, kernelName);
      if (sink) {
        tape.productOfRows({
          y: sink,
          a: x,
          b: dy,
          rows,
          columnsA: features,
          columnsB: units,
          accumulate: sink.accumulate,
        });
      }
      const dx = tape.tensor(x.shape);
      tape.product({ y: dx, a: dy, b: kernel, transposed: true, rows, depth: units, columns: features });
      return dx;
    },
  };
}
