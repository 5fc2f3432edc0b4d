import { Activation, activations, defaultAlpha, defaultBeta } from "../math/activations";
import { tanh } from "../math/tanh";
import { slopes } from "./activation-gradient";
import { lanes } from "./lanes";
import { stepProduct, stepProductBack } from "./step-product";

/**
 * SimpleRNN over a sequence, keeping what the way back needs.
 *
 * hs [timesteps + 1, batch, units]: hs[0] is the start, the rest out · z [timesteps, batch, units] holds x·W + b ·
 * panels: U, packed by packProduct · mask bytes [timesteps, batch] or 0 · drop [batch, units] or 0 ·
 * scratch [batch, units].
 */
export function simpleRnnTrain(
  hs: usize,
  z: usize,
  panels: usize,
  mask: usize,
  drop: usize,
  scratch: usize,
  batch: i32,
  timesteps: i32,
  units: i32,
  activation: i32,
): void {
  const alpha = defaultAlpha(activation);
  const beta = defaultBeta(activation);
  const row = (<usize>units) << 2;
  for (let t = 0; t < timesteps; t++) {
    stepProduct(z, units, hs, panels, 0, drop, scratch, batch, units);
    let next = hs + row * batch;
    for (let b = 0; b < batch; b++) {
      if (mask && !load<u8>(mask++)) {
        memory.copy(next, hs, row);
        next += row;
        hs += row;
        z += row;
        continue;
      }
      let at: usize = 0;
      for (let left = units; left > 0; left -= 4) {
        const sum = lanes.load(z + at, left);
        const y = activation === Activation.tanh ? tanh.of(sum) : activations.of(activation, sum, alpha, beta, 0);
        lanes.store(next + at, y, left);
        at += 16;
      }
      next += row;
      hs += row;
      z += row;
    }
  }
}

/**
 * The way back: dz [timesteps, batch, units] out · dy [timesteps, batch, units] or 0 · dh [batch, units]: gradient of
 * the last state in, of the first out · panels: Uᵀ.
 */
export function simpleRnnTrainBack(
  dz: usize,
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
): void {
  const alpha = defaultAlpha(activation);
  const row = (<usize>units) << 2;
  const step = row * batch;
  for (let t = timesteps - 1; t >= 0; t--) {
    for (let b = 0; b < batch; b++) {
      const masked = mask && !load<u8>(mask + <usize>(t * batch + b));
      const at = step * t + row * b;
      const state = dh + row * b;
      let i: usize = 0;
      for (let left = units; left > 0; left -= 4) {
        let d = lanes.load(state + i, left);
        if (dy) d = f32x4.add(d, lanes.load(dy + at + i, left));
        if (masked) {
          lanes.store(state + i, d, left);
          lanes.store(dz + at + i, f32x4.splat(0), left);
        } else {
          const h = lanes.load(hs + step + at + i, left);
          lanes.store(dz + at + i, f32x4.mul(d, slopes.usual(activation, h, alpha)), left);
          lanes.store(state + i, f32x4.splat(0), left);
        }
        i += 16;
      }
    }
    stepProductBack(dh, dz + step * t, units, panels, 0, drop, scratch, batch, units);
  }
}
