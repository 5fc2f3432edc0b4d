/*
 * Update rules. Every array holds `count` floats, a multiple of 4 (padding is zero and stays so). `rate` points at
 * float32 numbers of this step that the host has set: [0] the step size, [1], [2] what a rule needs beside.
 */

/** p −= rate · g. */
export function sgd(p: usize, g: usize, count: i32, rate: usize): void {
  const lr = v128.load32_splat(rate);
  for (const end = p + ((<usize>count) << 2); p < end; p += 16, g += 16) {
    v128.store(p, f32x4.sub(v128.load(p), f32x4.mul(lr, v128.load(g))));
  }
}

/** v = momentum·v − rate·g; p += v, or with nesterov p += momentum·v − rate·g. */
export function sgdMomentum(p: usize, g: usize, v: usize, count: i32, rate: usize, momentum: f32, nesterov: i32): void {
  const lr = v128.load32_splat(rate);
  const mu = f32x4.splat(momentum);
  for (const end = p + ((<usize>count) << 2); p < end; p += 16, g += 16, v += 16) {
    const push = f32x4.mul(lr, v128.load(g));
    const velocity = f32x4.sub(f32x4.mul(mu, v128.load(v)), push);
    v128.store(v, velocity);
    const move = nesterov ? f32x4.sub(f32x4.mul(mu, velocity), push) : velocity;
    v128.store(p, f32x4.add(v128.load(p), move));
  }
}

/**
 * a = ρa + (1 − ρ)g²; with `mean` also the mean gradient; step rate·g/√(a − mean² + ε), with `outside` /(√a + ε);
 * with `velocity` through momentum. `mean` and `velocity` may be 0.
 */
export function rmsprop(
  p: usize,
  g: usize,
  a: usize,
  mean: usize,
  velocity: usize,
  count: i32,
  rate: usize,
  rho: f32,
  momentum: f32,
  epsilon: f32,
  outside: i32,
): void {
  const lr = v128.load32_splat(rate);
  const decay = f32x4.splat(rho);
  const rest = f32x4.splat(1 - rho);
  const eps = f32x4.splat(epsilon);
  const mu = f32x4.splat(momentum);
  for (let i: usize = 0; i < (<usize>count) << 2; i += 16) {
    const d = v128.load(g + i);
    const square = f32x4.add(f32x4.mul(decay, v128.load(a + i)), f32x4.mul(rest, f32x4.mul(d, d)));
    v128.store(a + i, square);
    let under = square;
    if (mean) {
      const m = f32x4.add(f32x4.mul(decay, v128.load(mean + i)), f32x4.mul(rest, d));
      v128.store(mean + i, m);
      under = f32x4.sub(square, f32x4.mul(m, m));
    }
    const root = outside ? f32x4.add(f32x4.sqrt(under), eps) : f32x4.sqrt(f32x4.add(under, eps));
    let move = f32x4.div(f32x4.mul(lr, d), root);
    if (velocity) {
      move = f32x4.add(f32x4.mul(mu, v128.load(velocity + i)), move);
      v128.store(velocity + i, move);
    }
    v128.store(p + i, f32x4.sub(v128.load(p + i), move));
  }
}

/** a += g²; p −= rate·g/√(a + ε), with `outside` /(√a + ε). */
export function adagrad(p: usize, g: usize, a: usize, count: i32, rate: usize, epsilon: f32, outside: i32): void {
  const lr = v128.load32_splat(rate);
  const eps = f32x4.splat(epsilon);
  for (let i: usize = 0; i < (<usize>count) << 2; i += 16) {
    const d = v128.load(g + i);
    const sum = f32x4.add(v128.load(a + i), f32x4.mul(d, d));
    v128.store(a + i, sum);
    const root = outside ? f32x4.add(f32x4.sqrt(sum), eps) : f32x4.sqrt(f32x4.add(sum, eps));
    v128.store(p + i, f32x4.sub(v128.load(p + i), f32x4.div(f32x4.mul(lr, d), root)));
  }
}

