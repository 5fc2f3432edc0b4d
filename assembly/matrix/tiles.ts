import { simd } from "../math/simd";

/**
 * The tiles of a product: z = init + a · b for a few rows and vectors, each element one accumulator in the order of
 * depth (matrix/multiply.ts).
 *
 * z, init, a: rows `zStride`, `initStride`, `aStride` bytes apart · b [depth]: vectors `step` bytes apart from one k to
 * the next. All is loaded before anything is stored: z may be init. `lanes` (1 to 4) of a vector are loaded and stored.
 */
export class tile {
  /** Two rows against 4 vectors. */
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
    let p0 = v128.load(init);
    let p1 = v128.load(init, 16);
    let p2 = v128.load(init, 32);
    let p3 = v128.load(init, 48);
    init += initStride;
    let q0 = v128.load(init);
    let q1 = v128.load(init, 16);
    let q2 = v128.load(init, 32);
    let q3 = v128.load(init, 48);
    let next = a + aStride;
    for (const end = a + ((<usize>depth) << 2); a !== end; a += 4) {
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
    z += zStride;
    v128.store(z, q0);
    v128.store(z, q1, 16);
    v128.store(z, q2, 32);
    v128.store(z, q3, 48);
  }

  /** Six rows against two vectors. */
  @inline
  static sixByTwo(
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
    let p0 = v128.load(init);
    let q0 = v128.load(init, 16);
    init += initStride;
    let p1 = v128.load(init);
    let q1 = v128.load(init, 16);
    init += initStride;
    let p2 = v128.load(init);
    let q2 = v128.load(init, 16);
    init += initStride;
    let p3 = v128.load(init);
    let q3 = v128.load(init, 16);
    init += initStride;
    let p4 = v128.load(init);
    let q4 = v128.load(init, 16);
    init += initStride;
    let p5 = v128.load(init);
    let q5 = v128.load(init, 16);
    let a1 = a + aStride;
    let a2 = a1 + aStride;
    let a3 = a2 + aStride;
    let a4 = a3 + aStride;
    let a5 = a4 + aStride;
    for (const end = a + ((<usize>depth) << 2); a !== end; a += 4) {
      const v = v128.load(b);
      const w = v128.load(b, 16);
      const x0 = v128.load32_splat(a);
      p0 = simd.madd(x0, v, p0);
      q0 = simd.madd(x0, w, q0);
      const x1 = v128.load32_splat(a1);
      p1 = simd.madd(x1, v, p1);
      q1 = simd.madd(x1, w, q1);
      const x2 = v128.load32_splat(a2);
      p2 = simd.madd(x2, v, p2);
      q2 = simd.madd(x2, w, q2);
      const x3 = v128.load32_splat(a3);
      p3 = simd.madd(x3, v, p3);
      q3 = simd.madd(x3, w, q3);
      const x4 = v128.load32_splat(a4);
      p4 = simd.madd(x4, v, p4);
      q4 = simd.madd(x4, w, q4);
      const x5 = v128.load32_splat(a5);
      p5 = simd.madd(x5, v, p5);
      q5 = simd.madd(x5, w, q5);
      a1 += 4;
      a2 += 4;
      a3 += 4;
      a4 += 4;
      a5 += 4;
      b += step;
    }
    v128.store(z, p0);
    v128.store(z, q0, 16);
    z += zStride;
    v128.store(z, p1);
    v128.store(z, q1, 16);
    z += zStride;
    v128.store(z, p2);
    v128.store(z, q2, 16);
    z += zStride;
    v128.store(z, p3);
    v128.store(z, q3, 16);
    z += zStride;
    v128.store(z, p4);
    v128.store(z, q4, 16);
    z += zStride;
    v128.store(z, p5);
    v128.store(z, q5, 16);
  }

  /** One row against four vectors. */
  @inline
  static oneByFour(z: usize, init: usize, a: usize, b: usize, step: usize, depth: i32): void {
    let p0 = v128.load(init);
    let p1 = v128.load(init, 16);
    let p2 = v128.load(init, 32);
    let p3 = v128.load(init, 48);
    for (const end = a + ((<usize>depth) << 2); a !== end; a += 4) {
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
    let p0 = simd.loadTail(init, lanes);
    let p1 = simd.loadTail(init + initStride, lanes);
    let p2 = simd.loadTail(init + 2 * initStride, lanes);
    let p3 = simd.loadTail(init + 3 * initStride, lanes);
    let a1 = a + aStride;
    let a2 = a1 + aStride;
    let a3 = a2 + aStride;
    for (const end = a + ((<usize>depth) << 2); a !== end; a += 4) {
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
    let p = simd.loadTail(init, lanes);
    for (const end = a + ((<usize>depth) << 2); a !== end; a += 4) {
      p = simd.madd(v128.load32_splat(a), v128.load(b), p);
      b += step;
    }
    simd.storeTail(z, p, lanes);
  }
}
