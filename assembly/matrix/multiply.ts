import { simd } from "../math/simd";
import { multiplyInt8 } from "../quantized/multiply-int8";
import { packedBytesInt8 } from "../quantized/pack-int8";
import { packedBytes, padded } from "./pack";

/**
 * z = init + a · b, the product behind every layer.
 *
 * Each element is one f32 accumulator that starts at init and takes k = 0, 1, … in order, in every tile shape: in the
 * simd build the bits do not depend on the number of rows or on tiling.
 *
 * z [rows, 4 · vectors] out · init [rows, 4 · vectors], 0 for zeros; may be z · a [rows, depth] · b packed panels, or a
 * packed int8 kernel, whose address is odd.
 * Strides are bytes from row to row; init's may be 0. Only `lastLanes` (1 to 4) lanes of the last vector are stored.
 * x86-64 has 16 vector registers: 2 rows x 4 vectors and 1 row x 8 vectors (8 accumulators, the factors, a weight) stay
 * in them. One row reads a panel as one stream of 128 bytes a step, which second-level caches serve best: measured on
 * Node 24, L2-sized weights, 89-96% of the load ceiling, against 80-85% for two streams of 64 bytes and 70-77% for
 * three. Shares of the ceilings: npm run bench -- roofline.
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
  if (b & 1) {
    multiplyInt8(z, zStride, init, initStride, a, aStride, b, rows, depth, vectors, lastLanes);
    return;
  }
  const panelBytes = (<usize>depth) << 7;
  const whole = vectors - i32(lastLanes < 4);
  const panels = whole >> 3;
  const pairs = rows >> 1;

  if (pairs) {
    // Half panels: the tile's weights stay in the first-level cache while the rows pass.
    for (let half = 0; half < panels * 2; half++) {
      const column = (<usize>half) << 6;
      const weights = b + panelBytes * (half >> 1) + ((<usize>half & 1) << 6);
      let zAt = z + column;
      let initAt = init ? init + column : 0;
      let aAt = a;
      for (let pair = 0; pair < pairs; pair++) {
        tile.twoByFour(zAt, zStride, initAt, initStride, aAt, aStride, weights, 128, depth);
        zAt += zStride * 2;
        if (initAt) initAt += initStride * 2;
        aAt += aStride * 2;
      }
    }
  }
  if (rows & 1) {
    const row = <usize>(rows - 1);
    const aRow = a + aStride * row;
    let zAt = z + zStride * row;
    let initAt = init ? init + initStride * row : 0;
    for (let panel = 0; panel < panels; panel++) {
      tile.oneByEight(zAt, initAt, aRow, b + panelBytes * panel, depth);
      zAt += 128;
      if (initAt) initAt += 128;
    }
  }
  const rest = vectors - panels * 8;
  if (rest) {
    const column = (<usize>panels) << 7;
    if (init) init += column;
    narrow(z + column, zStride, init, initStride, a, aStride, b + panelBytes * panels, rows, depth, rest, lastLanes);
  }
}

/** Address of the second matrix of a kernel of three gates: the candidate's (matrix/pack.ts). */
export function secondMatrix(kernel: usize, depth: i32, units: i32): usize {
  return kernel + <usize>(kernel & 1 ? packedBytesInt8(depth, units, 2) : packedBytes(depth, units, 2));
}

/** The product of a whole layer: `gates` gates of `units` units, three gates being two matrices (matrix/pack.ts). */
export function multiplyGates(
  z: usize,
  zStride: usize,
  init: usize,
  a: usize,
  aStride: usize,
  b: usize,
  rows: i32,
  depth: i32,
  units: i32,
  gates: i32,
): void {
  const groups = padded(units) >> 2;
  if (gates === 3) {
    multiply(z, zStride, init, 0, a, aStride, b, rows, depth, groups * 2, 4);
    const offset = (<usize>groups) << 5;
    z += offset;
    if (init) init += offset;
    b = secondMatrix(b, depth, units);
    gates = 1;
  }
  multiply(z, zStride, init, 0, a, aStride, b, rows, depth, groups * gates, 4);
}

