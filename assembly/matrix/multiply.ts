import { simd } from "../math/simd";
import { multiplyInt8 } from "../quantized/multiply-int8";
import { packedBytesInt8 } from "../quantized/pack-int8";
import { packedBytes, padded, panelVectors } from "./pack";
import { tile } from "./tiles";

/** What a product without init starts from: a panel of zeros. */
const ZEROS: usize = memory.data(128, 64);

/**
 * z = init + a · b, the product behind every layer.
 *
 * Each element is one f32 accumulator that starts at init and takes k = 0, 1, … in order, in every tile shape: in the
 * simd build the bits do not depend on the number of rows or on tiling. |error| ≤ (depth + 1) · 2⁻²⁴ · Σ|a·b|.
 *
 * z [rows, 4 · vectors] out · init [rows, 4 · vectors], 0 for zeros; may be z · a [rows, depth] · b packed panels, or a
 * packed int8 kernel, whose address is odd. Addresses at multiples of 16 are faster; z may not overlap a or b.
 * Strides are bytes from row to row; init's may be 0. Only `lastLanes` (1 to 4) lanes of the last vector are stored.
 * Tiles: x86-64 has 16 vector registers and V8 keeps one. Fused multiply-adds on two ports need eight sums in flight at
 * least, better twelve: 6 rows x 2 vectors in the relaxed build. Separate products need a register more and three ports
 * rule: 2 rows x 4 vectors. One row reads a panel as one stream of 128 bytes a step, which second-level caches serve
 * best (1 x 12 vectors: a quarter slower). Shares of the ceilings: npm run bench -- roofline.
 */
export function multiply(
  z: usize,
  zStride: usize,
  init: usize,
  initStride: usize,
  a: usize,
  aStride: usize,
  b: usize,
  rows: i32,
  depth: i32,
  vectors: i32,
  lastLanes: i32,
): void {
  multiplyBlocks(z, 0, zStride, init, initStride, a, 0, aStride, b, 1, rows, depth, vectors, lastLanes);
}

/**
 * `blocks` products with the same b: a and z of the next start `aBlock` and `zBlock` bytes further on, init is shared.
 * A panel passes all blocks while it is in the cache.
 */
function multiplyBlocks(
  z: usize,
  zBlock: usize,
  zStride: usize,
  init: usize,
  initStride: usize,
  a: usize,
  aBlock: usize,
  aStride: usize,
  b: usize,
  blocks: i32,
  rows: i32,
  depth: i32,
  vectors: i32,
  lastLanes: i32,
): void {
  if (b & 1) {
    for (; blocks > 0; blocks--, z += zBlock, a += aBlock) {
      multiplyInt8(z, zStride, init, initStride, a, aStride, b, rows, depth, vectors, lastLanes);
    }
    return;
  }
  let left = vectors;
  if (rows === 1 && blocks === 1) {
    const panels = (vectors - i32(lastLanes < 4)) >> 3;
    const bytes = (<usize>panels) << 7;
    oneRow(z, init ? init : ZEROS, init ? 128 : 0, a, b, panels, depth);
    z += bytes;
    if (init) init += bytes;
    b += bytes * depth;
    left -= panels << 3;
  }
  for (let width = 0; left > 0; left -= width) {
    width = panelVectors(left);
    const lanes = left === width ? lastLanes : 4;
    const from = init ? init : ZEROS;
    const fromStride = init ? initStride : 0;
    let zAt = z;
    let aAt = a;
    for (let block = 0; block < blocks; block++, zAt += zBlock, aAt += aBlock) {
      if (lanes < 4 || width < 8) narrow(zAt, zStride, from, fromStride, aAt, aStride, b, rows, depth, width, lanes);
      else panel.product(zAt, zStride, from, fromStride, aAt, aStride, b, rows, depth);
    }
    const bytes = (<usize>width) << 4;
    z += bytes;
    if (init) init += bytes;
    b += bytes * depth;
  }
}

/** Address of the second matrix of a kernel of three gates: the candidate's (matrix/pack.ts). */
export function secondMatrix(kernel: usize, depth: i32, units: i32): usize {
  return kernel + <usize>(kernel & 1 ? packedBytesInt8(depth, units, 2) : packedBytes(depth, units, 2));
}

/**
 * The product of a whole layer: `gates` gates of `units` units, three gates being two matrices (matrix/pack.ts).
 *
 * init is one row, or 0. `blocks`, `zBlock`, `aBlock` as in multiplyBlocks.
 */
export function multiplyGates(
  z: usize,
  zBlock: usize,
  zStride: usize,
  init: usize,
  a: usize,
  aBlock: usize,
  aStride: usize,
  b: usize,
  blocks: i32,
  rows: i32,
  depth: i32,
  units: i32,
  gates: i32,
): void {
  const groups = padded(units) >> 2;
  let first = gates === 3 ? 2 : gates;
  for (let done = 0; done < gates; done += first, first = 1) {
    if (done) b = secondMatrix(b, depth, units);
    multiplyBlocks(z, zBlock, zStride, init, 0, a, aBlock, aStride, b, blocks, rows, depth, groups * first, 4);
    const offset = (<usize>(groups * first)) << 4;
    z += offset;
    if (init) init += offset;
  }
}

