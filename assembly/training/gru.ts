import { Activation, activations, defaultAlpha, defaultBeta } from "../math/activations";
import { sigmoid } from "../math/sigmoid";
import { simd } from "../math/simd";
import { tanh } from "../math/tanh";
import { slopes } from "./activation-gradient";
import { lanes } from "./lanes";
import { stepProduct, stepProductBack } from "./step-product";

/**
 * GRU over a sequence, keeping what the way back needs.
 *
 * hs [timesteps + 1, batch, units]: hs[0] is the start, the rest out · z [timesteps, batch, 3, units]: x·W and biases in,
 * the activated z r h out · rec [timesteps, batch, units]: with resetAfter the recurrent bias of h in, h'·U + that bias
 * out; else out r ⊙ h' · panels: U gate by gate · mask bytes [timesteps, batch] or 0 · drop [3, batch, units] or 0 ·
 * scratch [batch, units].
 */
export function gruTrain(
  hs: usize,
  z: usize,
  rec: usize,
  panels: usize,
  mask: usize,
  drop: usize,
  scratch: usize,
  batch: i32,
  timesteps: i32,
  units: i32,
  activation: i32,
  recurrentActivation: i32,
  resetAfter: i32,
): void {
  const row = (<usize>units) << 2;
  const step = row * batch;
  for (let t = 0; t < timesteps; t++) {
    stepProduct(z, 3 * units, hs, panels, 0, drop, scratch, batch, units);
    stepProduct(z + row, 3 * units, hs, panels, 1, drop, scratch, batch, units);
    if (resetAfter) stepProduct(rec, units, hs, panels, 2, drop, scratch, batch, units);
    for (let b: usize = 0; <i32>b < batch; b++) {
      openGates(z + 3 * row * b, rec + row * b, hs + row * b, units, recurrentActivation, resetAfter);
    }
    if (!resetAfter) stepProduct(z + 2 * row, 3 * units, rec, panels, 2, drop, scratch, batch, units);
    for (let b = 0; b < batch; b++) {
      if (mask && !load<u8>(mask++)) memory.copy(hs + step, hs, row);
      else blend(hs + step, hs, z, rec, units, activation, resetAfter);
      hs += row;
      z += 3 * row;
      rec += row;
    }
  }
}

function openGates(z: usize, rec: usize, h: usize, units: i32, recurrentActivation: i32, resetAfter: i32): void {
  const row = (<usize>units) << 2;
  const alpha = defaultAlpha(recurrentActivation);
  const beta = defaultBeta(recurrentActivation);
  const fast = recurrentActivation === Activation.sigmoid;
  for (let left = units; left > 0; left -= 4) {
    const zv = lanes.load(z, left);
    const rv = lanes.load(z + row, left);
    lanes.store(z, fast ? sigmoid.of(zv) : activations.of(recurrentActivation, zv, alpha, beta, 0), left);
    const r = fast ? sigmoid.of(rv) : activations.of(recurrentActivation, rv, alpha, beta, 0);
    lanes.store(z + row, r, left);
    if (!resetAfter) lanes.store(rec, f32x4.mul(r, lanes.load(h, left)), left);
    z += 16;
    rec += 16;
    h += 16;
  }
}

function blend(next: usize, h: usize, z: usize, rec: usize, units: i32, activation: i32, resetAfter: i32): void {
  const row = (<usize>units) << 2;
  const alpha = defaultAlpha(activation);
  const beta = defaultBeta(activation);
  const one = f32x4.splat(1);
  for (let left = units; left > 0; left -= 4) {
    let sum = lanes.load(z + 2 * row, left);
    if (resetAfter) sum = simd.madd(lanes.load(z + row, left), lanes.load(rec, left), sum);
    const candidate = activation === Activation.tanh ? tanh.of(sum) : activations.of(activation, sum, alpha, beta, 0);
    const gate = lanes.load(z, left);
    const kept = f32x4.mul(gate, lanes.load(h, left));
    lanes.store(next, f32x4.add(kept, f32x4.mul(f32x4.sub(one, gate), candidate)), left);
    lanes.store(z + 2 * row, candidate, left);
    next += 16;
    h += 16;
    z += 16;
    rec += 16;
  }
}

