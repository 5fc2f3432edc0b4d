import { Activation, activations, defaultAlpha, defaultBeta } from "../math/activations";
import { sigmoid } from "../math/sigmoid";
import { simd } from "../math/simd";
import { tanh } from "../math/tanh";
import { multiply, secondMatrix } from "../matrix/multiply";
import { padded } from "../matrix/pack";
import { blockSteps, scratchOf } from "./scratch";
import {
  busySteps,
  gatherProduct,
  loadState,
  packRows,
  projectBlock,
  rowsToRun,
  storeState,
  unpackRows,
  writeOutput,
  writeZeros,
} from "./sequence";

/**
 * GRU over a whole sequence, in both forms.
 *
 *   z, r = ra(x·W + b + h'·U [+ recurrent b])    h = z·h' + (1 − z)·ĥ
 *   resetAfter 1: ĥ = act(x·Wₕ + bₕ + r·(h'·Uₕ + recurrent bₕ))    resetAfter 0: ĥ = act(x·Wₕ + bₕ + (r·h')·Uₕ)
 *
 * Arguments as lstmForward's (cells/lstm-forward.ts); kernel, recurrentKernel, bias, recurrentBias packed as three
 * gates z r h. Where resetAfter is 1, bias has the recurrent one added in z and r, and recurrentBias (0 for none) is
 * read for the candidate only.
 * Reference: test/reference/gru.ts
 */
export function gruForward(
  y: usize,
  yBatchStride: i32,
  yTimeStride: i32,
  hOut: usize,
  hIn: usize,
  x: usize,
  xBatchStride: i32,
  xTimeStride: i32,
  xIndex: usize,
  xIndexBatchStride: i32,
  xIndexTimeStride: i32,
  mask: usize,
  maskBatchStride: i32,
  maskTimeStride: i32,
  kernel: usize,
  recurrentKernel: usize,
  bias: usize,
  recurrentBias: usize,
  scratch: usize,
  batch: i32,
  timesteps: i32,
  features: i32,
  units: i32,
  activation: i32,
  recurrentActivation: i32,
  resetAfter: i32,
  returnSequences: i32,
  zeroOutputForMask: i32,
  firstMaskedOutput: i32,
): void {
  const row = (<usize>padded(units)) << 2;
  const zRow = row * 3;
  const groups = padded(units) >> 2;
  const candidateKernel = secondMatrix(recurrentKernel, units, units);
  const state = scratchOf.state(batch, units);
  let h = scratch;
  let next = h + state;
  const side = next + state;
  const packed = side + state;
  const seen = scratch + scratchOf.seen(batch, units);
  const block = scratch + scratchOf.product(batch, units);
  const candidateBias = recurrentBias ? recurrentBias + row * 2 : 0;
  loadState(h, hIn, batch, units);
  if (mask) memory.fill(seen, 0, batch);
  const blockLength = xIndex ? 1 : blockSteps(batch, timesteps, features, units, 3);
  for (let first = 0, steps = 0; first < timesteps; first += steps) {
    const busy = busySteps(mask, maskBatchStride, maskTimeStride, batch, min(blockLength, timesteps - first));
    steps = max(busy, 1);
    if (busy && xIndex) {
      gatherProduct(block, x, xIndex, xIndexBatchStride, first * xIndexTimeStride, batch, zRow);
    } else if (busy) {
      projectBlock(block, x, xBatchStride, xTimeStride, first, kernel, bias, batch, steps, features, units, 3);
    }
    let z = block;
    for (let step = 0; step < steps; step++) {
      const rows = rowsToRun(mask, maskBatchStride, seen, batch);
      const some = rows < batch;
      if (rows) {
        let old = h;
        if (some) {
          old = packed;
          packRows(z, z, mask, maskBatchStride, batch, zRow);
          packRows(old, h, mask, maskBatchStride, batch, row);
        }
        multiply(z, zRow, z, zRow, old, row, recurrentKernel, rows, units, groups * 2, 4);
        if (resetAfter) {
          multiply(side, row, candidateBias, 0, old, row, candidateKernel, rows, units, groups, 4);
        } else {
          reset(side, old, z, rows, row, recurrentActivation);
          const candidate = z + row * 2;
          multiply(candidate, zRow, candidate, zRow, side, row, candidateKernel, rows, units, groups, 4);
        }
        gates(next, old, z, resetAfter ? side : 0, rows, row, activation, recurrentActivation);
        if (some) {
          unpackRows(h, next, mask, maskBatchStride, batch, row);
        } else {
          const previous = h;
          h = next;
          next = previous;
        }
      }
      z += zRow * batch;
      if (returnSequences || first + step === timesteps - 1) {
        const yBytes = (<usize>yBatchStride) << 2;
        writeOutput(y, yBytes, h, mask, maskBatchStride, seen, batch, units, zeroOutputForMask, firstMaskedOutput);
        y += (<usize>yTimeStride) << 2;
      }
      if (mask) mask += maskTimeStride;
    }
  }
  if (!timesteps && !returnSequences) writeZeros(y, (<usize>yBatchStride) << 2, batch, units);
  storeState(hOut, h, batch, units);
}

