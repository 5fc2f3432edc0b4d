import { erf } from "./erf";
import { exp } from "./exp";
import { log } from "./log";
import { sigmoid } from "./sigmoid";
import { simd } from "./simd";
import { tanh } from "./tanh";

/** Codes of the ABI; `src/engine/activation-codes.ts` has the same table and says what each computes. */
export enum Activation {
  linear = 0,
  tanh = 1,
  sigmoid = 2,
  hardSigmoid02 = 3,
  hardSigmoid6 = 4,
  relu = 5,
  elu = 6,
  selu = 7,
  softplus = 8,
  softsign = 9,
  exponential = 10,
  silu = 11,
  gelu = 12,
  geluTanh = 13,
  mish = 14,
  relu6 = 15,
  hardSilu = 16,
  celu = 17,
  tanhShrink = 18,
  hardTanh = 19,
  hardShrink = 20,
  softShrink = 21,
  logSigmoid = 22,
  squareplus = 23,
  sparsePlus = 24,
  sparseSigmoid = 25,
  threshold = 26,
  affine = 27,
  square = 28,
  sqrt = 29,
  rsqrt = 30,
  abs = 31,
  negative = 32,
  log = 33,
  reciprocal = 34,
  erf = 35,
  floor = 36,
  ceil = 37,
  round = 38,
  sin = 39,
  cos = 40,
  leakyRelu02 = 41,
}

/** Lanes of `a` where x > limit, else of `b`; a NaN takes `b`. */
function where(a: v128, b: v128, x: v128, limit: f32): v128 {
  return v128.bitselect(a, b, f32x4.gt(x, f32x4.splat(limit)));
}

/** v between low and high; a NaN stays. */
function clamp(v: v128, low: f32, high: f32): v128 {
  return f32x4.pmax(f32x4.pmin(v, f32x4.splat(high)), f32x4.splat(low));
}

function times(v: v128, factor: f32): v128 {
  return f32x4.mul(v, f32x4.splat(factor));
}

function plus(v: v128, term: f32): v128 {
  return f32x4.add(v, f32x4.splat(term));
}

/** eˣ − 1 for x ≤ 0, by its series near zero, where the difference would cancel. */
function expMinusOne(x: v128): v128 {
  let p = simd.madd(x, f32x4.splat(1.0 / 720.0), f32x4.splat(1.0 / 120.0));
  p = simd.madd(p, x, f32x4.splat(1.0 / 24.0));
  p = simd.madd(p, x, f32x4.splat(1.0 / 6.0));
  p = simd.madd(p, x, f32x4.splat(0.5));
  const near = simd.madd(f32x4.mul(p, x), x, x);
  return v128.bitselect(near, plus(exp.of(x), -1), f32x4.gt(x, f32x4.splat(-0.25)));
}

/** x > 0 ? x : alpha·(eˣ − 1). */
function elu(x: v128, alpha: f32): v128 {
  const below = times(expMinusOne(f32x4.pmin(x, f32x4.splat(0))), alpha);
  return where(x, below, x, 0);
}

/** log(1 + eˣ) = max(x, 0) + log(1 + e⁻|ˣ|). */
function softplus(x: v128): v128 {
  return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), log.onePlus(exp.of(f32x4.neg(f32x4.abs(x)))));
}

/** x / (1 + e⁻ᵘ): the quotient itself, since x times a rounded sigmoid loses its small values. */
function gated(x: v128, u: v128): v128 {
  return zeroAtMinusInfinity(f32x4.div(x, plus(exp.of(f32x4.neg(u)), 1)), x);
}

/** y, but 0 where x is −∞ and the formula gives −∞·0. */
function zeroAtMinusInfinity(y: v128, x: v128): v128 {
  return v128.andnot(y, f32x4.eq(x, f32x4.splat(-Infinity)));
}

/** Half of 1 + tanh(u) is sigmoid(2u). */
function geluTanh(x: v128): v128 {
  const u = f32x4.add(x, times(f32x4.mul(f32x4.mul(x, x), x), 0.044715));
  return gated(x, times(u, 1.595769122));
}

/** (x + √(x² + alpha))/2, below zero as its equal without the difference. */
function squareplus(x: v128, alpha: f32): v128 {
  const sum = f32x4.add(f32x4.abs(x), f32x4.sqrt(plus(f32x4.mul(x, x), alpha)));
  return v128.bitselect(f32x4.div(f32x4.splat(alpha * 0.5), sum), times(sum, 0.5), f32x4.lt(x, f32x4.splat(0)));
}

/** x·tanh(softplus(x)) = x·n/(n + 2) with n = eˣ·(eˣ + 2). */
function mish(x: v128): v128 {
  const e = exp.of(f32x4.pmin(x, f32x4.splat(20)));
  const n = f32x4.mul(e, plus(e, 2));
  const y = f32x4.mul(x, f32x4.div(n, plus(n, 2)));
  return where(x, zeroAtMinusInfinity(y, x), x, 20);
}

/** x ≥ beta → beta; gamma ≤ x < beta → x; else alpha·(x − gamma). */
function relu(x: v128, alpha: f32, beta: f32, gamma: f32): v128 {
  // Not 0·(x − gamma): that is a NaN at −∞.
  const below = alpha === 0 ? v128.and(x, f32x4.ne(x, x)) : times(plus(x, -gamma), alpha);
  const y = v128.bitselect(x, below, f32x4.ge(x, f32x4.splat(gamma)));
  return v128.bitselect(f32x4.splat(beta), y, f32x4.ge(x, f32x4.splat(beta)));
}

function hardShrink(x: v128, alpha: f32): v128 {
  return v128.andnot(x, f32x4.le(f32x4.abs(x), f32x4.splat(alpha)));
}

