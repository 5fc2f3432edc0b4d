import { OptionError, UnsupportedLayerError } from "../../errors.ts";
import { anyActivation, applyActivation } from "../../layers/activation.ts";
import { integers, real, text } from "../../layers/config.ts";
import { slide, windowAxes } from "../../layers/convolution/window.ts";
import { Recurrent } from "../../layers/recurrent/recurrent.ts";
import { reshaped, type Value } from "../../plan/buffer.ts";
import { binary, filled, moveAxis, slice, stack } from "../../plan/tensor-ops.ts";
import type { Rule } from "../tape.ts";
import { convolved } from "./convolutions.ts";
import { recordedStep } from "./recorded-rule.ts";

/**
 * ConvLSTM1D and 2D, step by step: z = x ∗ W + h ∗ U + b, then the LSTM's gates i, f, c, o.
 *
 * x [batch, timesteps, …spatial, channels], or channels first.
 */
export const convLstmRule: Rule = (tape, layer, inputs, call) => {
  if (!(layer instanceof Recurrent)) throw new TypeError(`${layer} is no ConvLSTM`);
  const { config, profile } = layer;
  const refuse = (why: string): never => {
    throw new UnsupportedLayerError(`${layer}: ${why} cannot be trained here.`);
  };
  if (inputs[0]!.mask || call.mask) refuse("a mask");
  if (layer.stateful) refuse("stateful");
  const drops = real(layer, config, "dropout", 0) > 0 || real(layer, config, "recurrentDropout", 0) > 0;
  if (tape.training && drops) refuse("dropout inside it");
  const { p } = tape;
  const rank = Number(layer.className.at(-2));
  const filters = integers(layer, config, "filters")[0]!;
  const padding = text(layer, config, "padding", "valid", ["valid", "same"]);
  const isFirst = config["dataFormat"] === "channels_first";
  const act = anyActivation(layer, config, "activation", profile, "tanh");
  const gate = anyActivation(layer, config, "recurrentActivation", profile, profile.convLstmRecurrentActivation);
  const names = layer.weight("bias") ? ["kernel", "recurrentKernel", "bias"] : ["kernel", "recurrentKernel"];
  const initial = call.initialState ?? [];
  const all = [...inputs, ...initial];
  return recordedStep(tape, layer, all, names, (weight) => {
    const x = isFirst ? moveAxis(p, inputs[0]!, 2, -1) : inputs[0]!;
    const [batch, timesteps, ...step] = x.shape as [number, number, ...number[]];
    if (step.length !== rank + 1) throw new OptionError(`${layer} takes steps of ${rank} axes and channels.`);
    const windows = windowAxes(layer, rank).map((axis, i) => slide(layer, padding, step[i]!, axis));
    const picture = windows.map(({ count }) => count);
    const inner = windows.map(({ kernel, count }) => slide(layer, "same", count, { kernel, stride: 1, dilation: 1 }));
    const ofX = convolved(p, reshaped(x, [batch * timesteps, ...step]), weight("kernel"), windows);
    const biased = names.includes("bias") ? binary(p, "add", ofX, weight("bias")) : ofX;
    const z = reshaped(biased, [batch, timesteps, ...picture, 4 * filters]);
    const zero = () => filled(p, [batch, ...picture, filters], 0);
    let [h, c] =
      initial.length > 0 ? initial.map((state) => (isFirst ? moveAxis(p, state, 1, -1) : state)) : [zero(), zero()];
    const outputs: Value[] = [];
    for (let n = 0; n < timesteps; n++) {
      const t = layer.goBackwards ? timesteps - 1 - n : n;
      const own = reshaped(slice(p, z, 1, t, 1), [batch, ...picture, 4 * filters]);
      const sum = binary(p, "add", own, convolved(p, h!, weight("recurrentKernel"), inner));
      const part = (i: number) => slice(p, sum, -1, i * filters, filters);
      const [input, forget, output] = [0, 1, 3].map((i) => applyActivation(p, part(i), gate)) as [Value, Value, Value];
      const candidate = applyActivation(p, part(2), act);
      c = binary(p, "add", binary(p, "multiply", forget, c!), binary(p, "multiply", input, candidate));
      h = binary(p, "multiply", output, applyActivation(p, c, act));
      outputs.push(h);
    }
    const back = (value: Value, axis: number) => (isFirst ? moveAxis(p, value, -1, axis) : value);
    const y = layer.returnSequences ? back(stack(p, outputs, 1), 2) : back(h!, 1);
    return layer.returnState ? [y, back(h!, 1), back(c!, 1)] : [y];
  });
};
