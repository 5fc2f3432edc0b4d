import { simd } from "./simd";

/** Numerator and denominator of erf(x) ≈ x·P(x²)/Q(x²) on |x| ≤ 3.7439, where erf rounds to 1; then the clamp. */
const TABLE: usize = memory.data<f32>([
  0.00022905065861350646, 0.0034082910107109506, 0.050955695062380861, 0.18520832239976145, 1.128379143519084,
  -1.1791602954361697e-7, 0.000023547966471313185, 0.0010179625278914885, 0.014070470171167667, 0.11098505178285362,
  0.49746925110067538, 1.0, 3.7439211627767994, -3.7439211627767994,
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
