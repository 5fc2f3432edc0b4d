import { asks, both, causalMask, FORBIDDEN, headMask } from "../../layers/attention.ts";
import { real } from "../../layers/config.ts";
import type { Layer, LayerCall } from "../../layers/layer.ts";
import { reshaped, type Value, withMask } from "../../plan/buffer.ts";
import { cast, floats, select } from "../../plan/tensor-ops.ts";
import { type Shape, sizeOf } from "../../tensor.ts";
import { apartRule } from "../recorded/apart.ts";
import type { Gradients, Rule, Tape } from "../tape.ts";
import { attend, bytes, droppedShares, scores } from "./attention-steps.ts";

function maskArgument(call: LayerCall, key: string): Value | undefined {
  const found = call.kwargs?.[key];
  return typeof found === "object" && found !== null && "buffer" in found ? (found as Value) : undefined;
}

/** MultiHeadAttention over one axis of steps; over others, in groups or with a mask of the key alone it is taken apart. */
export const multiHeadRule: Rule = (tape, layer, inputs, call) => {
  const [query, value, other] = inputs.map((x) => floats(tape.p, x)) as [Value, Value, Value | undefined];
  const key = other ?? value;
  const axes = layer.config["attentionAxes"] ?? [1];
  const own = maskArgument(call, "keyMask") ?? (key === value ? undefined : headMask(layer, key, call, 2));
  const isPlain = Array.isArray(axes) && axes.join() === "1" && layer.config["numQueryHeads"] === undefined;
  if (!isPlain || query.shape.length !== 3 || own) return apartRule(tape, layer, inputs, call);
  const count = layer.needWeight("queryKernel").shape[1]!;
  const q = projection(tape, layer, "query", query);
  const k = projection(tape, layer, "key", key);
  const v = projection(tape, layer, "value", value);
  const width = q.y.shape[2]! / count;
  const small = tape.tensor(q.y.shape);
  const factor = 1 / Math.sqrt(width);
  tape.emit("scaleTo", { y: small, a: q.y, factor, count: sizeOf(small.shape) });
  const raw = scores(tape, small, k.y, count);
  const keyMask = bytes(maskArgument(call, "valueMask") ?? headMask(layer, value, call, 1), layer);
  const queryMask = bytes(maskArgument(call, "queryMask") ?? headMask(layer, query, call, 0), layer);
  const causal = Number(asks(call, "useCausalMask"));
  const explicit = maskArgument(call, "attentionMask");
  // −1e9 in place of a score: the share is zero either way, and so is the gradient.
  const allowed = explicit ? select(tape.p, lifted(tape, explicit), raw.s, FORBIDDEN) : raw.s;
  const givesShares = asks(call, "returnAttentionScores");
  const mask = jointMask(tape, raw.s.shape, { queryMask, keyMask, causal, explicit });
  const isKeras3 = layer.profile.era === "keras3";
  const byLayer = isKeras3 && (givesShares || real(layer, layer.config, "dropout", 0) > 0);
  const dropped = droppedShares(tape, layer, raw.s.shape);
  const factors = mask && byLayer ? select(tape.p, mask, dropped ?? 1, 0) : dropped;
  const done = attend(tape, allowed, v.y, count, { keyMask, queryMask, causal, factors });
  const out = projection(tape, layer, "output", done.y);
  const y = withMask(out.y, query.mask);
  return {
    outputs: givesShares ? [y, done.shares] : [y],
    backward([dy, dShares]): Gradients {
      if (!dy && !dShares) return [];
      const { ds, dv } = done.backward(out.backward(dy ?? tape.zeros(y.shape)), dShares);
      // A query that may look at nothing has equal shares, but by no score of its own.
      const { dq, dk } = raw.backward(mask && isKeras3 && !byLayer ? select(tape.p, mask, ds, 0) : ds);
      tape.emit("scaleTo", { y: dq, a: dq, factor, count: sizeOf(dq.shape) });
      const [dQuery, dKey, dValue] = [q.backward(dq), k.backward(dk), v.backward(dv)];
      return inputs[2] ? [dQuery, dValue, dKey] : [dQuery, tape.add(dValue, dKey)];
    },
  };
};

/**
 * Where a query may look at a key: [batch, 1, queries, keys] or less. Without one for a query that may look at nothing
 * Keras 3 has equal shares; none where it computes by its Softmax layer, which is with dropout and where it gives the
 * shares.
 */
function jointMask(
  tape: Tape,
  [batch, , queries, keys]: Shape,
  masks: { queryMask: Value | 0; keyMask: Value | 0; causal: number; explicit: Value | undefined },
): Value | undefined {
  const { p } = tape;
  const { queryMask, keyMask, causal, explicit } = masks;
  return [
    queryMask === 0 ? undefined : reshaped(queryMask, [batch!, 1, queries!, 1]),
    keyMask === 0 ? undefined : reshaped(keyMask, [batch!, 1, 1, keys!]),
    causal ? reshaped(causalMask(p, queries!, keys!), [1, 1, queries!, keys!]) : undefined,
    explicit && lifted(tape, explicit),
  ].reduce((all, mask) => both(p, all, mask), undefined);
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
      if (dBias) {
        tape.emit("sumRows", { y: dBias, x: dy, xStride: units, rows, width: units, accumulate: dBias.accumulate });
      }
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
