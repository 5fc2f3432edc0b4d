import { scaled } from "./step-product";

/**
 * Copies a block of rows between layouts: y[outer, inner, width] = x, each by strides in elements (negative ones run
 * backwards). Rows whose byte in `rowMask` [outer, inner] is 0 become zeros; 0 copies all.
 */
export function copySteps(
  y: usize,
  yOuter: i32,
  yInner: i32,
  x: usize,
  xOuter: i32,
  xInner: i32,
  outer: i32,
  inner: i32,
  width: i32,
  rowMask: usize,
): void {
  const bytes = (<usize>width) << 2;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const to = y + ((<usize>(o * yOuter + i * yInner)) << 2);
      if (rowMask && !load<u8>(rowMask++)) memory.fill(to, 0, bytes);
      else memory.copy(to, x + ((<usize>(o * xOuter + i * xInner)) << 2), bytes);
    }
  }
}

/** The same for masks: y [outer, inner] bytes, dense, from x by strides in bytes. */
export function copyMask(y: usize, x: usize, xOuter: i32, xInner: i32, outer: i32, inner: i32): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) store<u8>(y++, load<u8>(x + <usize>(o * xOuter + i * xInner)));
  }
}

/** out [timesteps, batch]: 1 where an unmasked step has come, this one included. */
export function seenMask(out: usize, mask: usize, timesteps: i32, batch: i32): void {
  for (let i = 0; i < timesteps * batch; i++) {
    const before = i < batch ? <u8>0 : load<u8>(out - <usize>batch);
    store<u8>(out++, load<u8>(mask++) | before);
  }
}

/** y [steps, count] = x [steps, count] ⊙ m [count]: a mask that is the same at every step. */
export function scaleSteps(y: usize, x: usize, m: usize, steps: i32, count: i32): void {
  const bytes = (<usize>count) << 2;
  for (let step = 0; step < steps; step++) {
    scaled(y, x, m, count);
    y += bytes;
    x += bytes;
  }
}
