import { simd } from "../math/simd";

/**
 * Tiles of the training products, 8 columns wide: c (+)= a · b, each element one accumulator that takes k = 0, 1, … in
 * order. `init` is where an element starts: c to go on, a row with stride 0 for a bias, 0 for zeros. b [depth, 8] is
 * dense; strides are bytes.
 *
 * Six rows are twelve accumulators, two weights and a factor: all 15 vector registers that V8 leaves. They reach 99% of
 * the arithmetic ceiling in the relaxed build, where eight accumulators stop at 90% (Node 24, Golden Cove).
 */
export class tiles {
  /** Six rows of a, `aStride` bytes apart. */
  @inline
  static six(
    c: usize,
    cStride: usize,
    init: usize,
    initStride: usize,
    a: usize,
    aStride: usize,
    b: usize,
    depth: i32,
  ): void {
    let p0 = f32x4.splat(0);
    let q0 = p0;
    let p1 = p0;
    let q1 = p0;
    let p2 = p0;
    let q2 = p0;
    let p3 = p0;
    let q3 = p0;
    let p4 = p0;
    let q4 = p0;
    let p5 = p0;
    let q5 = p0;
    if (init) {
      p0 = v128.load(init);
      q0 = v128.load(init, 16);
      init += initStride;
      p1 = v128.load(init);
      q1 = v128.load(init, 16);
      init += initStride;
      p2 = v128.load(init);
      q2 = v128.load(init, 16);
      init += initStride;
      p3 = v128.load(init);
      q3 = v128.load(init, 16);
      init += initStride;
      p4 = v128.load(init);
      q4 = v128.load(init, 16);
      init += initStride;
      p5 = v128.load(init);
      q5 = v128.load(init, 16);
    }
    let a1 = a + aStride;
    let a2 = a1 + aStride;
    let a3 = a2 + aStride;
    let a4 = a3 + aStride;
    let a5 = a4 + aStride;
    for (const end = b + ((<usize>depth) << 5); b < end; b += 32) {
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
      a += 4;
      a1 += 4;
      a2 += 4;
      a3 += 4;
      a4 += 4;
      a5 += 4;
    }
    v128.store(c, p0);
    v128.store(c, q0, 16);
    c += cStride;
    v128.store(c, p1);
    v128.store(c, q1, 16);
    c += cStride;
    v128.store(c, p2);
    v128.store(c, q2, 16);
    c += cStride;
    v128.store(c, p3);
    v128.store(c, q3, 16);
    c += cStride;
    v128.store(c, p4);
    v128.store(c, q4, 16);
    c += cStride;
    v128.store(c, p5);
    v128.store(c, q5, 16);
  }

  /** Six rows of a that lie side by side: a [depth, 6] dense. */
  @inline
  static sixTurned(c: usize, cStride: usize, init: usize, initStride: usize, a: usize, b: usize, depth: i32): void {
    let p0 = f32x4.splat(0);
    let q0 = p0;
    let p1 = p0;
    let q1 = p0;
    let p2 = p0;
    let q2 = p0;
    let p3 = p0;
    let q3 = p0;
    let p4 = p0;
    let q4 = p0;
    let p5 = p0;
    let q5 = p0;
    if (init) {
      p0 = v128.load(init);
      q0 = v128.load(init, 16);
      init += initStride;
      p1 = v128.load(init);
      q1 = v128.load(init, 16);
      init += initStride;
      p2 = v128.load(init);
      q2 = v128.load(init, 16);
      init += initStride;
      p3 = v128.load(init);
      q3 = v128.load(init, 16);
      init += initStride;
      p4 = v128.load(init);
      q4 = v128.load(init, 16);
      init += initStride;
      p5 = v128.load(init);
      q5 = v128.load(init, 16);
    }
    for (const end = b + ((<usize>depth) << 5); b < end; b += 32) {
      const v = v128.load(b);
      const w = v128.load(b, 16);
      const x0 = v128.load32_splat(a);
      p0 = simd.madd(x0, v, p0);
      q0 = simd.madd(x0, w, q0);
      const x1 = v128.load32_splat(a, 4);
      p1 = simd.madd(x1, v, p1);
      q1 = simd.madd(x1, w, q1);
      const x2 = v128.load32_splat(a, 8);
      p2 = simd.madd(x2, v, p2);
      q2 = simd.madd(x2, w, q2);
      const x3 = v128.load32_splat(a, 12);
      p3 = simd.madd(x3, v, p3);
      q3 = simd.madd(x3, w, q3);
      const x4 = v128.load32_splat(a, 16);
      p4 = simd.madd(x4, v, p4);
      q4 = simd.madd(x4, w, q4);
      const x5 = v128.load32_splat(a, 20);
      p5 = simd.madd(x5, v, p5);
      q5 = simd.madd(x5, w, q5);
      a += 24;
    }
    v128.store(c, p0);
    v128.store(c, q0, 16);
    c += cStride;
    v128.store(c, p1);
    v128.store(c, q1, 16);
    c += cStride;
    v128.store(c, p2);
    v128.store(c, q2, 16);
    c += cStride;
    v128.store(c, p3);
    v128.store(c, q3, 16);
    c += cStride;
    v128.store(c, p4);
    v128.store(c, q4, 16);
    c += cStride;
    v128.store(c, p5);
    v128.store(c, q5, 16);
  }

