import { ACTIVATION_CODES } from "../engine/activation-codes.ts";
import type { Value } from "../plan/buffer.ts";
import { withMask } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { sizeOf } from "../tensor.ts";
import { type Activation, activation, VECTOR_ACTIVATIONS, type VectorActivation } from "./config.ts";
import type { LayerConfig, LayerSpec } from "./layer.ts";
import type { Profile } from "./profile.ts";

/** An elementwise activation, or the name of one that looks at a whole row. */
export type AnyActivation = Activation | VectorActivation;

/** The activation of a layer that may also have softmax and its like. */
export function anyActivation(
  owner: Pick<LayerSpec, "className" | "name">,
  config: LayerConfig,
  key: string,
  profile: Profile,
  fallback?: string,
): AnyActivation {
  const name = config[key] === undefined ? fallback : config[key];
  const vector = VECTOR_ACTIVATIONS.find((known) => known === name);
  return vector ?? activation(owner, config, key, profile, fallback);
}

/**
 * The code that a kernel's epilogue can apply, or undefined if the activation needs a pass of its own: it looks at a
 * row, or its parameters are not the defaults that the epilogue knows.
 */
export function fusedCode(chosen: AnyActivation): number | undefined {
  return typeof chosen === "string" || chosen.name === "leaky_relu" ? undefined : chosen.code;
}

/** Applies an activation to a value; the mask stays. */
export function applyActivation(p: Planner, x: Value, chosen: AnyActivation): Value {
  if (typeof chosen === "string") return withMask(applyVector(p, x, chosen), x.mask);
  if (chosen.code === ACTIVATION_CODES.linear) return x;
  const y = p.tensor(x.shape);
  const { code, alpha, beta, gamma } = chosen;
  p.emit("activationForward", { y, x, count: sizeOf(x.shape), activation: code, alpha, beta, gamma });
  return withMask(y, x.mask);
}

function applyVector(p: Planner, x: Value, name: VectorActivation): Value {
  const width = x.shape.at(-1) ?? 1;
  const rows = sizeOf(x.shape) / Math.max(width, 1);
  if (name === "softmax") {
    const y = p.tensor(x.shape);
    p.emit("softmaxForward", { y, x, rows, width });
    return y;
  }
  throw new TypeError(`no plan for the activation ${name}`);
}