function softShrink(x: v128, alpha: f32): v128 {
  const up = v128.and(plus(x, -alpha), f32x4.gt(x, f32x4.splat(alpha)));
  const down = v128.and(plus(x, alpha), f32x4.lt(x, f32x4.splat(-alpha)));
  return v128.or(v128.or(up, down), v128.and(x, f32x4.ne(x, x)));
}

function sparsePlus(x: v128): v128 {
  const t = plus(x, 1);
  const middle = times(f32x4.mul(t, t), 0.25);
  const low = v128.andnot(middle, f32x4.le(x, f32x4.splat(-1)));
  return v128.bitselect(x, low, f32x4.ge(x, f32x4.splat(1)));
}

function sine(x: v128): v128 {
  return f32x4(
    Mathf.sin(f32x4.extract_lane(x, 0)),
    Mathf.sin(f32x4.extract_lane(x, 1)),
    Mathf.sin(f32x4.extract_lane(x, 2)),
    Mathf.sin(f32x4.extract_lane(x, 3)),
  );
}

function cosine(x: v128): v128 {
  return f32x4(
    Mathf.cos(f32x4.extract_lane(x, 0)),
    Mathf.cos(f32x4.extract_lane(x, 1)),
    Mathf.cos(f32x4.extract_lane(x, 2)),
    Mathf.cos(f32x4.extract_lane(x, 3)),
  );
}

/** Keras' default of a function's first parameter. */
export function defaultAlpha(code: i32): f32 {
  switch (code) {
    case Activation.elu:
    case Activation.celu:
    case Activation.affine:
      return 1;
    case Activation.hardShrink:
    case Activation.softShrink:
      return 0.5;
    case Activation.squareplus:
      return 4;
    default:
      return 0;
  }
}

/** Keras' default of a function's second parameter. */
export function defaultBeta(code: i32): f32 {
  return code === Activation.relu ? Infinity : 0;
}

/** One activation of four lanes by its code. tanh and sigmoid have loops of their own where speed matters. */
export class activations {
  static of(code: i32, x: v128, alpha: f32, beta: f32, gamma: f32): v128 {
    switch (code) {
      case Activation.tanh:
        return tanh.of(x);
      case Activation.sigmoid:
        return sigmoid.of(x);
      case Activation.hardSigmoid02:
        return clamp(plus(times(x, 0.2), 0.5), 0, 1);
      case Activation.hardSigmoid6:
        return clamp(plus(f32x4.div(x, f32x4.splat(6)), 0.5), 0, 1);
      case Activation.relu:
        return relu(x, alpha, beta, gamma);
      case Activation.elu:
        return elu(x, alpha);
      case Activation.selu:
        return times(elu(x, 1.673263242), 1.050700987);
      case Activation.softplus:
        return softplus(x);
      case Activation.softsign:
        return v128.bitselect(
          f32x4.div(x, plus(f32x4.abs(x), 1)),
          clamp(x, -1, 1),
          f32x4.ne(f32x4.abs(x), f32x4.splat(Infinity)),
        );
      case Activation.exponential:
        return exp.of(x);
      case Activation.silu:
        return gated(x, x);
      case Activation.gelu:
        return zeroAtMinusInfinity(f32x4.mul(x, erf.normal(x)), x);
      case Activation.geluTanh:
        return geluTanh(x);
      case Activation.mish:
        return mish(x);
      case Activation.relu6:
        return clamp(x, 0, 6);
      case Activation.hardSilu:
        return zeroAtMinusInfinity(f32x4.mul(x, clamp(plus(f32x4.div(x, f32x4.splat(6)), 0.5), 0, 1)), x);
      case Activation.celu: {
        const below = times(expMinusOne(f32x4.pmin(f32x4.div(x, f32x4.splat(alpha)), f32x4.splat(0))), alpha);
        return where(x, below, x, 0);
      }
      case Activation.tanhShrink:
        return f32x4.sub(x, tanh.of(x));
      case Activation.hardTanh:
        return clamp(x, -1, 1);
      case Activation.hardShrink:
        return hardShrink(x, alpha);
      case Activation.softShrink:
        return softShrink(x, alpha);
      case Activation.logSigmoid:
        return f32x4.neg(softplus(f32x4.neg(x)));
      case Activation.squareplus:
        return squareplus(x, alpha);
      case Activation.sparsePlus:
        return sparsePlus(x);
      case Activation.sparseSigmoid:
        return clamp(times(plus(x, 1), 0.5), 0, 1);
      case Activation.threshold:
        return v128.bitselect(x, f32x4.splat(beta), v128.or(f32x4.gt(x, f32x4.splat(alpha)), f32x4.ne(x, x)));
      case Activation.affine:
        return plus(times(x, alpha), beta);
      case Activation.square:
        return f32x4.mul(x, x);
      case Activation.sqrt:
        return f32x4.sqrt(x);
      case Activation.rsqrt:
        return f32x4.div(f32x4.splat(1), f32x4.sqrt(x));
      case Activation.abs:
        return f32x4.abs(x);
      case Activation.negative:
        return f32x4.neg(x);
      case Activation.log:
        return log.of(x);
      case Activation.reciprocal:
        return f32x4.div(f32x4.splat(1), x);
      case Activation.erf:
        return erf.of(x);
      case Activation.floor:
        return f32x4.floor(x);
      case Activation.ceil:
        return f32x4.ceil(x);
      case Activation.round:
        return f32x4.nearest(x);
      case Activation.sin:
        return sine(x);
      case Activation.cos:
        return cosine(x);
      case Activation.leakyRelu02:
        return relu(x, 0.2, Infinity, 0);
      default:
        return x;
    }
  }
}
