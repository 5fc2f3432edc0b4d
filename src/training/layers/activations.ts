import { ACTIVATION_CODES } from "../../engine/activation-codes.ts";
import { UnsupportedLayerError } from "../../errors.ts";
import { type AnyActivation, anyActivation, applyActivation } from "../../layers/activation.ts";
import type { Activation } from "../../layers/config.ts";
import type { Layer } from "../../layers/layer.ts";
import type { Value } from "../../plan/buffer.ts";
import { sizeOf } from "../../tensor.ts";
import { recordedRule } from "../recorded/recorded-rule.ts";
import { SLOPE_OF_INPUT, SLOPE_OF_OUTPUT } from "../slopes.ts";
import type { Logits, Rule, Tape } from "../tape.ts";

/** An activation on the tape. */
export interface ActivationPass {
  readonly y: Value;
  readonly logits: Logits | undefined;
  /** Turns the gradient of y, and one of the logits, into that of the input. */
  backward(dy: Value | undefined, ofLogits: Value | undefined): Value | undefined;
}

/** Applies an activation. @throws {UnsupportedLayerError} If it has no gradient here. */
export function activationPass(tape: Tape, owner: Layer, x: Value, chosen: AnyActivation): ActivationPass {
  const y = applyActivation(tape.p, x, chosen);
  if (typeof chosen !== "string" && chosen.code === ACTIVATION_CODES.linear) {
    return { y, logits: undefined, backward: (dy, ofLogits) => joined(tape, dy, ofLogits) };
  }
  const gradient = gradientOf(tape, owner, x, y, chosen);
  const by =
    chosen === "softmax" ? "softmax" : typeof chosen !== "string" && chosen.name === "sigmoid" ? "sigmoid" : undefined;
  return {
    y,
    logits: by && { value: x, by },
    backward: (dy, ofLogits) => joined(tape, dy && gradient(dy), ofLogits),
  };
}

/** The sum of two gradients that may be missing. */
export function joined(tape: Tape, a: Value | undefined, b: Value | undefined): Value | undefined {
  return a && b ? tape.add(a, b) : (a ?? b);
}

function gradientOf(tape: Tape, owner: Layer, x: Value, y: Value, chosen: AnyActivation): (dy: Value) => Value {
  const count = sizeOf(x.shape);
  if (chosen === "softmax" || chosen === "log_softmax") {
    const width = x.shape.at(-1)!;
    const shape = { rows: count / width, width, isLog: Number(chosen === "log_softmax") };
    return (dy) => written(tape, x, (dx) => tape.emit("softmaxGradient", { dx, dy, y, ...shape }));
  }
  if (typeof chosen !== "string") {
    const { code, alpha, beta, gamma } = asRelu(chosen);
    if (SLOPE_OF_OUTPUT.has(code)) {
      return (dy) => written(tape, x, (dx) => tape.emit("activationGradient", { dx, dy, y, count, code, alpha }));
    }
    if (SLOPE_OF_INPUT.has(code)) {
      return (dy) =>
        written(tape, x, (dx) =>
          tape.emit("activationGradientOfInput", { dx, dy, x, count, code, alpha, beta, gamma }),
        );
    }
  }
  const name = typeof chosen === "string" ? chosen : chosen.name;
  throw new UnsupportedLayerError(`${owner}: the activation ${name} has no gradient here. It can only predict.`);
}

/** Keras 3's leaky_relu as the relu that it is. */
function asRelu(chosen: Activation): Activation {
  if (chosen.code !== ACTIVATION_CODES.leakyRelu02) return chosen;
  return { ...chosen, code: ACTIVATION_CODES.relu, alpha: 0.2, beta: Number.POSITIVE_INFINITY };
}

function written(tape: Tape, like: Value, write: (dx: Value) => void): Value {
  const dx = tape.tensor(like.shape);
  write(dx);
  return dx;
}

/** What a layer that is nothing but an activation applies. */
function activationOf(layer: Layer): AnyActivation {
  const { config } = layer;
  const number = (keys: readonly string[], fallback: number): number => {
    const value = keys.map((key) => config[key]).find((found) => found !== undefined && found !== null);
    return typeof value === "number" ? value : fallback;
  };
  const of = (name: keyof typeof ACTIVATION_CODES, alpha: number, beta = 0, gamma = 0): AnyActivation => ({
    name,
    code: ACTIVATION_CODES[name],
    alpha,
    beta,
    gamma,
  });
  const infinity = Number.POSITIVE_INFINITY;
  switch (layer.className) {
    case "ReLU":
      return of("relu", number(["negativeSlope"], 0), number(["maxValue"], infinity), number(["threshold"], 0));
    case "LeakyReLU":
      return of("relu", number(["negativeSlope", "alpha"], 0.3), infinity);
    case "ELU":
      return of("elu", number(["alpha"], 1));
    case "ThresholdedReLU":
      return of("threshold", number(["theta"], 1));
    case "Softmax":
      return "softmax";
    default:
      return anyActivation(layer, config, "activation", layer.profile, "linear");
  }
}

/** Layers that are nothing but an activation. */
export const activationRule: Rule = (tape, layer, inputs, call) => {
  if (layer.className === "Softmax") {
    const { shape, mask } = inputs[0]!;
    const axis = layer.config["axis"] ?? -1;
    const isLast = axis === -1 || axis === shape.length - 1;
    const isMasked = call.mask || mask?.shape.length === shape.length;
    if (!isLast || isMasked) return recordedRule(tape, layer, inputs, call);
  }
  const { y, logits, backward } = activationPass(tape, layer, inputs[0]!, activationOf(layer));
  return {
    outputs: [y],
    logits,
    backward: ([dy], _wanted, [ofLogits]) => [backward(dy, ofLogits)],
  };
};
