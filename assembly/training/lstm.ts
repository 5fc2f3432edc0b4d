import { Activation, activations, defaultAlpha, defaultBeta } from "../math/activations";
import { sigmoid } from "../math/sigmoid";
import { simd } from "../math/simd";
import { tanh } from "../math/tanh";
import { slopes } from "./activation-gradient";
import { spreadHomes } from "./homes";
import { lanes } from "./lanes";
import { product } from "./product";
import { stepProduct, stepProductBack } from "./step-product";

/**
 * LSTM over a sequence, keeping what the way back needs.
 *
 * hs, cs [timesteps + 1, batch, units]: the first is the start, the rest out · acts [timesteps, batch, units] out:
 * activated cells · z [timesteps, batch, 4, units]: x·W + b in, the activated gates i f c o out · homes: 0, or where z's row
 * [t, b] lies at first: at the step homes[slots[t, b]], i32 by strides in elements; they are copied a step at a time, right
 * before they are read · fromZeros: 1 if the start is zeros · panels: U, with drop gate by gate · mask bytes [timesteps, batch] or 0 · drop [4, batch, units] or 0 ·
 * scratch [batch, units].
 */
export function lstmTrain(
  hs: usize,
  cs: usize,
  acts: usize,
  z: usize,
  homes: usize,
  slots: usize,
  slotOuter: i32,
  slotInner: i32,
  fromZeros: i32,
  panels: usize,
  mask: usize,
  drop: usize,
  scratch: usize,
  batch: i32,
  timesteps: i32,
  units: i32,
  activation: i32,
  recurrentActivation: i32,
): void {
  const row = (<usize>units) << 2;
  const step = row * batch;
  const first = z;
  for (let t = 0; t < timesteps; t++) {
    if (homes) {
      spreadHomes(first, homes, slots, 0, slotInner, t * batch, 1, batch, 4 * units);
      slots += (<usize>slotOuter) << 2;
    }
    if (t > 0 || !fromZeros) {
      if (drop) {
        for (let gate = 0; gate < 4; gate++) {
          stepProduct(z + row * gate, 4 * units, hs, panels, gate, drop, scratch, batch, units);
        }
      } else product(z, 4 * units, z, 4 * units, hs, units, panels, batch, units, 4 * units);
    }
    for (let b = 0; b < batch; b++) {
      if (mask && !load<u8>(mask++)) {
        memory.copy(hs + step, hs, row);
        memory.copy(cs + step, cs, row);
        memory.fill(acts, 0, row);
      } else {
        gates(hs + step, cs + step, acts, cs, z, units, activation, recurrentActivation);
      }
      hs += row;
      cs += row;
      acts += row;
      z += row << 2;
    }
  }
}

function gates(
  h: usize,
  c: usize,
  act: usize,
  previous: usize,
  z: usize,
  units: i32,
  activation: i32,
  recurrentActivation: i32,
): void {
  if (activation === Activation.tanh && recurrentActivation === Activation.sigmoid) {
    usualGates(h, c, act, previous, z, units);
    return;
  }
  const row = (<usize>units) << 2;
  const alpha = defaultAlpha(activation);
  const beta = defaultBeta(activation);
  const gateAlpha = defaultAlpha(recurrentActivation);
  const gateBeta = defaultBeta(recurrentActivation);
  for (let left = units; left > 0; left -= 4) {
    const i = activations.of(recurrentActivation, lanes.load(z, left), gateAlpha, gateBeta, 0);
    const f = activations.of(recurrentActivation, lanes.load(z + row, left), gateAlpha, gateBeta, 0);
    const g = activations.of(activation, lanes.load(z + 2 * row, left), alpha, beta, 0);
    const o = activations.of(recurrentActivation, lanes.load(z + 3 * row, left), gateAlpha, gateBeta, 0);
    const cell = simd.madd(f, lanes.load(previous, left), f32x4.mul(i, g));
    const active = activations.of(activation, cell, alpha, beta, 0);
    lanes.store(z, i, left);
    lanes.store(z + row, f, left);
    lanes.store(z + 2 * row, g, left);
    lanes.store(z + 3 * row, o, left);
    lanes.store(c, cell, left);
    lanes.store(act, active, left);
    lanes.store(h, f32x4.mul(o, active), left);
    z += 16;
    c += 16;
    act += 16;
    h += 16;
    previous += 16;
  }
}

