import { UnsupportedLayerError } from "../../errors.ts";
import { integers, real } from "../../layers/config.ts";
import { BatchNormalization } from "../../layers/normalization.ts";
import { Normalization } from "../../layers/scaling.ts";
import { type Value, withMask } from "../../plan/buffer.ts";
import { axisOf, binary, moveAxis } from "../../plan/tensor-ops.ts";
import { sizeOf } from "../../tensor.ts";
import { layerNormOfAxes } from "../recorded/normalizations.ts";
import type { Rule } from "../tape.ts";

/** Normalises the last axis of each row. */
export const layerNormRule: Rule = (tape, layer, inputs, call) => {
  const x = inputs[0]!;
  const axes = integers(layer, layer.config, "axis", [-1]);
  const isLast = axes.length === 1 && (axes[0] === -1 || axes[0] === x.shape.length - 1);
  if (!isLast || layer.config["rmsScaling"] === true) return layerNormOfAxes(tape, layer, inputs, call);
  const width = x.shape.at(-1)!;
  const rows = sizeOf(x.shape) / width;
  const [gamma, beta] = [tape.weight(layer, "gamma"), tape.weight(layer, "beta")];
  const y = tape.tensor(x.shape);
  const hat = tape.tensor(x.shape);
  const inverse = tape.tensor([rows]);
  const epsilon = real(layer, layer.config, "epsilon", 1e-3);
  const common = { hat, inverse, gamma: gamma ?? 0, rows, width };
  tape.emit("layerNorm", { ...common, y, x, beta: beta ?? 0, epsilon });
  return {
    outputs: [withMask(y, x.mask)],
    backward([dy]) {
      if (!dy) return [undefined];
      const dx = tape.tensor(x.shape);
      const dGamma = (gamma && tape.addingSink(layer, "gamma")) ?? 0;
      const dBeta = (beta && tape.addingSink(layer, "beta")) ?? 0;
      tape.emit("layerNormGradient", { ...common, dx, dy, dGamma, dBeta });
      return [dx];
    },
  };
};

/**
 * Batch statistics, which also move the averages; the moving ones where the layer is frozen or while evaluating.
 * Masked steps are left out of the statistics.
 */
export const batchNormRule: Rule = (tape, layer, inputs) => {
  if (!(layer instanceof BatchNormalization)) throw new TypeError(`${layer} is no BatchNormalization`);
  const [given] = inputs as [Value];
  const isLast = axisOf(layer.axis, given.shape.length) === given.shape.length - 1;
  if (layer.mode !== 0 || layer.profile.batchNormDeviation) {
    throw new UnsupportedLayerError(`${layer} trains in mode 0 only, from Keras 1.0.6 on.`);
  }
  if (!isLast && given.mask && layer.profile.era === "keras3") {
    throw new UnsupportedLayerError(`${layer} cannot be trained here with a mask over another axis than the last one.`);
  }
  const x = { ...moveAxis(tape.p, given, layer.axis, -1), mask: given.mask };
  const width = x.shape.at(-1)!;
  const rows = sizeOf(x.shape) / width;
  const [gamma, beta] = [tape.weight(layer, "gamma"), tape.weight(layer, "beta")];
  const usesMask = layer.profile.era === "keras3" && x.mask && sizeOf(x.mask.shape) === rows;
  const mask = usesMask ? x.mask! : 0;
  const useMoving = Number(!tape.training || !layer.trainable);
  const y = tape.tensor(x.shape);
  const hat = tape.tensor(x.shape);
  const inverse = tape.tensor([width]);
  const common = { hat, inverse, gamma: gamma ?? 0, mask, rows, width, useMoving };
  tape.emit("batchNorm", {
    ...common,
    y,
    x,
    beta: beta ?? 0,
    movingMean: tape.needWeight(layer, "movingMean"),
    movingVariance: tape.needWeight(layer, "movingVariance"),
    epsilon: layer.epsilon,
    momentum: real(layer, layer.config, "momentum", 0.99),
    spread: varianceFactor(layer, given.shape.length, isLast, rows),
  });
  return {
    outputs: [withMask(moveAxis(tape.p, y, -1, layer.axis), x.mask)],
    backward([given]) {
      if (!given) return [undefined];
      const dy = moveAxis(tape.p, given, layer.axis, -1);
      const dx = tape.tensor(x.shape);
      const dGamma = (gamma && tape.addingSink(layer, "gamma")) ?? 0;
      const dBeta = (beta && tape.addingSink(layer, "beta")) ?? 0;
      tape.emit("batchNormGradient", { ...common, dx, dy, dGamma, dBeta });
      return [moveAxis(tape.p, dx, -1, layer.axis)];
    },
  };
};

/**
 * The variance of a sample of n over that of the batch, where that moves the average: TensorFlow's kernel for images gives
 * it, and Keras 2 from 2.1.4 on, which multiplies by n / (n − 1 − ε) in any case.
 */
function varianceFactor({ profile, epsilon }: BatchNormalization, rank: number, isLast: boolean, n: number): number {
  const { movingVariance, padding } = profile;
  const ofImages = n / Math.max(n - 1, 1);
  if (movingVariance === "sampleOfImages") return rank === 4 || rank === 5 ? ofImages : 1;
  if (movingVariance === "batch") return 1;
  const isKernels = rank === 4 && isLast && padding === "tensorflow";
  return (n / (n - 1 - epsilon)) * (isKernels ? ofImages : 1);
}

/** A fixed shift and scale: its mean and variance are not trained. */
export const fixedNormalizationRule: Rule = (tape, layer, inputs) => {
  if (!(layer instanceof Normalization)) throw new TypeError(`${layer} is no Normalization`);
  const x = inputs[0]!;
  return {
    outputs: layer.plan(tape.p, inputs),
    backward([dy], wanted) {
      if (!dy || !wanted) return [undefined];
      const { deviation } = layer.moments(tape.p, x);
      return [binary(tape.p, layer.inverted ? "multiply" : "divide", dy, deviation)];
    },
  };
};
