import { ACTIVATION_CODES } from "../engine/activation-codes.ts";
import type { Value } from "../plan/buffer.ts";
import { withMask } from "../plan/buffer.ts";
import type { Planner } from "../plan/planner.ts";
import { binary, logSoftmax, slice, softmax, unary } from "../plan/tensor-ops.ts";
import { sizeOf } from "../tensor.ts";
import {
  type Activation,
  activation,
  hasDefaultParameters,
  VECTOR_ACTIVATIONS,
  type VectorActivation,
} from "./config.ts";
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
  return typeof chosen === "string" || !hasDefaultParameters(chosen) ? undefined : chosen.code;
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
  switch (name) {
    case "softmax":
      return softmax(p, x);
    case "log_softmax":
      return logSoftmax(p, x, [-1]);
    case "glu":
      return glu(p, x, -1);
    case "sparsemax":
      return sparsemax(p, x);
  }
}

/** a · sigmoid(b) of the two halves of an axis. */
export function glu(p: Planner, x: Value, axis: number): Value {
  const half = x.shape.at(axis)! / 2;
  return binary(p, "multiply", slice(p, x, axis, 0, half), unary(p, "sigmoid", slice(p, x, axis, half, half)));
}

/**
 * Sparsemax as Keras computes it, row by row: its threshold sums the running sums of the whole support, not the last
 * one alone, so that it is not the nearest point of the simplex. It sorts, so it is a step in JavaScript.
 */
function sparsemax(p: Planner, x: Value): Value {
  const width = x.shape.at(-1)!;
  const count = sizeOf(x.shape);
  const y = p.tensor(x.shape);
  p.host([y, x], ({ f32 }, [to, from]) => {
    for (let row = 0; row < count; row += width) {
      const values = f32.subarray(from! / 4 + row, from! / 4 + row + width);
      const sorted = Float32Array.from(values).sort().reverse();
      let running = 0;
      let sum = 0;
      let support = 0;
      for (const [k, value] of sorted.entries()) {
        running = Math.fround(running + value);
        if (Math.fround(value - Math.fround(Math.fround(running - 1) / (k + 1))) <= 0) continue;
        sum = Math.fround(sum + running);
        support++;
      }
      const threshold = Math.fround(Math.fround(sum - 1) / support);
      for (let i = 0; i < width; i++) f32[to! / 4 + row + i] = Math.max(values[i]! - threshold, 0);
    }
  });
  return y;
}