/**
 * The way back: z [timesteps, batch, 3, units] gates in, their gradients out · rec as gruTrain left it; with resetAfter
 * the gradient of h'·U + bias out, else unchanged · dy [timesteps, batch, units] or 0 · dh [batch, units]: gradient of
 * the last state in, of the first out · panels: Uᵀ gate by gate · scratch [2, batch, units].
 */
export function gruTrainBack(
  z: usize,
  rec: usize,
  dy: usize,
  dh: usize,
  hs: usize,
  panels: usize,
  mask: usize,
  drop: usize,
  scratch: usize,
  batch: i32,
  timesteps: i32,
  units: i32,
  activation: i32,
  recurrentActivation: i32,
  resetAfter: i32,
): void {
  const row = (<usize>units) << 2;
  const step = row * batch;
  const reset = scratch + step;
  for (let t = timesteps - 1; t >= 0; t--) {
    const zStep = z + 3 * step * t;
    const recStep = rec + step * t;
    for (let b = 0; b < batch; b++) {
      const masked = mask !== 0 && !load<u8>(mask + <usize>(t * batch + b));
      const at = row * b;
      const d = dy ? dy + step * t + at : 0;
      closeGates(
        zStep + 3 * at,
        recStep + at,
        d,
        dh + at,
        hs + step * t + at,
        units,
        masked,
        activation,
        recurrentActivation,
        resetAfter,
      );
    }
    if (resetAfter) {
      stepProductBack(dh, recStep, units, panels, 2, drop, scratch, batch, units);
    } else {
      memory.fill(reset, 0, step);
      stepProductBack(reset, zStep + 2 * row, 3 * units, panels, 2, drop, scratch, batch, units);
      for (let b = 0; b < batch; b++) {
        const masked = mask !== 0 && !load<u8>(mask + <usize>(t * batch + b));
        const at = row * b;
        if (!masked)
          resetBack(zStep + 3 * at + row, reset + at, dh + at, hs + step * t + at, units, recurrentActivation);
      }
    }
    stepProductBack(dh, zStep, 3 * units, panels, 0, drop, scratch, batch, units);
    stepProductBack(dh, zStep + row, 3 * units, panels, 1, drop, scratch, batch, units);
  }
}

function closeGates(
  z: usize,
  rec: usize,
  dy: usize,
  dh: usize,
  h: usize,
  units: i32,
  masked: bool,
  activation: i32,
  recurrentActivation: i32,
  resetAfter: i32,
): void {
  const row = (<usize>units) << 2;
  const alpha = defaultAlpha(activation);
  const gateAlpha = defaultAlpha(recurrentActivation);
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
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
      lanes.store(rec, zero, left);
    } else {
      const gate = lanes.load(z, left);
      const r = lanes.load(z + row, left);
      const candidate = lanes.load(z + 2 * row, left);
      const slope = slopes.usual(activation, candidate, alpha);
      const dCandidate = f32x4.mul(f32x4.mul(d, f32x4.sub(one, gate)), slope);
      const dGate = f32x4.mul(d, f32x4.sub(lanes.load(h, left), candidate));
      lanes.store(z, f32x4.mul(dGate, slopes.usual(recurrentActivation, gate, gateAlpha)), left);
      lanes.store(z + 2 * row, dCandidate, left);
      if (resetAfter) {
        const dReset = f32x4.mul(dCandidate, lanes.load(rec, left));
        lanes.store(z + row, f32x4.mul(dReset, slopes.usual(recurrentActivation, r, gateAlpha)), left);
        lanes.store(rec, f32x4.mul(dCandidate, r), left);
      }
      lanes.store(dh, f32x4.mul(d, gate), left);
    }
    z += 16;
    rec += 16;
    dh += 16;
    h += 16;
  }
}

/** Reset before: `reset` holds the gradient of r ⊙ h'; r (gate in, its gradient out) and dh take their shares. */
function resetBack(r: usize, reset: usize, dh: usize, h: usize, units: i32, recurrentActivation: i32): void {
  const alpha = defaultAlpha(recurrentActivation);
  for (let left = units; left > 0; left -= 4) {
    const gate = lanes.load(r, left);
    const d = lanes.load(reset, left);
    lanes.store(dh, f32x4.add(lanes.load(dh, left), f32x4.mul(d, gate)), left);
    const slope = slopes.usual(recurrentActivation, gate, alpha);
    lanes.store(r, f32x4.mul(f32x4.mul(d, lanes.load(h, left)), slope), left);
    r += 16;
    reset += 16;
    dh += 16;
    h += 16;
  }
}
