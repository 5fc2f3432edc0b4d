import { simd } from "../math/simd";
import { multiplyGates } from "../matrix/multiply";
import { padded } from "../matrix/pack";

/** What the recurrent kernels share around their gates: states in and out, the input product, outputs and masks. */

/** Copies whole vectors; `bytes` % 16 = 0. */
export function copyVectors(target: usize, source: usize, bytes: usize): void {
  for (const end = target + bytes; target < end; target += 16, source += 16) v128.store(target, v128.load(source));
}

/** Copies `count` floats. */
function copyFloats(target: usize, source: usize, count: i32): void {
  const whole = (<usize>count >> 2) << 4;
  copyVectors(target, source, whole);
  const lanes = count & 3;
  if (lanes) simd.storeTail(target + whole, simd.loadTail(source + whole, lanes), lanes);
}

function zeroFloats(target: usize, count: i32): void {
  const whole = (<usize>count >> 2) << 4;
  for (const end = target + whole; target < end; target += 16) v128.store(target, f32x4.splat(0));
  const lanes = count & 3;
  if (lanes) simd.storeTail(target, f32x4.splat(0), lanes);
}

/** target [batch, P] = source [batch, units] padded with zeros, or zeros where source is 0. */
export function loadState(target: usize, source: usize, batch: i32, units: i32): void {
  const row = (<usize>padded(units)) << 2;
  const lanes = units & 3;
  const whole = (<usize>units >> 2) << 4;
  for (let b = 0; b < batch; b++, target += row) {
    if (!source) {
      zeroFloats(target, padded(units));
      continue;
    }
    copyVectors(target, source, whole);
    if (lanes) v128.store(target + whole, simd.loadTail(source + whole, lanes));
    source += (<usize>units) << 2;
  }
}

/** target [batch, units] = source [batch, P], unless target is 0. */
export function storeState(target: usize, source: usize, batch: i32, units: i32): void {
  if (!target) return;
  const row = (<usize>padded(units)) << 2;
  for (let b = 0; b < batch; b++) {
    copyFloats(target, source, units);
    target += (<usize>units) << 2;
    source += row;
  }
}

/**
 * z [steps, batch, gates · P] = x · kernel + bias for a block of steps from `first` on. Strides of x are elements.
 *
 * Rows of one call lie along the longer of time and batch, so that tiles are full; the bits are the same.
 */
export function projectBlock(
  z: usize,
  x: usize,
  xBatchStride: i32,
  xTimeStride: i32,
  first: i32,
  kernel: usize,
  bias: usize,
  batch: i32,
  steps: i32,
  features: i32,
  units: i32,
  gates: i32,
): void {
  const row = (<usize>(gates * padded(units))) << 2;
  const step = row * batch;
  const rows = (<usize>xBatchStride) << 2;
  const times = (<usize>xTimeStride) << 2;
  x += times * first;
  if (steps > batch) {
    multiplyGates(z, row, step, bias, x, rows, times, kernel, batch, steps, features, units, gates);
  } else {
    multiplyGates(z, step, row, bias, x, times, rows, kernel, steps, batch, features, units, gates);
  }
}

/** z [batch, rowBytes] = the rows of the table that index [batch] names, from its element `at` on; strides are elements. */
export function gatherProduct(
  z: usize,
  table: usize,
  index: usize,
  indexStride: i32,
  at: i32,
  batch: i32,
  rowBytes: usize,
): void {
  for (index += (<usize>at) << 2; batch > 0; batch--, index += (<usize>indexStride) << 2) {
    copyVectors(z, table + rowBytes * load<i32>(index), rowBytes);
    z += rowBytes;
  }
}

/**
 * How many of the next `steps` steps run on before one that all rows skip; 0 if the first is such a step. They need no
 * input product.
 */
export function busySteps(mask: usize, batchStride: i32, timeStride: i32, batch: i32, steps: i32): i32 {
  if (!mask) return steps;
  let step = 0;
  for (; step < steps; step++, mask += timeStride) {
    let row = 0;
    for (let at = mask; row < batch && !load<u8>(at); row++) at += batchStride;
    if (row === batch) break;
  }
  return step;
}

/** Counts the rows that run in this step, and marks them as seen. */
export function rowsToRun(mask: usize, maskStride: i32, seen: usize, batch: i32): i32 {
  if (!mask) return batch;
  let rows = 0;
  for (let b: usize = 0; <i32>b < batch; b++, mask += maskStride) {
    if (!load<u8>(mask)) continue;
    store<u8>(seen + b, 1);
    rows++;
  }
  return rows;
}

/** target [running rows, bytes] = the rows of source [batch, bytes] that the mask lets run; may be in place. */
export function packRows(target: usize, source: usize, mask: usize, maskStride: i32, batch: i32, bytes: usize): void {
  for (; batch > 0; batch--, mask += maskStride, source += bytes) {
    if (!load<u8>(mask)) continue;
    copyVectors(target, source, bytes);
    target += bytes;
  }
}

/** Undoes packRows: the other rows of target stay as they are. */
export function unpackRows(target: usize, source: usize, mask: usize, maskStride: i32, batch: i32, bytes: usize): void {
  for (; batch > 0; batch--, mask += maskStride, target += bytes) {
    if (!load<u8>(mask)) continue;
    copyVectors(target, source, bytes);
    source += bytes;
  }
}

/**
 * The output of one step: h, and at masked rows the previous output, which is h again (a masked row keeps its state)
 * unless nothing came before it.
 *
 * y [batch, units], rows `yStride` bytes apart · h [batch, P] · mask bytes or 0 · seen [batch]: 1 after the first
 * unmasked step.
 */
export function writeOutput(
  y: usize,
  yStride: usize,
  h: usize,
  mask: usize,
  maskStride: usize,
  seen: usize,
  batch: i32,
  units: i32,
  zeroOutputForMask: i32,
  firstMaskedOutput: i32,
): void {
  const row = (<usize>padded(units)) << 2;
  for (let b = 0; b < batch; b++) {
    let zero = false;
    if (mask) {
      if (!load<u8>(mask)) zero = zeroOutputForMask !== 0 || (!load<u8>(seen) && !firstMaskedOutput);
      mask += maskStride;
      seen++;
    }
    if (zero) zeroFloats(y, units);
    else copyFloats(y, h, units);
    y += yStride;
    h += row;
  }
}

/** y [batch, units] = 0: the last output of a sequence without steps. */
export function writeZeros(y: usize, yStride: usize, batch: i32, units: i32): void {
  for (let b = 0; b < batch; b++, y += yStride) zeroFloats(y, units);
}
