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

  /** The two vectors at target from those at source, `step` bytes apart, with the bits of `of`: they share constants. */
  @inline
  static two(target: usize, source: usize, step: usize): void {
    let k = v128.load32_splat(TABLE + 40);
    let a = f32x4.pmin(v128.load(source), k);
    let b = f32x4.pmin(v128.load(source + step), k);
    k = v128.load32_splat(TABLE + 44);
    a = f32x4.pmax(a, k);
    b = f32x4.pmax(b, k);
    k = v128.load32_splat(TABLE);
    let m = v128.load32_splat(TABLE + 4);
    let powerA = simd.madd(a, k, m);
    let powerB = simd.madd(b, k, m);
    k = v128.load32_splat(TABLE + 8);
    const ra = simd.madd(f32x4.sub(powerA, m), k, a);
    const rb = simd.madd(f32x4.sub(powerB, m), k, b);
    powerA = i32x4.shl(powerA, 23);
    powerB = i32x4.shl(powerB, 23);
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
    a = simd.madd(f32x4.mul(ra, ra), a, ra);
    b = simd.madd(f32x4.mul(rb, rb), b, rb);
    k = v128.load32_splat(TABLE + 28);
    m = v128.load32_splat(TABLE + 32);
    a = simd.madd(a, powerA, simd.madd(powerA, k, m));
    b = simd.madd(b, powerB, simd.madd(powerB, k, m));
    k = v128.load32_splat(TABLE + 36);
    v128.store(target, f32x4.div(a, f32x4.add(a, k)));
    v128.store(target, f32x4.div(b, f32x4.add(b, k)), 16);
  }

  /** target [bytes] in whole vectors from vectors `step` bytes apart; target may be source. */
  static vectors(target: usize, source: usize, step: usize, bytes: usize): void {
    const end = target + bytes;
    for (; target + 32 <= end; target += 32, source += step * 2) tanh.two(target, source, step);
    if (target < end) v128.store(target, tanh.of(v128.load(source)));
  }
}
