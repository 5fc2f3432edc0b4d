import { UnsupportedLayerError } from "../../errors.ts";
import { real } from "../../layers/config.ts";
import { Masking } from "../../layers/masking.ts";
import { reshaped, withMask } from "../../plan/buffer.ts";
import { transpose } from "../../plan/tensor-ops.ts";
import { sizeOf } from "../../tensor.ts";
import { sharedPreluRule } from "../recorded/normalizations.ts";
import { recordedRule } from "../recorded/recorded-rule.ts";
import type { Rule } from "../tape.ts";

/** Layers that only give their input another shape. */
export const reshapeRule: Rule = (tape, layer, inputs, call) => {
  const x = inputs[0]!;
  if (layer.config["dataFormat"] === "channels_first") return recordedRule(tape, layer, inputs, call);
  return {
    outputs: layer.plan(tape.p, inputs, call),
    backward: ([dy]) => [dy && reshaped(dy, x.shape)],
  };
};

/** Layers that hand their input on in training as in prediction. */
export const identityRule: Rule = (tape, layer, inputs, call) => ({
  outputs: layer.plan(tape.p, inputs, call),
  backward: ([dy]) => [dy],
});

/** Layers whose output does not follow its input by degrees: comparisons. Nothing flows back. */
export const constantRule: Rule = (tape, layer, inputs, call) => ({
  outputs: layer.plan(tape.p, inputs, call),
  backward: () => [],
});

/** Masked steps are zero, and so is their gradient. */
export const maskingRule: Rule = (tape, layer, inputs) => {
  if (!(layer instanceof Masking)) throw new TypeError(`${layer} is no Masking`);
  const outputs = layer.plan(tape.p, inputs);
  const mask = outputs[0]!.mask!;
  return {
    outputs,
    backward([dy]) {
      if (!dy) return [undefined];
      const dx = tape.tensor(dy.shape);
      const width = dy.shape.at(-1)!;
      tape.emit("keepRows", { y: dx, x: dy, mask, rows: sizeOf(dy.shape) / width, width });
      return [dx];
    },
  };
};

/** Axes put in another order. */
export const permuteRule: Rule = (tape, layer, inputs, call) => {
  const dims = layer.config["dims"];
  if (!Array.isArray(dims)) throw new UnsupportedLayerError(`${layer}: the config has no dims.`);
  const order = [0, ...(dims as number[])];
  const back = order.map((_, axis) => order.indexOf(axis));
  return {
    outputs: layer.plan(tape.p, inputs, call),
    backward: ([dy]) => [dy && transpose(tape.p, dy, back)],
  };
};

/** [batch, d] repeated n times over time: the gradients add. */
export const repeatVectorRule: Rule = (tape, layer, inputs, call) => {
  const x = inputs[0]!;
  const outputs = layer.plan(tape.p, inputs, call);
  const [batch, repeats, inner] = outputs[0]!.shape as [number, number, number];
  return {
    outputs,
    backward([dy]) {
      if (!dy) return [undefined];
      const dx = tape.tensor(x.shape);
      tape.emit("sumRepeats", { y: dx, x: dy, batch, repeats, inner });
      return [dx];
    },
  };
};

/** x · scale + offset. */
export const rescalingRule: Rule = (tape, layer, inputs, call) => {
  const factor = real(layer, layer.config, "scale", 1);
  return {
    outputs: layer.plan(tape.p, inputs, call),
    backward([dy]) {
      if (!dy) return [undefined];
      const dx = tape.tensor(dy.shape);
      tape.emit("scaleTo", { y: dx, a: dy, factor, count: sizeOf(dy.shape) });
      return [dx];
    },
  };
};

/** PReLU with a slope per value of a sample. */
export const preluRule: Rule = (tape, layer, inputs, call) => {
  const x = inputs[0]!;
  const alpha = tape.needWeight(layer, "alpha");
  const width = sizeOf(layer.needWeight("alpha").shape);
  if (width !== sizeOf(x.shape.slice(1))) return sharedPreluRule(tape, layer, inputs, call);
  const rows = x.shape[0]!;
  const y = tape.tensor(x.shape);
  tape.emit("prelu", { y, x, alpha, rows, width });
  return {
    outputs: [withMask(y, x.mask)],
    backward([dy]) {
      if (!dy) return [undefined];
      const dx = tape.tensor(x.shape);
      const dAlpha = tape.addingSink(layer, "alpha") ?? 0;
      tape.emit("preluGradient", { dx, dAlpha, dy, x, alpha, rows, width });
      return [dx];
    },
  };
};
