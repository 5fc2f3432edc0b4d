import { packedBytes, padded } from "../matrix/pack";

/** Bytes of hoisted input product computed at a time: they stay in a second-level cache. */
const BLOCK_BYTES = 192 * 1024;
/** The same where the kernel itself leaves that cache: each block reads it anew, so that few blocks cost least. */
const LARGE_BLOCK_BYTES = 1536 * 1024;
const LARGE_KERNEL_BYTES = 512 * 1024;

/**
 * The regions of a recurrent kernel's scratch, in bytes from its start. P = units padded to a multiple of 4.
 *
 *   four states [batch, P]: h, the next h, c or the candidate, rows packed · seen flags [batch]
 *   · input product of a block of steps [steps, batch, gates · P]
 */
export class scratchOf {
  /** One state [batch, P]. */
  static state(batch: i32, units: i32): usize {
    return align((<usize>(batch * padded(units))) << 2);
  }

  static seen(batch: i32, units: i32): usize {
    return scratchOf.state(batch, units) * 4;
  }

  static product(batch: i32, units: i32): usize {
    return scratchOf.seen(batch, units) + align(<usize>batch);
  }

  static end(batch: i32, timesteps: i32, features: i32, units: i32, gates: i32): usize {
    const step = (batch * gates * padded(units)) << 2;
    const block = blockBytes(features, units, gates);
    // A whole block even where a step does not divide it: a smaller batch may fill it better.
    const bytes = timesteps < block / max(1, step) ? step * timesteps : max(step, block);
    return scratchOf.product(batch, units) + align(bytes);
  }
}

function align(bytes: usize): usize {
  return (bytes + 63) & ~63;
}

function blockBytes(features: i32, units: i32, gates: i32): i32 {
  return packedBytes(features, units, gates) > LARGE_KERNEL_BYTES ? LARGE_BLOCK_BYTES : BLOCK_BYTES;
}

/** Timesteps whose input product is computed at a time. */
export function blockSteps(batch: i32, timesteps: i32, features: i32, units: i32, gates: i32): i32 {
  const step = (batch * gates * padded(units)) << 2;
  return max(1, min(timesteps, blockBytes(features, units, gates) / max(1, step)));
}

/** Scratch bytes of a recurrent kernel. The same bytes serve any smaller batch or length. */
export function recurrentScratchBytes(batch: i32, timesteps: i32, features: i32, units: i32, gates: i32): i32 {
  return <i32>scratchOf.end(batch, timesteps, features, units, gates);
}