/** a = ρa + (1 − ρ)g²; u = g·√(d + ε)/√(a + ε); d = ρd + (1 − ρ)u²; p −= rate·u. */
export function adadelta(
  p: usize,
  g: usize,
  a: usize,
  d: usize,
  count: i32,
  rate: usize,
  rho: f32,
  epsilon: f32,
): void {
  const lr = v128.load32_splat(rate);
  const decay = f32x4.splat(rho);
  const rest = f32x4.splat(1 - rho);
  const eps = f32x4.splat(epsilon);
  for (let i: usize = 0; i < (<usize>count) << 2; i += 16) {
    const gradient = v128.load(g + i);
    const square = f32x4.add(f32x4.mul(decay, v128.load(a + i)), f32x4.mul(rest, f32x4.mul(gradient, gradient)));
    v128.store(a + i, square);
    const before = v128.load(d + i);
    const ratio = f32x4.div(f32x4.sqrt(f32x4.add(before, eps)), f32x4.sqrt(f32x4.add(square, eps)));
    const u = f32x4.mul(gradient, ratio);
    v128.store(d + i, f32x4.add(f32x4.mul(decay, before), f32x4.mul(rest, f32x4.mul(u, u))));
    v128.store(p + i, f32x4.sub(v128.load(p + i), f32x4.mul(lr, u)));
  }
}

/** Adam's moments, then p −= (rate[0]·g + rate[1]·m) / (√(rate[2]·v) + ε). */
export function nadam(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  count: i32,
  rate: usize,
  rest1: f32,
  rest2: f32,
  epsilon: f32,
): void {
  const ofGradient = v128.load32_splat(rate);
  const ofMean = v128.load32_splat(rate, 4);
  const ofSquare = v128.load32_splat(rate, 8);
  const share1 = f32x4.splat(rest1);
  const share2 = f32x4.splat(rest2);
  const eps = f32x4.splat(epsilon);
  for (let i: usize = 0; i < (<usize>count) << 2; i += 16) {
    const d = v128.load(g + i);
    const m0 = v128.load(m + i);
    const v0 = v128.load(v + i);
    const m1 = f32x4.add(m0, f32x4.mul(f32x4.sub(d, m0), share1));
    const v1 = f32x4.add(v0, f32x4.mul(f32x4.sub(f32x4.mul(d, d), v0), share2));
    v128.store(m + i, m1);
    v128.store(v + i, v1);
    const top = f32x4.add(f32x4.mul(ofGradient, d), f32x4.mul(ofMean, m1));
    const move = f32x4.div(top, f32x4.add(f32x4.sqrt(f32x4.mul(ofSquare, v1)), eps));
    v128.store(p + i, f32x4.sub(v128.load(p + i), move));
  }
}

/** m += (g − m)(1 − β₁); u = max(β₂u, |g|); p −= rate·m/(u + ε). */
export function adamax(
  p: usize,
  g: usize,
  m: usize,
  u: usize,
  count: i32,
  rate: usize,
  rest1: f32,
  beta2: f32,
  epsilon: f32,
): void {
  const lr = v128.load32_splat(rate);
  const share1 = f32x4.splat(rest1);
  const decay = f32x4.splat(beta2);
  const eps = f32x4.splat(epsilon);
  for (let i: usize = 0; i < (<usize>count) << 2; i += 16) {
    const d = v128.load(g + i);
    const m0 = v128.load(m + i);
    const m1 = f32x4.add(m0, f32x4.mul(f32x4.sub(d, m0), share1));
    const peak = f32x4.max(f32x4.mul(decay, v128.load(u + i)), f32x4.abs(d));
    v128.store(m + i, m1);
    v128.store(u + i, peak);
    v128.store(p + i, f32x4.sub(v128.load(p + i), f32x4.div(f32x4.mul(lr, m1), f32x4.add(peak, eps))));
  }
}