/** side [batch, P] = r·h with r from z [batch, 3·P]. */
function reset(side: usize, h: usize, z: usize, batch: i32, row: usize, recurrentActivation: i32): void {
  const alpha = defaultAlpha(recurrentActivation);
  const beta = defaultBeta(recurrentActivation);
  for (let b = 0; b < batch; b++) {
    let at = z + 16;
    const end = side + row;
    if (recurrentActivation === Activation.sigmoid) {
      for (; side < end; side += 16, h += 16, at += 32) {
        v128.store(side, f32x4.mul(sigmoid.of(v128.load(at)), v128.load(h)));
      }
    } else {
      for (; side < end; side += 16, h += 16, at += 32) {
        const r = activations.of(recurrentActivation, v128.load(at), alpha, beta, 0);
        v128.store(side, f32x4.mul(r, v128.load(h)));
      }
    }
    z += row * 3;
  }
}

/**
 * The new state of one step: next [batch, P] from z [batch, 3·P] (z r for every four units, then the candidate) and,
 * where reset comes after, the candidate's recurrent part [batch, P]; 0 where it is in z already.
 */
function gates(
  next: usize,
  h: usize,
  z: usize,
  recurrent: usize,
  batch: i32,
  row: usize,
  activation: i32,
  recurrentActivation: i32,
): void {
  const fast = activation === Activation.tanh && recurrentActivation === Activation.sigmoid;
  for (let b = 0; b < batch; b++) {
    if (fast && recurrent) resetAfterGates(next, h, z, recurrent, row);
    else anyGates(next, h, z, recurrent, row, activation, recurrentActivation);
    next += row;
    h += row;
    z += row * 3;
    if (recurrent) recurrent += row;
  }
}

/** One row with the default activations; z is overwritten. A pass for each function, as in the LSTM. */
function resetAfterGates(next: usize, h: usize, z: usize, recurrent: usize, row: usize): void {
  const candidate = z + row * 2;
  for (let at: usize = 0, gate = z; at < row; at += 16, gate += 32) {
    sigmoid.two(gate, gate + 16);
    v128.store(next + at, simd.madd(v128.load(gate, 16), v128.load(recurrent + at), v128.load(candidate + at)));
  }
  tanh.vectors(next, next, 16, row);
  for (let at: usize = 0; at < row; at += 16, z += 32) {
    const update = v128.load(z);
    const fresh = f32x4.mul(f32x4.sub(f32x4.splat(1), update), v128.load(next + at));
    v128.store(next + at, simd.madd(update, v128.load(h + at), fresh));
  }
}

function anyGates(
  next: usize,
  h: usize,
  z: usize,
  recurrent: usize,
  row: usize,
  activation: i32,
  recurrentActivation: i32,
): void {
  const alpha = defaultAlpha(activation);
  const beta = defaultBeta(activation);
  const recurrentAlpha = defaultAlpha(recurrentActivation);
  const recurrentBeta = defaultBeta(recurrentActivation);
  let candidate = z + row * 2;
  for (const end = next + row; next < end; next += 16) {
    const update = activations.of(recurrentActivation, v128.load(z), recurrentAlpha, recurrentBeta, 0);
    let sum = v128.load(candidate);
    if (recurrent) {
      const r = activations.of(recurrentActivation, v128.load(z, 16), recurrentAlpha, recurrentBeta, 0);
      sum = simd.madd(r, v128.load(recurrent), sum);
      recurrent += 16;
    }
    const g = activations.of(activation, sum, alpha, beta, 0);
    const fresh = f32x4.mul(f32x4.sub(f32x4.splat(1), update), g);
    v128.store(next, simd.madd(update, v128.load(h), fresh));
    z += 32;
    candidate += 16;
    h += 16;
  }
}
