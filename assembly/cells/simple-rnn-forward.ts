import { activationForward } from "../math/activation-forward";
import { defaultAlpha, defaultBeta } from "../math/activations";
import { multiply } from "../matrix/multiply";
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
  const packed = next + scratchOf.state(batch, units);
  const alpha = defaultAlpha(activation);
  const beta = defaultBeta(activation);
  const seen = scratch + scratchOf.seen(batch, units);
  const block = scratch + scratchOf.product(batch, units);
  loadState(h, hIn, batch, units);
  if (mask) memory.fill(seen, 0, batch);
  const blockLength = xIndex ? 1 : blockSteps(batch, timesteps, features, units, 1);
  for (let first = 0, steps = 0; first < timesteps; first += steps) {
    const busy = busySteps(mask, maskBatchStride, maskTimeStride, batch, min(blockLength, timesteps - first));
    steps = max(busy, 1);
    if (busy && xIndex) {
      gatherProduct(block, x, xIndex, xIndexBatchStride, first * xIndexTimeStride, batch, row);
    } else if (busy) {
      projectBlock(block, x, xBatchStride, xTimeStride, first, kernel, bias, batch, steps, features, units, 1);
    }
    let z = block;
    for (let step = 0; step < steps; step++) {
      const rows = rowsToRun(mask, maskBatchStride, seen, batch);
      const some = rows < batch;
      if (rows) {
        let old = h;
        if (some) {
          old = packed;
          packRows(z, z, mask, maskBatchStride, batch, row);
          packRows(old, h, mask, maskBatchStride, batch, row);
        }
        multiply(next, row, z, row, old, row, recurrentKernel, rows, units, padded(units) >> 2, 4);
        activationForward(next, next, rows * padded(units), activation, alpha, beta, 0);
        if (some) {
          unpackRows(h, next, mask, maskBatchStride, batch, row);
        } else {
          const previous = h;
          h = next;
          next = previous;
        }
      }
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
