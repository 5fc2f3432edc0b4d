import { simd } from "../math/simd";
import { multiplyInt8 } from "../quantized/multiply-int8";
import { packedBytesInt8 } from "../quantized/pack-int8";
import { packedBytes, padded, panelVectors } from "./pack";
import { tile } from "./tiles";

/** What a product without init starts from: a row of two panels, zeros. */
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
 * rule: 2 rows x 4 vectors. One row reads two panels at once (three: a quarter slower). Panels of a cache line, not of
 * two, of which tiles would pass over every second: for 256 units, whose kernel leaves the second-level cache, one row
 * takes 0.91 of the time and four 0.92. Reading a byte of what comes next ahead of time makes that slower, and sweeping
 * panels to and fro from step to step gains nothing in a layer. Shares of the ceilings: npm run bench -- roofline.
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
 * Two panels pass all blocks while they are in the cache.
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
    const pairs = (vectors - i32(lastLanes < 4)) >> 3;
    const bytes = (<usize>pairs) << 7;
    oneRow(z, init ? init : ZEROS, init ? 128 : 0, a, b, pairs, depth);
    z += bytes;
    if (init) init += bytes;
    b += bytes * depth;
    left -= pairs << 3;
  }
  for (let width = 0; left > 0; left -= width) {
    const isPair = left - i32(lastLanes < 4) >= 8;
    width = isPair ? 8 : panelVectors(left);
    const lanes = left === width ? lastLanes : 4;
    const from = init ? init : ZEROS;
    const fromStride = init ? initStride : 0;
    let zAt = z;
    let aAt = a;
    for (let block = 0; block < blocks; block++, zAt += zBlock, aAt += aBlock) {
      if (isPair) pair.product(zAt, zStride, from, fromStride, aAt, aStride, b, rows, depth);
      else narrow(zAt, zStride, from, fromStride, aAt, aStride, b, rows, depth, width, lanes);
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

/** A last panel, which may be narrow or not stored whole: four vectors, or one by one. */
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
 * One row against `pairs` of whole panels: eight sums hide the latency of an addition. A function of its own, so that V8
 * keeps them in registers.
 *
 * V8 11 puts all loads of a block of code before its arithmetic: eight sums, eight vectors and a factor are more than
 * the fifteen registers, and a sum that lives on the stack waits for its own store in every turn. The branch that is
 * never taken (no kernel lies at 0) parts the block: Node 20 takes 0.55 of the time, newer engines as long as before in
 * the second-level cache and up to 0.9 beyond it. More turns at once gain nothing.
 */
function oneRow(z: usize, init: usize, initStep: usize, row: usize, b: usize, pairs: i32, depth: i32): void {
  const end = row + ((<usize>depth) << 2);
  for (; pairs > 0; pairs--) {
    let p0 = v128.load(init);
    let p1 = v128.load(init, 16);
    let p2 = v128.load(init, 32);
    let p3 = v128.load(init, 48);
    let p4 = v128.load(init, 64);
    let p5 = v128.load(init, 80);
    let p6 = v128.load(init, 96);
    let p7 = v128.load(init, 112);
    let c = b + ((<usize>depth) << 6);
    for (let a = row; a < end; a += 4) {
      const x = v128.load32_splat(a);
      p0 = simd.madd(x, v128.load(b), p0);
      p1 = simd.madd(x, v128.load(b, 16), p1);
      p2 = simd.madd(x, v128.load(b, 32), p2);
      p3 = simd.madd(x, v128.load(b, 48), p3);
      if (!c) break;
      p4 = simd.madd(x, v128.load(c), p4);
      p5 = simd.madd(x, v128.load(c, 16), p5);
      p6 = simd.madd(x, v128.load(c, 32), p6);
      p7 = simd.madd(x, v128.load(c, 48), p7);
      b += 64;
      c += 64;
    }
    b = c;
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

class pair {
  /** Two whole panels; a row that is left over reads both while they are in the cache. */
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
    const panelBytes = (<usize>depth) << 6;
    for (let half: usize = 0; half < 128; half += 64) {
      const panel = b + (half ? panelBytes : 0);
      let zAt = z + half;
      let initAt = init + half;
      let aAt = a;
      let row = rows;
      if (ASC_FEATURE_RELAXED_SIMD) {
        for (; row >= 6; row -= 6) {
          for (let column: usize = 0; column < 64; column += 32) {
            tile.sixByTwo(zAt + column, zStride, initAt + column, initStride, aAt, aStride, panel + column, 64, depth);
          }
          zAt += zStride * 6;
          initAt += initStride * 6;
          aAt += aStride * 6;
        }
      }
      for (; row >= 2; row -= 2) {
        tile.twoByFour(zAt, zStride, initAt, initStride, aAt, aStride, panel, 64, depth);
        zAt += zStride * 2;
        initAt += initStride * 2;
        aAt += aStride * 2;
      }
    }
    const last = <usize>(rows - 1);
    if (rows & 1) oneRow(z + zStride * last, init + initStride * last, 0, a + aStride * last, b, 1, depth);
  }
}
