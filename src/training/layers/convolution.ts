import { integers, text } from "../../layers/config.ts";
import { Conv1D } from "../../layers/convolution/convolution.ts";
import type { Layer } from "../../layers/layer.ts";
import type { Value } from "../../plan/buffer.ts";
import { sizeOf } from "../../tensor.ts";
import { convolutionOfGroups } from "../recorded/convolutions.ts";
import { recordedRule } from "../recorded/recorded-rule.ts";
import type { Rule } from "../tape.ts";
import { activationPass } from "./activations.ts";

function isChannelsFirst(layer: Layer): boolean {
  return layer.config["dataFormat"] === "channels_first";
}

/** A convolution over time as a product over the cells under the kernel. */
export const conv1dRule: Rule = (tape, layer, inputs, call) => {
  if (!(layer instanceof Conv1D)) throw new TypeError(`${layer} is no Conv1D`);
  if (layer.groups !== 1 || isChannelsFirst(layer)) return convolutionOfGroups(tape, layer, inputs, call);
  const x = inputs[0]!;
  layer.checkInput(x, 3, layer.needWeight("kernel").shape[1]!);
  const [batch, timesteps, channels] = x.shape as [number, number, number];
  const { before, count, ...axis } = layer.window(timesteps);
  const { filters } = layer;
  const features = axis.kernel * channels;
  const rows = batch * count;
  const sizes = {
    batch,
    timesteps,
    channels,
    out: count,
    kernel: axis.kernel,
    stride: axis.stride,
    dilation: axis.dilation,
    left: before,
  };
  const kernel = tape.needWeight(layer, "kernel");
  const bias = tape.weight(layer, "bias");
  const cols = tape.tensor([rows, features]);
  tape.emit("spread", { cols, x, ...sizes });
  const z = tape.tensor([batch, count, filters]);
  tape.product({ y: z, a: cols, b: kernel, rows, depth: features, columns: filters, bias });
  const active = activationPass(tape, layer, z, layer.activation);
  return {
    outputs: [active.y],
    logits: active.logits,
    backward([dy], wanted, [ofLogits]) {
      const dz = active.backward(dy, ofLogits)!;
      const dBias = bias && tape.sink(layer, "bias");
      if (dBias) {
        const { accumulate } = dBias;
        tape.emit("sumRows", { y: dBias, x: dz, xStride: filters, rows, width: filters, accumulate });
      }
      const dKernel = tape.sink(layer, "kernel");
      if (dKernel) {
        const { accumulate } = dKernel;
        tape.productOfRows({ y: dKernel, a: cols, b: dz, rows, columnsA: features, columnsB: filters, accumulate });
      }
      if (!wanted) return [undefined];
      const dcols = tape.tensor([rows, features]);
      tape.product({ y: dcols, a: dz, b: kernel, transposed: true, rows, depth: filters, columns: features });
      const dx = tape.zeros(x.shape);
      tape.emit("gatherSpread", { dx, dcols, ...sizes });
      return [dx];
    },
  };
};

/** Max and average pooling over time. */
export const pool1dRule: Rule = (tape, layer, inputs, call) => {
  const isTheanos = layer.profile.padding === "theano" && layer.config["padding"] === "same";
  if (isTheanos || isChannelsFirst(layer)) return recordedRule(tape, layer, inputs, call);
  const x = inputs[0]!;
  const outputs = layer.plan(tape.p, inputs, call);
  const [batch, timesteps, channels] = x.shape as [number, number, number];
  const out = outputs[0]!.shape[1]!;
  const size = integers(layer, layer.config, "poolSize", [2])[0]!;
  const stride = layer.config["strides"] == null ? size : integers(layer, layer.config, "strides")[0]!;
  const same = text(layer, layer.config, "padding", "valid", ["valid", "same"]) === "same";
  const left = same ? Math.max((out - 1) * stride + size - timesteps, 0) >> 1 : 0;
  const average = Number(layer.className.startsWith("Average"));
  return {
    outputs,
    backward([dy]) {
      if (!dy) return [undefined];
      const dx = tape.zeros(x.shape);
      tape.emit("poolGradient", { dx, dy, x, batch, timesteps, channels, out, size, stride, left, average });
      return [dx];
    },
  };
};

/** Max and average over all of time; the average leaves masked steps out. */
export const globalPool1dRule: Rule = (tape, layer, inputs, call) => {
  if (isChannelsFirst(layer)) return recordedRule(tape, layer, inputs, call);
  const x = inputs[0]!;
  const outputs = layer.plan(tape.p, inputs, call);
  const [batch, timesteps, channels] = x.shape as [number, number, number];
  const given = Array.isArray(call.mask) ? call.mask[0] : (call.mask as Value | null | undefined);
  const mask = given === undefined ? x.mask : (given ?? undefined);
  const isMax = layer.className.startsWith("GlobalMax");
  return {
    outputs,
    backward([dy]) {
      if (!dy) return [undefined];
      if (!isMax) {
        const dx = tape.tensor(x.shape);
        const own = mask && sizeOf(mask.shape) === batch * timesteps ? mask : 0;
        tape.emit("averageGradient", { dx, dy, mask: own, batch, timesteps, channels });
        return [dx];
      }
      const dx = tape.zeros(x.shape);
      // Masked steps repeat an output: TensorFlow shares the gradient among equal maxima here, not in MaxPooling1D.
      const whole = { out: 1, size: timesteps, stride: timesteps, left: 0, average: 2 };
      tape.emit("poolGradient", { dx, dy, x, batch, timesteps, channels, ...whole });
      return [dx];
    },
  };
};
