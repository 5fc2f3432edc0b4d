import { simd } from "./simd";

/** Polynomial of log(1 + r) = r − r²/2 + r³·P(r) on [√½ − 1, √2 − 1], then ln 2 in two parts and √½. */
const TABLE: usize = memory.data<f32>([
  0.07037683629,
  -1.151461031e-1,
  1.167699874e-1,
  -0.1242014085,
  0.1424932279,
  -0.1666805766,
  0.2000071476,
  -0.2499999399,
  0.3333333117,
  -2.1219444e-4,
  0.693359375,
  <f32>Math.SQRT1_2,
]);

/** Natural logarithm of four lanes: relative error ≤ 2.5e-7 (absolute below 2); 0 → −Inf, negative → NaN, Inf → Inf. */
export class log {
  @inline
  static of(x: v128): v128 {
    const one = f32x4.splat(1);
    const tiny = f32x4.lt(x, f32x4.splat(1.17549435e-38));
    const normal = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, tiny);
    let e = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_u(normal, 23), i32x4.splat(126)));
    e = f32x4.sub(e, v128.and(tiny, f32x4.splat(23)));
    let m = v128.or(v128.and(normal, i32x4.splat(0x007fffff)), f32x4.splat(0.5));
    const low = f32x4.lt(m, v128.load32_splat(TABLE + 44));
    e = f32x4.sub(e, v128.and(low, one));
    m = f32x4.add(f32x4.sub(m, one), v128.and(low, m));
    const square = f32x4.mul(m, m);
    let p = simd.madd(v128.load32_splat(TABLE), m, v128.load32_splat(TABLE + 4));
    p = simd.madd(p, m, v128.load32_splat(TABLE + 8));
    p = simd.madd(p, m, v128.load32_splat(TABLE + 12));
    p = simd.madd(p, m, v128.load32_splat(TABLE + 16));
    p = simd.madd(p, m, v128.load32_splat(TABLE + 20));
    p = simd.madd(p, m, v128.load32_splat(TABLE + 24));
    p = simd.madd(p, m, v128.load32_splat(TABLE + 28));
    p = simd.madd(p, m, v128.load32_splat(TABLE + 32));
    let y = f32x4.mul(f32x4.mul(p, m), square);
    y = simd.madd(e, v128.load32_splat(TABLE + 36), y);
    y = simd.madd(square, f32x4.splat(-0.5), y);
    y = f32x4.add(m, y);
    y = simd.madd(e, v128.load32_splat(TABLE + 40), y);
    y = v128.bitselect(f32x4.splat(-Infinity), y, f32x4.eq(x, f32x4.splat(0)));
    y = v128.bitselect(x, y, f32x4.eq(x, f32x4.splat(Infinity)));
    y = v128.or(y, f32x4.lt(x, f32x4.splat(0))); // all bits set is a NaN
    return v128.bitselect(y, x, f32x4.eq(x, x));
  }

  /** log(1 + t) for t ≥ 0, with t itself where 1 + t rounds to 1. */
  @inline
  static onePlus(t: v128): v128 {
    const u = f32x4.add(f32x4.splat(1), t);
    const rest = f32x4.sub(u, f32x4.splat(1));
    const y = f32x4.mul(log.of(u), f32x4.div(t, rest));
    return v128.bitselect(t, y, v128.or(f32x4.eq(rest, f32x4.splat(0)), f32x4.eq(t, f32x4.splat(Infinity))));
  }
}
