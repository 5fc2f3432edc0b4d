import { activationForward } from "../math/activation-forward";
import { defaultAlpha, defaultBeta } from "../math/activations";
import { multiply, multiplyGates } from "../matrix/multiply";
import { padded } from "../matrix/pack";
import { blockSteps, scratchOf } from "./scratch";
import { copyVectors, gatherProduct, loadState, projectBlock, storeState, writeOutput, writeZeros } from "./sequence";

/**
 * SimpleRNN over a whole sequence.
 *
 *   h = act(x·W + b + h'·U)
 *
 * Arguments as lstmForward's (cells/lstm-forward.ts); kernel, recurrentKernel, bias packed as one gate.
 * Reference: test/reference/simple-rnn.ts
 */
export function simpleRnnForward(
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
  xRows: usize,
  mask: usize,
  maskBatchStride: i32,
  maskTimeStride: i32,
  kernel: usize,
  recurrentKernel: usize,
  bias: usize,
  scratch: usize,
  batch: i32,
  timesteps: i32,
  features: i32,
  units: i32,
  activation: i32,
  returnSequences: i32,
  zeroOutputForMask: i32,
  firstMaskedOutput: i32,
): void {
  const row = (<usize>padded(units)) << 2;
  let h = scratch;
  let next = h + scratchOf.state(batch, units);
  const seen = scratch + scratchOf.seen(batch, units, 1);
  const block = scratch + scratchOf.product(batch, units, 1);
  const table = scratch + scratchOf.table(batch, timesteps, features, units, 1);
  loadState(h, hIn, batch, units);
  if (mask) memory.fill(seen, 0, batch);
  if (xIndex)
    multiplyGates(
      table,
      0,
      row,
      bias,
      x,
      0,
      (<usize>xBatchStride) << 2,
      kernel,
      1,
      load<i32>(xRows),
      features,
      units,
      1,
    );

  const blockLength = xIndex ? 1 : blockSteps(batch, timesteps, features, units, 1);
  for (let first = 0; first < timesteps; first += blockLength) {
    const steps = min(blockLength, timesteps - first);
    if (xIndex) {
      gatherProduct(block, table, xIndex, (<usize>xIndexBatchStride) << 2, batch, row);
      xIndex += (<usize>xIndexTimeStride) << 2;
    } else {
      const xBatchBytes = (<usize>xBatchStride) << 2;
      const xTimeBytes = (<usize>xTimeStride) << 2;
      projectBlock(block, x, xBatchBytes, xTimeBytes, kernel, bias, batch, steps, features, units, 1);
      x += xTimeBytes * steps;
    }
    let z = block;
    for (let step = 0; step < steps; step++) {
      multiply(next, row, z, row, h, row, recurrentKernel, batch, units, padded(units) >> 2, 4);
      activationForward(
        next,
        next,
        batch * padded(units),
        activation,
        defaultAlpha(activation),
        defaultBeta(activation),
        0,
      );
      if (mask) keepMasked(next, h, mask, maskBatchStride, seen, batch, row);
      const previous = h;
      h = next;
      next = previous;
      z += row * batch;
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

/** Gives masked rows of next their old state and marks the others as seen. */
function keepMasked(next: usize, h: usize, mask: usize, maskStride: i32, seen: usize, batch: i32, row: usize): void {
  for (let b = 0; b < batch; b++) {
    if (load<u8>(mask)) store<u8>(seen, 1);
    else copyVectors(next, h, row);
    seen++;
    mask += maskStride;
    next += row;
    h += row;
  }
}
