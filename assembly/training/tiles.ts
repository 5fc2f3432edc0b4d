import { simd } from "../math/simd";

/** Bytes between rows of a that have been copied together: not a power of two, whose rows would share one set of a cache. */
export const ROW_BYTES: usize = 2064;

/**
 * Tiles of the training products, 8 columns wide: c (+)= a · b, each element one accumulator that takes k = 0, 1, … in
 * order. b [depth, 8] is dense.
 *
 * Six rows are twelve accumulators, two weights and a factor: all 15 vector registers that V8 leaves. They reach 97% of
 * the arithmetic ceiling in the relaxed build, if a's rows do not share sets of the cache: rows 1 KiB apart 84%, 2 KiB 61%
 * (Node 24, Zen 3).
 *
 * `places` says where rows of c lie and where they start, two addresses a row: start 0 for zeros. `column`, in bytes, is
 * added to both. T is how a lies, a type so that it is known when compiled: v128 for rows ROW_BYTES apart, f32 for the rows'
 * numbers of one k side by side.
 */
export class tiles {
  /** Six rows of a. */
  @inline
  static six<T>(places: usize, column: usize, a: usize, b: usize, depth: i32): void {
    const next: usize = sizeof<T>() === 4 ? 4 : ROW_BYTES;
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
    let at = load<usize>(places, 4);
    if (at) {
      p0 = v128.load(at + column);
      q0 = v128.load(at + column, 16);
      at = load<usize>(places, 12);
      p1 = v128.load(at + column);
      q1 = v128.load(at + column, 16);
      at = load<usize>(places, 20);
      p2 = v128.load(at + column);
      q2 = v128.load(at + column, 16);
      at = load<usize>(places, 28);
      p3 = v128.load(at + column);
      q3 = v128.load(at + column, 16);
      at = load<usize>(places, 36);
      p4 = v128.load(at + column);
      q4 = v128.load(at + column, 16);
      at = load<usize>(places, 44);
      p5 = v128.load(at + column);
      q5 = v128.load(at + column, 16);
    }
    for (const end = b + ((<usize>depth) << 5); b < end; b += 32) {
      const v = v128.load(b);
      const w = v128.load(b, 16);
      const x0 = v128.load32_splat(a);
      p0 = simd.madd(x0, v, p0);
      q0 = simd.madd(x0, w, q0);
      const x1 = v128.load32_splat(a, next);
      p1 = simd.madd(x1, v, p1);
      q1 = simd.madd(x1, w, q1);
      const x2 = v128.load32_splat(a, next * 2);
      p2 = simd.madd(x2, v, p2);
      q2 = simd.madd(x2, w, q2);
      const x3 = v128.load32_splat(a, next * 3);
      p3 = simd.madd(x3, v, p3);
      q3 = simd.madd(x3, w, q3);
      const x4 = v128.load32_splat(a, next * 4);
      p4 = simd.madd(x4, v, p4);
      q4 = simd.madd(x4, w, q4);
      const x5 = v128.load32_splat(a, next * 5);
      p5 = simd.madd(x5, v, p5);
      q5 = simd.madd(x5, w, q5);
      a += sizeof<T>() === 4 ? 24 : 4;
    }
    at = load<usize>(places) + column;
    v128.store(at, p0);
    v128.store(at, q0, 16);
    at = load<usize>(places, 8) + column;
    v128.store(at, p1);
    v128.store(at, q1, 16);
    at = load<usize>(places, 16) + column;
    v128.store(at, p2);
    v128.store(at, q2, 16);
    at = load<usize>(places, 24) + column;
    v128.store(at, p3);
    v128.store(at, q3, 16);
    at = load<usize>(places, 32) + column;
    v128.store(at, p4);
    v128.store(at, q4, 16);
    at = load<usize>(places, 40) + column;
    v128.store(at, p5);
    v128.store(at, q5, 16);
  }

  /** Four rows of a. */
  @inline
  static four<T>(places: usize, column: usize, a: usize, b: usize, depth: i32): void {
    const next: usize = sizeof<T>() === 4 ? 4 : ROW_BYTES;
    let p0 = f32x4.splat(0);
    let q0 = p0;
    let p1 = p0;
    let q1 = p0;
    let p2 = p0;
    let q2 = p0;
    let p3 = p0;
    let q3 = p0;
    let at = load<usize>(places, 4);
    if (at) {
      p0 = v128.load(at + column);
      q0 = v128.load(at + column, 16);
      at = load<usize>(places, 12);
      p1 = v128.load(at + column);
      q1 = v128.load(at + column, 16);
      at = load<usize>(places, 20);
      p2 = v128.load(at + column);
      q2 = v128.load(at + column, 16);
      at = load<usize>(places, 28);
      p3 = v128.load(at + column);
      q3 = v128.load(at + column, 16);
    }
    for (const end = b + ((<usize>depth) << 5); b < end; b += 32) {
      const v = v128.load(b);
      const w = v128.load(b, 16);
      const x0 = v128.load32_splat(a);
      p0 = simd.madd(x0, v, p0);
      q0 = simd.madd(x0, w, q0);
      const x1 = v128.load32_splat(a, next);
      p1 = simd.madd(x1, v, p1);
      q1 = simd.madd(x1, w, q1);
      const x2 = v128.load32_splat(a, next * 2);
      p2 = simd.madd(x2, v, p2);
      q2 = simd.madd(x2, w, q2);
      const x3 = v128.load32_splat(a, next * 3);
      p3 = simd.madd(x3, v, p3);
      q3 = simd.madd(x3, w, q3);
      a += sizeof<T>() === 4 ? 16 : 4;
    }
    at = load<usize>(places) + column;
    v128.store(at, p0);
    v128.store(at, q0, 16);
    at = load<usize>(places, 8) + column;
    v128.store(at, p1);
    v128.store(at, q1, 16);
    at = load<usize>(places, 16) + column;
    v128.store(at, p2);
    v128.store(at, q2, 16);
    at = load<usize>(places, 24) + column;
    v128.store(at, p3);
    v128.store(at, q3, 16);
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
      // Never taken; it parts the loads for V8 11, as in `oneRow` of matrix/multiply.ts.
      if (!b2) break;
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