  /** Four rows of a that lie side by side: a [depth, 4] dense. */
  @inline
  static fourTurned(c: usize, cStride: usize, init: usize, initStride: usize, a: usize, b: usize, depth: i32): void {
    let p0 = f32x4.splat(0);
    let q0 = p0;
    let p1 = p0;
    let q1 = p0;
    let p2 = p0;
    let q2 = p0;
    let p3 = p0;
    let q3 = p0;
    if (init) {
      p0 = v128.load(init);
      q0 = v128.load(init, 16);
      init += initStride;
      p1 = v128.load(init);
      q1 = v128.load(init, 16);
      init += initStride;
      p2 = v128.load(init);
      q2 = v128.load(init, 16);
      init += initStride;
      p3 = v128.load(init);
      q3 = v128.load(init, 16);
    }
    for (const end = b + ((<usize>depth) << 5); b < end; b += 32) {
      const v = v128.load(b);
      const w = v128.load(b, 16);
      const x0 = v128.load32_splat(a);
      p0 = simd.madd(x0, v, p0);
      q0 = simd.madd(x0, w, q0);
      const x1 = v128.load32_splat(a, 4);
      p1 = simd.madd(x1, v, p1);
      q1 = simd.madd(x1, w, q1);
      const x2 = v128.load32_splat(a, 8);
      p2 = simd.madd(x2, v, p2);
      q2 = simd.madd(x2, w, q2);
      const x3 = v128.load32_splat(a, 12);
      p3 = simd.madd(x3, v, p3);
      q3 = simd.madd(x3, w, q3);
      a += 16;
    }
    v128.store(c, p0);
    v128.store(c, q0, 16);
    c += cStride;
    v128.store(c, p1);
    v128.store(c, q1, 16);
    c += cStride;
    v128.store(c, p2);
    v128.store(c, q2, 16);
    c += cStride;
    v128.store(c, p3);
    v128.store(c, q3, 16);
  }

  /** One row of a; elements are `aStep` bytes apart. */
  @inline
  static one(c: usize, init: usize, a: usize, aStep: usize, b: usize, depth: i32): void {
    let p = f32x4.splat(0);
    let q = p;
    if (init) {
      p = v128.load(init);
      q = v128.load(init, 16);
    }
    for (const end = b + ((<usize>depth) << 5); b < end; b += 32) {
      const x = v128.load32_splat(a);
      p = simd.madd(x, v128.load(b), p);
      q = simd.madd(x, v128.load(b, 16), q);
      a += aStep;
    }
    v128.store(c, p);
    v128.store(c, q, 16);
  }

  /** One dense row of a against four panels of b, each `panelBytes` behind the last: c is 32 columns wide. */
  @inline
  static oneByFour(c: usize, init: usize, a: usize, b: usize, panelBytes: usize, depth: i32): void {
    let p0 = f32x4.splat(0);
    let q0 = p0;
    let p1 = p0;
    let q1 = p0;
    let p2 = p0;
    let q2 = p0;
    let p3 = p0;
    let q3 = p0;
    if (init) {
      p0 = v128.load(init);
      q0 = v128.load(init, 16);
      p1 = v128.load(init, 32);
      q1 = v128.load(init, 48);
      p2 = v128.load(init, 64);
      q2 = v128.load(init, 80);
      p3 = v128.load(init, 96);
      q3 = v128.load(init, 112);
    }
    let b1 = b + panelBytes;
    let b2 = b1 + panelBytes;
    let b3 = b2 + panelBytes;
    for (const end = a + ((<usize>depth) << 2); a < end; a += 4) {
      const x = v128.load32_splat(a);
      p0 = simd.madd(x, v128.load(b), p0);
      q0 = simd.madd(x, v128.load(b, 16), q0);
      p1 = simd.madd(x, v128.load(b1), p1);
      q1 = simd.madd(x, v128.load(b1, 16), q1);
      p2 = simd.madd(x, v128.load(b2), p2);
      q2 = simd.madd(x, v128.load(b2, 16), q2);
      p3 = simd.madd(x, v128.load(b3), p3);
      q3 = simd.madd(x, v128.load(b3, 16), q3);
      b += 32;
      b1 += 32;
      b2 += 32;
      b3 += 32;
    }
    v128.store(c, p0);
    v128.store(c, q0, 16);
    v128.store(c, p1, 32);
    v128.store(c, q1, 48);
    v128.store(c, p2, 64);
    v128.store(c, q2, 80);
    v128.store(c, p3, 96);
    v128.store(c, q3, 112);
  }
}