/** A panel that is narrow or not stored whole: four vectors as long as they are whole, then one by one. */
function narrow(
  z: usize,
  zStride: usize,
  init: usize,
  initStride: usize,
  a: usize,
  aStride: usize,
  b: usize,
  rows: i32,
  depth: i32,
  vectors: i32,
  lastLanes: i32,
): void {
  const step = (<usize>vectors) << 4;
  for (let vector = 0, width = 0; vector < vectors; vector += width) {
    const left = vectors - vector;
    const lanes = left === 1 ? lastLanes : 4;
    width = left - i32(lastLanes < 4) >= 4 ? 4 : 1;
    let row = 0;
    let zAt = z;
    let initAt = init;
    let aAt = a;
    const tileRows = width === 4 ? 2 : 4;
    for (; row + tileRows <= rows; row += tileRows) {
      if (width === 4) tile.twoByFour(zAt, zStride, initAt, initStride, aAt, aStride, b, step, depth);
      else tile.fourByOne(zAt, zStride, initAt, initStride, aAt, aStride, b, step, depth, lanes);
      zAt += zStride * tileRows;
      initAt += initStride * tileRows;
      aAt += aStride * tileRows;
    }
    for (; row < rows; row++, zAt += zStride, initAt += initStride, aAt += aStride) {
      if (width === 4) tile.oneByFour(zAt, initAt, aAt, b, step, depth);
      else tile.oneByOne(zAt, initAt, aAt, b, step, depth, lanes);
    }
    const bytes = (<usize>width) << 4;
    z += bytes;
    init += bytes;
    b += bytes;
  }
}

/**
 * One row against `panels` whole panels: eight sums hide the latency of an addition. A function of its own, so that V8
 * keeps them in registers.
 */
function oneRow(z: usize, init: usize, initStep: usize, row: usize, b: usize, panels: i32, depth: i32): void {
  const end = row + ((<usize>depth) << 2);
  for (; panels > 0; panels--) {
    let p0 = v128.load(init);
    let p1 = v128.load(init, 16);
    let p2 = v128.load(init, 32);
    let p3 = v128.load(init, 48);
    let p4 = v128.load(init, 64);
    let p5 = v128.load(init, 80);
    let p6 = v128.load(init, 96);
    let p7 = v128.load(init, 112);
    for (let a = row; a < end; a += 4) {
      const x = v128.load32_splat(a);
      p0 = simd.madd(x, v128.load(b), p0);
      p1 = simd.madd(x, v128.load(b, 16), p1);
      p2 = simd.madd(x, v128.load(b, 32), p2);
      p3 = simd.madd(x, v128.load(b, 48), p3);
      p4 = simd.madd(x, v128.load(b, 64), p4);
      p5 = simd.madd(x, v128.load(b, 80), p5);
      p6 = simd.madd(x, v128.load(b, 96), p6);
      p7 = simd.madd(x, v128.load(b, 112), p7);
      b += 128;
    }
    v128.store(z, p0);
    v128.store(z, p1, 16);
    v128.store(z, p2, 32);
    v128.store(z, p3, 48);
    v128.store(z, p4, 64);
    v128.store(z, p5, 80);
    v128.store(z, p6, 96);
    v128.store(z, p7, 112);
    z += 128;
    init += initStep;
  }
}

class panel {
  /** A whole panel of eight vectors; the rows that are left over read it while it is in the cache. */
  @inline
  static product(
    z: usize,
    zStride: usize,
    init: usize,
    initStride: usize,
    a: usize,
    aStride: usize,
    b: usize,
    rows: i32,
    depth: i32,
  ): void {
    let row = 0;
    if (ASC_FEATURE_RELAXED_SIMD) {
      for (; row + 6 <= rows; row += 6) {
        for (let column: usize = 0; column < 128; column += 32) {
          tile.sixByTwo(z + column, zStride, init + column, initStride, a, aStride, b + column, 128, depth);
        }
        z += zStride * 6;
        init += initStride * 6;
        a += aStride * 6;
      }
    }
    const even = <usize>((rows - row) & ~1);
    if (even) {
      for (let half: usize = 0; half < 128; half += 64) {
        let zAt = z + half;
        let initAt = init + half;
        const end = a + aStride * even;
        for (let aAt = a; aAt !== end; aAt += aStride * 2) {
          tile.twoByFour(zAt, zStride, initAt, initStride, aAt, aStride, b + half, 128, depth);
          zAt += zStride * 2;
          initAt += initStride * 2;
        }
      }
    }
    if (rows & 1) oneRow(z + zStride * even, init + initStride * even, 0, a + aStride * even, b, 1, depth);
  }
}
