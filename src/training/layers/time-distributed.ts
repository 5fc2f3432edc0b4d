import { UnsupportedLayerError } from "../../errors.ts";
import { TimeDistributed } from "../../layers/recurrent/time-distributed.ts";
import { allLayers } from "../../model/layer-tree.ts";
import { reshaped, type Value, withMask } from "../../plan/buffer.ts";
import { slice, stack } from "../../plan/tensor-ops.ts";
import type { Rule, Step, Tape } from "../tape.ts";

/** A layer applied to each step: batch and time are one axis for it, unless it takes statistics. */
export const timeDistributedRule: Rule = (tape, layer, inputs, call) => {
  if (!(layer instanceof TimeDistributed)) throw new TypeError(`${layer} is no TimeDistributed`);
  if (layer.mixesRows) {
    throw new UnsupportedLayerError(`${layer} wraps ${layer.layer}, whose statistics of a batch are not trained here.`);
  }
  const x = inputs[0]!;
  const given = Array.isArray(call.mask) ? call.mask[0] : (call.mask as Value | null | undefined);
  const mask = given === undefined ? x.mask : (given ?? undefined);
  const inner = mask && mask.shape.length >= 2 && layer.profile.timeDistributedGivesMask ? mask : undefined;
  // Keras 3 runs the layer step by step, and each moves the averages; those before take all steps as one batch. Only
  // tf.keras calls it, so that its own activity loss counts.
  const normalises =
    tape.training && allLayers(layer.layer).some(({ className }) => className === "BatchNormalization");
  const plan = normalises && layer.profile.era === "keras3" ? stepByStep : allAtOnce;
  const step = plan(tape, layer, withMask(x, inner));
  const lead = x.shape.slice(0, 2);
  return { ...step, outputs: step.outputs.map((y) => withMask(y, layer.outputMask(tape.p, y.mask, mask, lead))) };
};

function allAtOnce(tape: Tape, { layer }: TimeDistributed, x: Value): Step {
  const [batch, timesteps] = [x.shape[0]!, x.shape[1]!];
  const flat = (value: Value) => reshaped(value, [batch * timesteps, ...value.shape.slice(2)]);
  const { era } = layer.profile;
  const repeats = era === "keras3" ? timesteps : 1;
  tape.stepsPerSample *= repeats;
  const step = tape.step(layer, [withMask(flat(x), x.mask && flat(x.mask))], {}, era === "tf-keras");
  tape.stepsPerSample /= repeats;
  return {
    outputs: step.outputs.map((y) => withMask(reshaped(y, [batch, timesteps, ...y.shape.slice(1)]), y.mask)),
    backward(gradients, wanted) {
      const [dx] = step.backward(
        gradients.map((dy) => dy && flat(dy)),
        wanted,
        [],
      );
      return [dx && reshaped(dx, x.shape)];
    },
  };
}

function stepByStep(tape: Tape, { layer }: TimeDistributed, x: Value): Step {
  const { p } = tape;
  const at = (value: Value, t: number) =>
    reshaped(slice(p, value, 1, t, 1), [value.shape[0]!, ...value.shape.slice(2)]);
  const steps = Array.from({ length: x.shape[1]! }, (_, t) =>
    tape.step(layer, [withMask(at(x, t), x.mask && at(x.mask, t))], {}, false),
  );
  const joined = (values: readonly Value[]) => stack(p, values, 1);
  return {
    outputs: steps[0]!.outputs.map((_, i) => joined(steps.map(({ outputs }) => outputs[i]!))),
    backward(gradients, wanted) {
      const backwards = steps.map(
        (step, t) =>
          step.backward(
            gradients.map((dy) => dy && at(dy, t)),
            wanted,
            [],
          )[0],
      );
      return [backwards.every((dx) => dx !== undefined) ? joined(backwards) : undefined];
    },
  };
}
