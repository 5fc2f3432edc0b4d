import { simd } from "./simd";

/**
 * 2·log2(e), the rounding constant 1.5·2²³ + 127, −ln 2 / 2, the polynomial of (exp(2r) − 1)/2 = r + r²·P(r) on
 * |r| ≤ ln 2 / 4, ½, −½, 1, then the range. A table in memory: a vector constant in code is rebuilt from immediates at
 * each use. Its addresses are single constants: V8 takes an instruction more for a constant and an offset.
 */
const TABLE: usize = memory.data<f32>([
  <f32>(2 * Math.LOG2E),
  12583039.0,
  <f32>(-0.5 * Math.LN2),
  0.1329929093,
  0.3351556199,
  0.6666853196,
  0.9999840415,
  0.5,
  -0.5,
  1.0,
  20.0,
  -20.0,
]);

/**
 * Hyperbolic tangent of four lanes, e / (e + 1) with e = (exp(2x) − 1)/2: |error| ≤ 2e-7, relative near zero, never
 * beyond ±1; ±Inf → ±1, NaN stays.
 */
export class tanh {
  @inline
  static of(value: v128): v128 {
    // pmin and pmax keep a NaN of their first operand and are one instruction.
    const x = f32x4.pmax(f32x4.pmin(value, v128.load32_splat(TABLE + 40)), v128.load32_splat(TABLE + 44));
    // Adding the constant rounds 2x·log2(e) to n and leaves n + 127 in the low bits: the exponent of 2ⁿ.
    const rounded = simd.madd(x, v128.load32_splat(TABLE), v128.load32_splat(TABLE + 4));
    const n = f32x4.sub(rounded, v128.load32_splat(TABLE + 4));
    const r = simd.madd(n, v128.load32_splat(TABLE + 8), x);
    let p = simd.madd(v128.load32_splat(TABLE + 12), r, v128.load32_splat(TABLE + 16));
    p = simd.madd(p, r, v128.load32_splat(TABLE + 20));
    p = simd.madd(p, r, v128.load32_splat(TABLE + 24));
    p = simd.madd(f32x4.mul(r, r), p, r);
    const power = i32x4.shl(rounded, 23);
    const e = simd.madd(p, power, simd.madd(power, v128.load32_splat(TABLE + 28), v128.load32_splat(TABLE + 32)));
    return f32x4.div(e, f32x4.add(e, v128.load32_splat(TABLE + 36)));
  }
}
