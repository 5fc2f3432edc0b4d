import { simd } from "./simd";

/**
 * log2(e), the rounding constant 1.5·2²³ + 126, −ln 2 in two parts, then the polynomial of exp(r) = 1 + r + r²·P(r),
 * |r| ≤ ln 2 / 2, then the range.
 */
const TABLE: usize = memory.data<f32>([
  <f32>Math.LOG2E,
  12583038.0,
  -0.693359375,
  2.1219444e-4,
  1.98756915e-4,
  0.001398199951,
  0.008333451907,
  0.04166579589,
  0.1666666546,
  0.5,
  1.0,
  89.0,
  -87.6,
  2.0,
]);

/** eˣ of four lanes: relative error ≤ 2.5e-7; above 88.72 → Inf, below −87 → 0, NaN stays. */
export class exp {
  @inline
  static of(value: v128): v128 {
    const x = f32x4.pmax(f32x4.pmin(value, v128.load32_splat(TABLE + 44)), v128.load32_splat(TABLE + 48));
    // Adding the constant rounds x·log2(e) to n and leaves n + 126 in the low bits: the exponent of 2ⁿ⁻¹.
    const rounded = simd.madd(x, v128.load32_splat(TABLE), v128.load32_splat(TABLE + 4));
    const n = f32x4.sub(rounded, v128.load32_splat(TABLE + 4));
    let r = simd.madd(n, v128.load32_splat(TABLE + 8), x);
    r = simd.madd(n, v128.load32_splat(TABLE + 12), r);
    let p = simd.madd(v128.load32_splat(TABLE + 16), r, v128.load32_splat(TABLE + 20));
    p = simd.madd(p, r, v128.load32_splat(TABLE + 24));
    p = simd.madd(p, r, v128.load32_splat(TABLE + 28));
    p = simd.madd(p, r, v128.load32_splat(TABLE + 32));
    p = simd.madd(p, r, v128.load32_splat(TABLE + 36));
    p = simd.madd(p, r, v128.load32_splat(TABLE + 40));
    p = simd.madd(p, r, v128.load32_splat(TABLE + 40));
    return f32x4.mul(f32x4.mul(p, i32x4.shl(rounded, 23)), v128.load32_splat(TABLE + 52));
  }
}
