import { simd } from "./simd";

/**
 * −log2(e), the rounding constant 1.5·2²³ + 127, ln 2, then the polynomial of exp(−r), |r| ≤ ln 2 / 2, fitted for the
 * least relative error (1.1e-7), then the range.
 */
const TABLE: usize = memory.data<f32>([
  <f32>-Math.LOG2E,
  12583039.0,
  <f32>Math.LN2,
  -0.008312056831,
  0.0418944525,
  -0.1666713299,
  0.4999920207,
  -1.0,
  1.0,
  88.0,
  -89.0,
]);

/** 1 / (1 + e⁻ˣ) of four lanes: |error| ≤ 2e-7, small values keep their relative accuracy; Inf → 1, −Inf → 0, NaN stays. */
export class sigmoid {
  @inline
  static of(value: v128): v128 {
    const x = f32x4.pmax(f32x4.pmin(value, v128.load32_splat(TABLE + 36)), v128.load32_splat(TABLE + 40));
    // Adding the constant rounds −x·log2(e) to n and leaves n + 127 in the low bits: the exponent of 2ⁿ, 0 and Inf included.
    const rounded = simd.madd(x, v128.load32_splat(TABLE), v128.load32_splat(TABLE + 4));
    const n = f32x4.sub(rounded, v128.load32_splat(TABLE + 4));
    const r = simd.madd(n, v128.load32_splat(TABLE + 8), x);
    let p = simd.madd(v128.load32_splat(TABLE + 12), r, v128.load32_splat(TABLE + 16));
    p = simd.madd(p, r, v128.load32_splat(TABLE + 20));
    p = simd.madd(p, r, v128.load32_splat(TABLE + 24));
    p = simd.madd(p, r, v128.load32_splat(TABLE + 28));
    p = simd.madd(p, r, v128.load32_splat(TABLE + 32));
    const one = v128.load32_splat(TABLE + 32);
    return f32x4.div(one, simd.madd(p, i32x4.shl(rounded, 23), one));
  }

  /** In place of three vectors, with the bits of `of`. They share their constants: half of the instructions load some. */
  @inline
  static three(at: usize, second: usize, third: usize): void {
    let k = v128.load32_splat(TABLE + 36);
    let a = f32x4.pmin(v128.load(at), k);
    let b = f32x4.pmin(v128.load(second), k);
    let c = f32x4.pmin(v128.load(third), k);
    k = v128.load32_splat(TABLE + 40);
    a = f32x4.pmax(a, k);
    b = f32x4.pmax(b, k);
    c = f32x4.pmax(c, k);
    k = v128.load32_splat(TABLE);
    let m = v128.load32_splat(TABLE + 4);
    const powerA = simd.madd(a, k, m);
    const powerB = simd.madd(b, k, m);
    const powerC = simd.madd(c, k, m);
    k = v128.load32_splat(TABLE + 8);
    const ra = simd.madd(f32x4.sub(powerA, m), k, a);
    const rb = simd.madd(f32x4.sub(powerB, m), k, b);
    const rc = simd.madd(f32x4.sub(powerC, m), k, c);
    k = v128.load32_splat(TABLE + 12);
    m = v128.load32_splat(TABLE + 16);
    a = simd.madd(k, ra, m);
    b = simd.madd(k, rb, m);
    c = simd.madd(k, rc, m);
    k = v128.load32_splat(TABLE + 20);
    a = simd.madd(a, ra, k);
    b = simd.madd(b, rb, k);
    c = simd.madd(c, rc, k);
    k = v128.load32_splat(TABLE + 24);
    a = simd.madd(a, ra, k);
    b = simd.madd(b, rb, k);
    c = simd.madd(c, rc, k);
    k = v128.load32_splat(TABLE + 28);
    a = simd.madd(a, ra, k);
    b = simd.madd(b, rb, k);
    c = simd.madd(c, rc, k);
    k = v128.load32_splat(TABLE + 32);
    a = simd.madd(a, ra, k);
    b = simd.madd(b, rb, k);
    c = simd.madd(c, rc, k);
    v128.store(at, f32x4.div(k, simd.madd(a, i32x4.shl(powerA, 23), k)));
    v128.store(second, f32x4.div(k, simd.madd(b, i32x4.shl(powerB, 23), k)));
    v128.store(third, f32x4.div(k, simd.madd(c, i32x4.shl(powerC, 23), k)));
  }

  /** In place of two vectors, as `three`. */
  @inline
  static two(at: usize, second: usize): void {
    let k = v128.load32_splat(TABLE + 36);
    let a = f32x4.pmin(v128.load(at), k);
    let b = f32x4.pmin(v128.load(second), k);
    k = v128.load32_splat(TABLE + 40);
    a = f32x4.pmax(a, k);
    b = f32x4.pmax(b, k);
    k = v128.load32_splat(TABLE);
    let m = v128.load32_splat(TABLE + 4);
    const powerA = simd.madd(a, k, m);
    const powerB = simd.madd(b, k, m);
    k = v128.load32_splat(TABLE + 8);
    const ra = simd.madd(f32x4.sub(powerA, m), k, a);
    const rb = simd.madd(f32x4.sub(powerB, m), k, b);
    k = v128.load32_splat(TABLE + 12);
    m = v128.load32_splat(TABLE + 16);
    a = simd.madd(k, ra, m);
    b = simd.madd(k, rb, m);
    k = v128.load32_splat(TABLE + 20);
    a = simd.madd(a, ra, k);
    b = simd.madd(b, rb, k);
    k = v128.load32_splat(TABLE + 24);
    a = simd.madd(a, ra, k);
    b = simd.madd(b, rb, k);
    k = v128.load32_splat(TABLE + 28);
    a = simd.madd(a, ra, k);
    b = simd.madd(b, rb, k);
    k = v128.load32_splat(TABLE + 32);
    a = simd.madd(a, ra, k);
    b = simd.madd(b, rb, k);
    v128.store(at, f32x4.div(k, simd.madd(a, i32x4.shl(powerA, 23), k)));
    v128.store(second, f32x4.div(k, simd.madd(b, i32x4.shl(powerB, 23), k)));
  }
}
