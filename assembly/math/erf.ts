import { exp } from "./exp";
import { simd } from "./simd";

/**
 * erf(x) ≈ x·P(x²)/Q(x²) near zero: P, then Q. erfc(z) ≈ t·exp(−z² + R(t)), t = 1/(1 + z/2), far out: R (Numerical
 * Recipes, relative error 1.2e-7).
 */
const TABLE: usize = memory.data<f32>([
  0.0002290506586, 0.003408291011, 0.05095569506, 0.1852083224, 1.128379144, -1.179160295e-7, 2.354796647e-5,
  0.001017962528, 0.01407047017, 0.1109850518, 0.4974692511, 1.0, 0.17087277, -0.82215223, 1.48851587, -1.13520398,
  0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223,
]);

/** Where the two forms meet: each is within the bar on its side. */
const MEETING: f32 = 0.75;

/** Error function of four lanes: |error| ≤ 2e-7, relative near zero; ±Inf → ±1, NaN stays. */
export class erf {
  static of(x: v128): v128 {
    const far = f32x4.sub(f32x4.splat(1), erf.complement(f32x4.abs(x)));
    const sign = v128.and(x, f32x4.splat(-0.0));
    const near = erf.near(f32x4.pmax(f32x4.pmin(x, f32x4.splat(1)), f32x4.splat(-1)));
    return v128.bitselect(v128.or(far, sign), near, f32x4.gt(f32x4.abs(x), f32x4.splat(MEETING)));
  }

  /** Φ(x) = (1 + erf(x/√2))/2, the normal distribution: small values keep their relative accuracy. */
  static normal(value: v128): v128 {
    const x = f32x4.mul(value, f32x4.splat(<f32>Math.SQRT1_2));
    const tail = f32x4.mul(erf.complement(f32x4.abs(x)), f32x4.splat(0.5));
    return v128.bitselect(tail, f32x4.sub(f32x4.splat(1), tail), f32x4.lt(x, f32x4.splat(0)));
  }

  /** erfc(z) for z ≥ 0. */
  private static complement(z: v128): v128 {
    const t = f32x4.div(f32x4.splat(1), simd.madd(z, f32x4.splat(0.5), f32x4.splat(1)));
    let p = simd.madd(v128.load32_splat(TABLE + 48), t, v128.load32_splat(TABLE + 52));
    for (let at = TABLE + 56; at < TABLE + 88; at += 4) p = simd.madd(p, t, v128.load32_splat(at));
    return f32x4.mul(t, exp.of(f32x4.sub(p, f32x4.mul(z, z))));
  }

  private static near(x: v128): v128 {
    const square = f32x4.mul(x, x);
    let p = v128.load32_splat(TABLE);
    for (let at = TABLE + 4; at < TABLE + 20; at += 4) p = simd.madd(p, square, v128.load32_splat(at));
    let q = v128.load32_splat(TABLE + 20);
    for (let at = TABLE + 24; at < TABLE + 48; at += 4) q = simd.madd(q, square, v128.load32_splat(at));
    return f32x4.div(f32x4.mul(x, p), q);
  }
}