/** p −= rate·sign(β₁m + (1 − β₁)g); m = β₂m + (1 − β₂)g. */
export function lion(p: usize, g: usize, m: usize, count: i32, rate: usize, beta1: f32, beta2: f32): void {
  const lr = load<f32>(rate);
  for (let i: usize = 0; i < (<usize>count) << 2; i += 4) {
    const d = load<f32>(g + i);
    const mean = load<f32>(m + i);
    const direction = mean * beta1 + d * (1 - beta1);
    const sign: f32 = direction > 0 ? 1 : direction < 0 ? -1 : 0;
    store<f32>(p + i, load<f32>(p + i) - lr * sign);
    store<f32>(m + i, mean * beta2 + d * (1 - beta2));
  }
}

/** Follow the regularized leader; `power` is the (negative) power of the rate; beta / (2·rate) adds to l2. */
export function ftrl(
  p: usize,
  g: usize,
  a: usize,
  z: usize,
  count: i32,
  rate: usize,
  power: f32,
  l1: f32,
  l2: f32,
  shrinkage: f32,
  beta: f32,
): void {
  const lr = <f64>load<f32>(rate);
  for (let i: usize = 0; i < (<usize>count) << 2; i += 4) {
    const w = <f64>load<f32>(p + i);
    const d = <f64>load<f32>(g + i);
    const before = <f64>load<f32>(a + i);
    const after = before + d * d;
    const oldPower = before ** -(<f64>power);
    const newPower = after ** -(<f64>power);
    const linear = <f64>load<f32>(z + i) + d + 2 * <f64>shrinkage * w - ((newPower - oldPower) / lr) * w;
    const clipped = Math.max(Math.min(linear, <f64>l1), -(<f64>l1));
    store<f32>(a + i, <f32>after);
    store<f32>(z + i, <f32>linear);
    const under = (newPower + <f64>beta) / lr + 2 * <f64>l2;
    // The padding has a zero accumulator only if its start was zero; it must stay zero in any case.
    store<f32>(p + i, under > 0 ? <f32>((clipped - linear) / under) : 0);
  }
}

/** p −= p · rate[at]: decoupled weight decay. */
export function decayWeights(p: usize, count: i32, rate: usize): void {
  const factor = v128.load32_splat(rate);
  for (const end = p + ((<usize>count) << 2); p < end; p += 16) {
    const w = v128.load(p);
    v128.store(p, f32x4.sub(w, f32x4.mul(w, factor)));
  }
}

/** Adds Σ g² to the double at `sum`, first element first. */
export function addSquares(sum: usize, g: usize, count: i32): void {
  let total = load<f64>(sum);
  for (let i: usize = 0; i < (<usize>count) << 2; i += 4) {
    const d = <f64>load<f32>(g + i);
    total += d * d;
  }
  store<f64>(sum, total);
}

/** Scales g so that a norm √sum above `limit` becomes `limit`. */
export function clipNorm(g: usize, sum: usize, limit: f32, count: i32): void {
  const norm = Math.sqrt(load<f64>(sum));
  if (norm <= limit) return;
  const factor = f32x4.splat(<f32>(<f64>limit / norm));
  for (const end = g + ((<usize>count) << 2); g < end; g += 16) v128.store(g, f32x4.mul(v128.load(g), factor));
}

/** Cuts g to ±limit. */
export function clipValues(g: usize, limit: f32, count: i32): void {
  const high = f32x4.splat(limit);
  const low = f32x4.splat(-limit);
  for (const end = g + ((<usize>count) << 2); g < end; g += 16) {
    v128.store(g, f32x4.max(f32x4.min(v128.load(g), high), low));
  }
}

/** 1 if every float is finite. */
export function allFinite(x: usize, count: i32): i32 {
  const end = x + ((<usize>count) << 2);
  let sum = f32x4.splat(0);
  // x − x is 0, or NaN where x is not finite, and stays so in every sum.
  for (; x + 16 <= end; x += 16) {
    const v = v128.load(x);
    sum = f32x4.add(sum, f32x4.sub(v, v));
  }
  for (; x < end; x += 4) {
    const v = load<f32>(x);
    if (v - v !== 0) return 0;
  }
  return v128.any_true(sum) ? 0 : 1;
}