/** The last panel where it is narrower or not stored whole: four vectors if they are whole, then one by one. */
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
  let first = 0;
  if (vectors - i32(lastLanes < 4) >= 4) {
    let row: usize = 0;
    for (; <i32>row + 2 <= rows; row += 2) {
      const initRow = init ? init + initStride * row : 0;
      tile.twoByFour(z + zStride * row, zStride, initRow, initStride, a + aStride * row, aStride, b, step, depth);
    }
    if (<i32>row < rows) {
      tile.oneByFour(z + zStride * row, init ? init + initStride * row : 0, a + aStride * row, b, step, depth);
    }
    first = 4;
    z += 64;
    b += 64;
    if (init) init += 64;
  }
  for (let vector = first; vector < vectors; vector++) {
    const lanes = vector === vectors - 1 ? lastLanes : 4;
    let row: usize = 0;
    for (; <i32>row + 4 <= rows; row += 4) {
      const initRow = init ? init + initStride * row : 0;
      tile.fourByOne(
        z + zStride * row,
        zStride,
        initRow,
        initStride,
        a + aStride * row,
        aStride,
        b,
        step,
        depth,
        lanes,
      );
    }
    for (; <i32>row < rows; row++) {
      tile.oneByOne(z + zStride * row, init ? init + initStride * row : 0, a + aStride * row, b, step, depth, lanes);
    }
    z += 16;
    b += 16;
    if (init) init += 16;
  }
}

class tile {
  @inline
  static twoByFour(
    z: usize,
    zStride: usize,
    init: usize,
    initStride: usize,
    a: usize,
    aStride: usize,
    b: usize,
    step: usize,
    depth: i32,
  ): void {
    let p0 = f32x4.splat(0);
    let p1 = p0;
    let p2 = p0;
    let p3 = p0;
    let q0 = p0;
    let q1 = p0;
    let q2 = p0;
    let q3 = p0;
    if (init) {
      p0 = v128.load(init);
      p1 = v128.load(init, 16);
      p2 = v128.load(init, 32);
      p3 = v128.load(init, 48);
      q0 = v128.load(init + initStride);
      q1 = v128.load(init + initStride, 16);
      q2 = v128.load(init + initStride, 32);
      q3 = v128.load(init + initStride, 48);
    }
    let next = a + aStride;
    for (const end = a + ((<usize>depth) << 2); a < end; a += 4) {
      const p = v128.load32_splat(a);
      const q = v128.load32_splat(next);
      const w0 = v128.load(b);
      p0 = simd.madd(p, w0, p0);
      q0 = simd.madd(q, w0, q0);
      const w1 = v128.load(b, 16);
      p1 = simd.madd(p, w1, p1);
      q1 = simd.madd(q, w1, q1);
      const w2 = v128.load(b, 32);
      p2 = simd.madd(p, w2, p2);
      q2 = simd.madd(q, w2, q2);
      const w3 = v128.load(b, 48);
      p3 = simd.madd(p, w3, p3);
      q3 = simd.madd(q, w3, q3);
      next += 4;
      b += step;
    }
    v128.store(z, p0);
    v128.store(z, p1, 16);
    v128.store(z, p2, 32);
    v128.store(z, p3, 48);
    v128.store(z + zStride, q0);
    v128.store(z + zStride, q1, 16);
    v128.store(z + zStride, q2, 32);
    v128.store(z + zStride, q3, 48);
  }

