import { simd } from "./simd";

/** Numerator and denominator of erf(x) ≈ x·P(x²)/Q(x²) on |x| ≤ 3.7439, where erf rounds to 1; then the clamp. */
const TABLE: usize = memory.data<f32>([
  0.0002290506586, 0.003408291011, 0.05095569506, 0.1852083224, 1.128379144, -1.179160295e-7, 2.354796647e-5,
  0.001017962528, 0.01407047017, 0.1109850518, 0.4974692511, 1.0, 3.743921163, -3.743921163,
]);

/** Error function of four lanes: |error| ≤ 2e-7; ±Inf → ±1, NaN stays. */
export class erf {
  @inline
  static of(value: v128): v128 {
    const x = f32x4.pmax(f32x4.pmin(value, v128.load32_splat(TABLE, 48)), v128.load32_splat(TABLE, 52));
    const square = f32x4.mul(x, x);
    let p = simd.madd(v128.load32_splat(TABLE), square, v128.load32_splat(TABLE, 4));
    p = simd.madd(p, square, v128.load32_splat(TABLE, 8));
    p = simd.madd(p, square, v128.load32_splat(TABLE, 12));
    p = simd.madd(p, square, v128.load32_splat(TABLE, 16));
    let q = simd.madd(v128.load32_splat(TABLE, 20), square, v128.load32_splat(TABLE, 24));
    q = simd.madd(q, square, v128.load32_splat(TABLE, 28));
    q = simd.madd(q, square, v128.load32_splat(TABLE, 32));
    q = simd.madd(q, square, v128.load32_splat(TABLE, 36));
    q = simd.madd(q, square, v128.load32_splat(TABLE, 40));
    q = simd.madd(q, square, v128.load32_splat(TABLE, 44));
    return f32x4.div(f32x4.mul(x, p), q);
  }
}
