import { Activation } from "../math/activations";
import { exp } from "../math/exp";
import { lanes } from "./lanes";

function between(y: v128, low: f32, high: f32, slope: f32): v128 {
  const within = v128.and(f32x4.gt(y, f32x4.splat(low)), f32x4.lt(y, f32x4.splat(high)));
  return v128.and(within, f32x4.splat(slope));
}

/**
 * The derivative of an activation where its output y tells it: the codes that `src/training/slopes.ts` lists.
 * Parameters have their defaults but for alpha.
 */
export class slopes {
  /** The same where tanh and sigmoid are the rule: they are told without a call. */
  @inline
  static usual(code: i32, y: v128, alpha: f32): v128 {
    const one = f32x4.splat(1);
    return code === Activation.tanh
      ? f32x4.sub(one, f32x4.mul(y, y))
      : code === Activation.sigmoid
        ? f32x4.mul(y, f32x4.sub(one, y))
        : slopes.ofOutput(code, y, alpha);
  }

  static ofOutput(code: i32, y: v128, alpha: f32): v128 {
    const one = f32x4.splat(1);
    switch (code) {
      case Activation.tanh:
        return f32x4.sub(one, f32x4.mul(y, y));
      case Activation.sigmoid:
        return f32x4.mul(y, f32x4.sub(one, y));
      case Activation.hardSigmoid02:
        return between(y, 0, 1, 0.2);
      case Activation.hardSigmoid6:
        return between(y, 0, 1, 1.0 / 6.0);
      case Activation.relu:
        return v128.bitselect(one, f32x4.splat(alpha), f32x4.gt(y, f32x4.splat(0)));
      case Activation.elu:
        return v128.bitselect(one, f32x4.add(y, f32x4.splat(alpha)), f32x4.gt(y, f32x4.splat(0)));
      case Activation.selu: {
        const below = f32x4.add(y, f32x4.splat(1.0507009873554805 * 1.6732632423543772));
        return v128.bitselect(f32x4.splat(1.0507009873554805), below, f32x4.ge(y, f32x4.splat(0)));
      }
      case Activation.softplus:
        return f32x4.sub(one, exp.of(f32x4.neg(y)));
      case Activation.logSigmoid:
        return f32x4.sub(one, exp.of(y));
      case Activation.softsign: {
        const t = f32x4.sub(one, f32x4.abs(y));
        return f32x4.mul(t, t);
      }
      case Activation.exponential:
        return y;
      case Activation.relu6:
        return between(y, 0, 6, 1);
      case Activation.hardTanh:
        return between(y, -1, 1, 1);
      case Activation.sparseSigmoid:
        return between(y, 0, 1, 0.5);
      default:
        return one;
    }
  }
}

/** dx = dy · f'(x), told by the output y. All [count]; dx may be dy. */
export function activationGradient(dx: usize, dy: usize, y: usize, count: i32, code: i32, alpha: f32): void {
  for (let left = count; left > 0; left -= 4) {
    lanes.store(dx, f32x4.mul(lanes.load(dy, left), slopes.ofOutput(code, lanes.load(y, left), alpha)), left);
    dx += 16;
    dy += 16;
    y += 16;
  }
}

/** The derivative at x of the activations whose output does not tell it. */
function slopeOfInput(code: i32, x: f64, alpha: f64, beta: f64, gamma: f64): f64 {
  switch (code) {
    case Activation.relu:
      return x >= beta ? 0 : x >= gamma && x > 0 ? 1 : x < gamma ? alpha : x >= gamma && gamma < 0 ? 1 : alpha;
    case Activation.silu: {
      const s = 1 / (1 + Math.exp(-x));
      return s * (1 + x * (1 - s));
    }
    case Activation.gelu: {
      const step = x * 0.7071067811865476;
      return 0.5 * (1 + errorFunction(step)) + x * 0.3989422804014327 * Math.exp(-0.5 * x * x);
    }
    case Activation.geluTanh: {
      const t = Math.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x));
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * 0.7978845608028654 * (1 + 3 * 0.044715 * x * x);
    }
    case Activation.mish: {
      const s = 1 / (1 + Math.exp(-x));
      const t = Math.tanh(x > 30 ? x : Math.log1p(Math.exp(x)));
      return t + x * (1 - t * t) * s;
    }
    case Activation.hardSilu:
      return x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5;
    case Activation.celu:
      // At zero Keras' two halves, max(x, 0) and one of min(x, 0), count each in full.
      return x > 0 ? 1 : x === 0 ? 2 : Math.exp(x / alpha);
    case Activation.tanhShrink: {
      const t = Math.tanh(x);
      return t * t;
    }
    case Activation.hardShrink:
    case Activation.softShrink:
      return Math.abs(x) > alpha ? 1 : 0;
    case Activation.squareplus:
      return 0.5 * (1 + x / Math.sqrt(x * x + alpha));
    case Activation.sparsePlus:
      return x <= -1 ? 0 : x >= 1 ? 1 : (x + 1) / 2;
    case Activation.threshold:
      return x > alpha ? 1 : 0;
    case Activation.affine:
      return alpha;
    default:
      return 1;
  }
}

/** erf by its series near zero and the complementary continued fraction, in double precision. */
function errorFunction(x: f64): f64 {
  const a = Math.abs(x);
  if (a > 6) return x > 0 ? 1 : -1;
  if (a < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 60; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return sum * 1.1283791670955126;
  }
  let fraction: f64 = 0;
  for (let n = 60; n > 0; n--) fraction = (0.5 * n) / (a + fraction);
  const rest = (Math.exp(-a * a) / (a + fraction)) * 0.5641895835477563;
  return x > 0 ? 1 - rest : rest - 1;
}

/** dx = dy · f'(x), told by the input x. All [count]; dx may be dy. */
export function activationGradientOfInput(
  dx: usize,
  dy: usize,
  x: usize,
  count: i32,
  code: i32,
  alpha: f32,
  beta: f32,
  gamma: f32,
): void {
  for (let i: usize = 0; <i32>i < count; i++) {
    const slope = slopeOfInput(code, load<f32>(x + (i << 2)), alpha, beta, gamma);
    store<f32>(dx + (i << 2), <f32>(<f64>load<f32>(dy + (i << 2)) * slope));
  }
}

/** Gradient of softmax over rows: dx = y · (dy − Σ dy·y); with `isLog` of log-softmax: dx = dy − eʸ·Σ dy. */
export function softmaxGradient(dx: usize, dy: usize, y: usize, rows: i32, width: i32, isLog: i32): void {
  const bytes = (<usize>width) << 2;
  for (let row = 0; row < rows; row++) {
    let sum: f64 = 0;
    for (let i: usize = 0; i < bytes; i += 4) {
      sum += isLog ? <f64>load<f32>(dy + i) : <f64>load<f32>(dy + i) * <f64>load<f32>(y + i);
    }
    for (let i: usize = 0; i < bytes; i += 4) {
      const d = <f64>load<f32>(dy + i);
      const p = <f64>load<f32>(y + i);
      store<f32>(dx + i, <f32>(isLog ? d - Math.exp(p) * sum : p * (d - sum)));
    }
    dx += bytes;
    dy += bytes;
    y += bytes;
  }
}
