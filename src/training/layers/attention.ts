import { UnsupportedLayerError } from "../../errors.ts";
import { asks, inputMask } from "../../layers/attention.ts";
import { flag } from "../../layers/config.ts";
import type { Layer } from "../../layers/layer.ts";
import { reshaped, type Value, withMask } from "../../plan/buffer.ts";
import { sizeOf } from "../../tensor.ts";
import { recordedRule } from "../recorded/recorded-rule.ts";
import type { Gradients, Rule, Tape } from "../tape.ts";
import { attend, bytes, droppedShares, scores } from "./attention-steps.ts";

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