/**
 * tanh and sigmoid, in passes that each do little: the instructions of several vectors then fit into the processor's
 * window, and none waits for another's result.
 */
function usualGates(h: usize, c: usize, act: usize, previous: usize, z: usize, units: i32): void {
  const row = (<usize>units) << 2;
  const whole = row & ~15;
  const f = z + row;
  const g = f + row;
  const o = g + row;
  for (let at: usize = 0; at < whole; at += 16) sigmoid.three(z + at, f + at, o + at);
  tanh.vectors(g, g, 16, whole);
  for (let at: usize = 0; at < whole; at += 16) {
    const kept = f32x4.mul(v128.load(z + at), v128.load(g + at));
    v128.store(c + at, simd.madd(v128.load(f + at), v128.load(previous + at), kept));
  }
  tanh.vectors(act, c, 16, whole);
  for (let at: usize = 0; at < whole; at += 16) {
    v128.store(h + at, f32x4.mul(v128.load(o + at), v128.load(act + at)));
  }
  if (whole < row) lastGates(h + whole, c + whole, act + whole, previous + whole, z + whole, row, units & 3);
}

/** The same for the last one to three units. */
function lastGates(h: usize, c: usize, act: usize, previous: usize, z: usize, row: usize, left: i32): void {
  const i = sigmoid.of(lanes.load(z, left));
  const f = sigmoid.of(lanes.load(z + row, left));
  const g = tanh.of(lanes.load(z + 2 * row, left));
  const o = sigmoid.of(lanes.load(z + 3 * row, left));
  const cell = simd.madd(f, lanes.load(previous, left), f32x4.mul(i, g));
  const active = tanh.of(cell);
  lanes.store(z, i, left);
  lanes.store(z + row, f, left);
  lanes.store(z + 2 * row, g, left);
  lanes.store(z + 3 * row, o, left);
  lanes.store(c, cell, left);
  lanes.store(act, active, left);
  lanes.store(h, f32x4.mul(o, active), left);
}

/**
 * The way back: z [timesteps, batch, 4, units] holds the gates in and their gradients out · dy [timesteps, batch, units]
 * or 0 · dh, dc [batch, units]: gradients of the last states in, of the first out, dh's only with wantsFirst · panels:
 * Uᵀ [4 · units, units], with drop gate by gate.
 */
export function lstmTrainBack(
  z: usize,
  dy: usize,
  dh: usize,
  dc: usize,
  cs: usize,
  acts: usize,
  panels: usize,
  mask: usize,
  drop: usize,
  scratch: usize,
  wantsFirst: i32,
  batch: i32,
  timesteps: i32,
  units: i32,
  activation: i32,
  recurrentActivation: i32,
): void {
  const row = (<usize>units) << 2;
  const step = row * batch;
  for (let t = timesteps - 1; t >= 0; t--) {
    for (let b = 0; b < batch; b++) {
      const masked = mask !== 0 && !load<u8>(mask + <usize>(t * batch + b));
      const at = step * t + row * b;
      gatesBack(
        z + (at << 2),
        dy ? dy + at : 0,
        dh + row * b,
        dc + row * b,
        cs + at,
        acts + at,
        units,
        masked,
        activation,
        recurrentActivation,
      );
    }
    if (t === 0 && !wantsFirst) return;
    const dz = z + ((step * t) << 2);
    if (!drop) {
      product(dh, units, dh, units, dz, 4 * units, panels, batch, 4 * units, units);
      continue;
    }
    for (let gate = 0; gate < 4; gate++) {
      stepProductBack(dh, dz + row * gate, 4 * units, panels, gate, drop, scratch, batch, units);
    }
  }
}

