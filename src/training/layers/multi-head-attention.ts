import { UnsupportedLayerError } from "../../errors.ts";
import { asks, both, causalMask, FORBIDDEN, inputMask } from "../../layers/attention.ts";
import type { Layer, LayerCall } from "../../layers/layer.ts";
import { reshaped, type Value, withMask } from "../../plan/buffer.ts";
import { cast, floats, select } from "../../plan/tensor-ops.ts";
import { type Shape, sizeOf } from "../../tensor.ts";
import type { Gradients, Rule, Tape } from "../tape.ts";
import { attend, bytes, droppedShares, scores } from "./attention-steps.ts";

function maskArgument(call: LayerCall, key: string): Value | undefined {
  const found = call.kwargs?.[key];
  return typeof found === "object" && found !== null && "buffer" in found ? (found as Value) : undefined;
}

/** MultiHeadAttention over one axis of steps. */
export const multiHeadRule: Rule = (tape, layer, inputs, call) => {
  const [query, value, other] = inputs.map((x) => floats(tape.p, x)) as [Value, Value, Value | undefined];
  const key = other ?? value;
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
