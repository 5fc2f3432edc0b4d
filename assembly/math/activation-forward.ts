import { Activation, activations, defaultAlpha, defaultBeta } from "./activations";
import { sigmoid } from "./sigmoid";
import { simd } from "./simd";
import { tanh } from "./tanh";

/**
 * y = f(x) element by element.
 *
 * y, x [count]; y may be x. `alpha`, `beta`, `gamma` are the function's parameters (see the table of codes).
 * Reference: test/reference/activations.ts
 */
export function activationForward(
  y: usize,
  x: usize,
  count: i32,
  activation: i32,
  alpha: f32,
  beta: f32,
  gamma: f32,
): void {
  const end = y + ((<usize>count >> 2) << 4);
  if (activation === Activation.tanh) {
    tanh.vectors(y, x, 16, end - y);
    x += end - y;
    y = end;
  } else if (activation === Activation.sigmoid) {
    for (; y < end; y += 16, x += 16) v128.store(y, sigmoid.of(v128.load(x)));
  } else if (activation === Activation.relu && alpha === 0 && gamma === 0 && beta === Infinity) {
    for (; y < end; y += 16, x += 16) v128.store(y, f32x4.pmax(v128.load(x), f32x4.splat(0)));
  } else {
    for (; y < end; y += 16, x += 16) v128.store(y, activations.of(activation, v128.load(x), alpha, beta, gamma));
  }
  const lanes = count & 3;
  if (lanes) simd.storeTail(y, activations.of(activation, simd.loadTail(x, lanes), alpha, beta, gamma), lanes);
}

/** The same with Keras' default parameters. */
export function activationInPlace(y: usize, count: i32, activation: i32): void {
  if (activation === Activation.linear) return;
  activationForward(y, y, count, activation, defaultAlpha(activation), defaultBeta(activation), 0);
}