  /** One row against a full panel: eight accumulators hide the latency of the adds. */
  @inline
  static oneByEight(z: usize, init: usize, a: usize, b: usize, depth: i32): void {
    let p0 = f32x4.splat(0);
    let p1 = p0;
    let p2 = p0;
    let p3 = p0;
    let q0 = p0;
    let q1 = p0;
    let q2 = p0;
    let q3 = p0;
    if (init) {
      p0 = v128.load(init);
      p1 = v128.load(init, 16);
      p2 = v128.load(init, 32);
      p3 = v128.load(init, 48);
      q0 = v128.load(init, 64);
      q1 = v128.load(init, 80);
      q2 = v128.load(init, 96);
      q3 = v128.load(init, 112);
    }
    for (const end = a + ((<usize>depth) << 2); a < end; a += 4) {
      const x = v128.load32_splat(a);
      p0 = simd.madd(x, v128.load(b), p0);
      p1 = simd.madd(x, v128.load(b, 16), p1);
      p2 = simd.madd(x, v128.load(b, 32), p2);
      p3 = simd.madd(x, v128.load(b, 48), p3);
      q0 = simd.madd(x, v128.load(b, 64), q0);
      q1 = simd.madd(x, v128.load(b, 80), q1);
      q2 = simd.madd(x, v128.load(b, 96), q2);
      q3 = simd.madd(x, v128.load(b, 112), q3);
      b += 128;
    }
    v128.store(z, p0);
    v128.store(z, p1, 16);
    v128.store(z, p2, 32);
    v128.store(z, p3, 48);
    v128.store(z, q0, 64);
    v128.store(z, q1, 80);
    v128.store(z, q2, 96);
    v128.store(z, q3, 112);
  }

  @inline
  static oneByFour(z: usize, init: usize, a: usize, b: usize, step: usize, depth: i32): void {
    let p0 = f32x4.splat(0);
    let p1 = p0;
    let p2 = p0;
    let p3 = p0;
    if (init) {
      p0 = v128.load(init);
      p1 = v128.load(init, 16);
      p2 = v128.load(init, 32);
      p3 = v128.load(init, 48);
    }
    for (const end = a + ((<usize>depth) << 2); a < end; a += 4) {
      const x = v128.load32_splat(a);
      p0 = simd.madd(x, v128.load(b), p0);
      p1 = simd.madd(x, v128.load(b, 16), p1);
      p2 = simd.madd(x, v128.load(b, 32), p2);
      p3 = simd.madd(x, v128.load(b, 48), p3);
      b += step;
    }
    v128.store(z, p0);
    v128.store(z, p1, 16);
    v128.store(z, p2, 32);
    v128.store(z, p3, 48);
  }

  @inline
  static fourByOne(
    z: usize,
    zStride: usize,
    init: usize,
    initStride: usize,
    a: usize,
    aStride: usize,
    b: usize,
    step: usize,
    depth: i32,
    lanes: i32,
  ): void {
    let p0 = f32x4.splat(0);
    let p1 = p0;
    let p2 = p0;
    let p3 = p0;
    if (init) {
      p0 = simd.loadTail(init, lanes);
      p1 = simd.loadTail(init + initStride, lanes);
      p2 = simd.loadTail(init + 2 * initStride, lanes);
      p3 = simd.loadTail(init + 3 * initStride, lanes);
    }
    let a1 = a + aStride;
    let a2 = a1 + aStride;
    let a3 = a2 + aStride;
    for (const end = a + ((<usize>depth) << 2); a < end; a += 4) {
      const w = v128.load(b);
      p0 = simd.madd(v128.load32_splat(a), w, p0);
      p1 = simd.madd(v128.load32_splat(a1), w, p1);
      p2 = simd.madd(v128.load32_splat(a2), w, p2);
      p3 = simd.madd(v128.load32_splat(a3), w, p3);
      a1 += 4;
      a2 += 4;
      a3 += 4;
      b += step;
    }
    simd.storeTail(z, p0, lanes);
    simd.storeTail(z + zStride, p1, lanes);
    simd.storeTail(z + 2 * zStride, p2, lanes);
    simd.storeTail(z + 3 * zStride, p3, lanes);
  }

  @inline
  static oneByOne(z: usize, init: usize, a: usize, b: usize, step: usize, depth: i32, lanes: i32): void {
    let p = init ? simd.loadTail(init, lanes) : f32x4.splat(0);
    for (const end = a + ((<usize>depth) << 2); a < end; a += 4) {
      p = simd.madd(v128.load32_splat(a), v128.load(b), p);
      b += step;
    }
    simd.storeTail(z, p, lanes);
  }
}