function gatesBack(
  z: usize,
  dy: usize,
  dh: usize,
  dc: usize,
  previous: usize,
  act: usize,
  units: i32,
  masked: bool,
  activation: i32,
  recurrentActivation: i32,
): void {
  if (!masked && activation === Activation.tanh && recurrentActivation === Activation.sigmoid) {
    usualGatesBack(z, dy, dh, dc, previous, act, units);
    return;
  }
  const row = (<usize>units) << 2;
  const alpha = defaultAlpha(activation);
  const gateAlpha = defaultAlpha(recurrentActivation);
  const zero = f32x4.splat(0);
  for (let left = units; left > 0; left -= 4) {
    let d = lanes.load(dh, left);
    if (dy) {
      d = f32x4.add(d, lanes.load(dy, left));
      dy += 16;
    }
    if (masked) {
      lanes.store(dh, d, left);
      lanes.store(z, zero, left);
      lanes.store(z + row, zero, left);
      lanes.store(z + 2 * row, zero, left);
      lanes.store(z + 3 * row, zero, left);
    } else {
      const i = lanes.load(z, left);
      const f = lanes.load(z + row, left);
      const g = lanes.load(z + 2 * row, left);
      const o = lanes.load(z + 3 * row, left);
      const a = lanes.load(act, left);
      const dOut = f32x4.mul(f32x4.mul(d, a), slopes.ofOutput(recurrentActivation, o, gateAlpha));
      const cell = f32x4.add(lanes.load(dc, left), f32x4.mul(f32x4.mul(d, o), slopes.ofOutput(activation, a, alpha)));
      lanes.store(z, f32x4.mul(f32x4.mul(cell, g), slopes.ofOutput(recurrentActivation, i, gateAlpha)), left);
      const dForget = f32x4.mul(cell, lanes.load(previous, left));
      lanes.store(z + row, f32x4.mul(dForget, slopes.ofOutput(recurrentActivation, f, gateAlpha)), left);
      lanes.store(z + 2 * row, f32x4.mul(f32x4.mul(cell, i), slopes.ofOutput(activation, g, alpha)), left);
      lanes.store(z + 3 * row, dOut, left);
      lanes.store(dc, f32x4.mul(cell, f), left);
      lanes.store(dh, zero, left);
    }
    z += 16;
    dh += 16;
    dc += 16;
    previous += 16;
    act += 16;
  }
}

/** tanh and sigmoid, no mask. */
function usualGatesBack(z: usize, dy: usize, dh: usize, dc: usize, previous: usize, act: usize, units: i32): void {
  const row = (<usize>units) << 2;
  const whole = row & ~15;
  let at: usize = 0;
  for (; at < whole; at += 16) usual.back(z + at, row, dy ? dy + at : 0, dh + at, dc + at, previous + at, act + at, 4);
  const left = units & 3;
  if (left) usual.back(z + at, row, dy ? dy + at : 0, dh + at, dc + at, previous + at, act + at, left);
}

class usual {
  /** Four units, or the last `left`; gates are `row` bytes apart. */
  @inline
  static back(z: usize, row: usize, dy: usize, dh: usize, dc: usize, previous: usize, act: usize, left: i32): void {
    const one = f32x4.splat(1);
    let d = lanes.load(dh, left);
    if (dy) d = f32x4.add(d, lanes.load(dy, left));
    const i = lanes.load(z, left);
    const f = lanes.load(z + row, left);
    const g = lanes.load(z + 2 * row, left);
    const o = lanes.load(z + 3 * row, left);
    const a = lanes.load(act, left);
    const cell = f32x4.add(lanes.load(dc, left), f32x4.mul(f32x4.mul(d, o), f32x4.sub(one, f32x4.mul(a, a))));
    const dForget = f32x4.mul(cell, lanes.load(previous, left));
    lanes.store(z, f32x4.mul(f32x4.mul(cell, g), f32x4.mul(i, f32x4.sub(one, i))), left);
    lanes.store(z + row, f32x4.mul(dForget, f32x4.mul(f, f32x4.sub(one, f))), left);
    lanes.store(z + 2 * row, f32x4.mul(f32x4.mul(cell, i), f32x4.sub(one, f32x4.mul(g, g))), left);
    lanes.store(z + 3 * row, f32x4.mul(f32x4.mul(d, a), f32x4.mul(o, f32x4.sub(one, o))), left);
    lanes.store(dc, f32x4.mul(cell, f), left);
    lanes.store(dh, f32x4.splat(0), left);
  }
}
