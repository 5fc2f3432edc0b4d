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
}
