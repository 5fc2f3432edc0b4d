/** Codes of the losses: `src/training/losses.ts` has the same table. */
export enum Loss {
  meanSquaredError = 0,
  meanAbsoluteError = 1,
  meanAbsolutePercentageError = 2,
  meanSquaredLogarithmicError = 3,
  binaryCrossentropy = 4,
  binaryCrossentropyOfLogits = 5,
  categoricalCrossentropy = 6,
  categoricalCrossentropyOfLogits = 7,
  sparseCategoricalCrossentropy = 8,
  sparseCategoricalCrossentropyOfLogits = 9,
  huber = 10,
  logCosh = 11,
  poisson = 12,
  klDivergence = 13,
  hinge = 14,
  squaredHinge = 15,
  categoricalHinge = 16,
  cosineSimilarity = 17,
  binaryFocalCrossentropy = 18,
  categoricalFocalCrossentropy = 19,
}

const EPSILON: f64 = 1e-7;

function at(base: usize, i: i32): f64 {
  return load<f32>(base + ((<usize>i) << 2));
}

function put(base: usize, i: i32, value: f64): void {
  store<f32>(base + ((<usize>i) << 2), <f32>value);
}

function clip(x: f64, low: f64, high: f64): f64 {
  return x < low ? low : x > high ? high : x;
}

function sigmoid(x: f64): f64 {
  return 1 / (1 + Math.exp(-x));
}

function softplus(x: f64): f64 {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** The loss of one element and, in `slope`, its derivative by the prediction p. */
class element {
  static slope: f64 = 0;
}

function elementLoss(kind: i32, p: f64, t: f64, a: f64, b: f64, c: f64): f64 {
  let slope: f64 = 0;
  let loss: f64 = 0;
  const e = p - t;
  switch (kind) {
    case Loss.meanSquaredError:
      slope = 2 * e;
      loss = e * e;
      break;
    case Loss.meanAbsoluteError:
      slope = e > 0 ? 1 : e < 0 ? -1 : 0;
      loss = Math.abs(e);
      break;
    case Loss.meanAbsolutePercentageError: {
      const under = Math.max(Math.abs(t), EPSILON);
      slope = ((e > 0 ? 1 : e < 0 ? -1 : 0) * 100.0) / under;
      loss = (100 * Math.abs(e)) / under;
      break;
    }
    case Loss.meanSquaredLogarithmicError: {
      const d = Math.log(Math.max(p, EPSILON) + 1) - Math.log(Math.max(t, EPSILON) + 1);
      slope = p > EPSILON ? (2 * d) / (p + 1) : 0;
      loss = d * d;
      break;
    }
    case Loss.binaryCrossentropy: {
      const target = t * (1 - a) + 0.5 * a;
      const q = clip(p, EPSILON, 1 - EPSILON);
      slope = q === p ? (q - target) / (q * (1 - q)) : 0;
      loss = -(target * Math.log(q) + (1 - target) * Math.log(1 - q));
      break;
    }
    case Loss.binaryCrossentropyOfLogits: {
      const target = t * (1 - a) + 0.5 * a;
      slope = sigmoid(p) - target;
      loss = softplus(p) - p * target;
      break;
    }
    case Loss.huber:
      if (Math.abs(e) <= a) {
        slope = e;
        loss = 0.5 * e * e;
      } else {
        slope = e > 0 ? a : -a;
        loss = a * Math.abs(e) - 0.5 * a * a;
      }
      break;
    case Loss.logCosh:
      slope = Math.tanh(e);
      loss = e + softplus(-2 * e) - 0.6931471805599453;
      break;
    case Loss.poisson:
      slope = 1 - t / (p + EPSILON);
      loss = p - t * Math.log(p + EPSILON);
      break;
    case Loss.klDivergence: {
      const target = clip(t, EPSILON, 1);
      const q = clip(p, EPSILON, 1);
      slope = q === p ? -target / q : 0;
      loss = target * Math.log(target / q);
      break;
    }
    case Loss.hinge:
    case Loss.squaredHinge: {
      const target = a > 0 ? 2 * t - 1 : t;
      const margin = Math.max(1 - target * p, 0);
      loss = kind === Loss.hinge ? margin : margin * margin;
      slope = margin > 0 ? -target * (kind === Loss.hinge ? 1 : 2 * margin) : 0;
      break;
    }
    case Loss.binaryFocalCrossentropy: {
      // a: label smoothing, b: gamma, c: alpha, or −1 without class balancing.
      const target = t * (1 - a) + 0.5 * a;
      const q = clip(p, EPSILON, 1 - EPSILON);
      const crossentropy = -(target * Math.log(q) + (1 - target) * Math.log(1 - q));
      const dCrossentropy = q === p ? (q - target) / (q * (1 - q)) : 0;
      const right = target * p + (1 - target) * (1 - p);
      const factor = (1 - right) ** b;
      const dFactor = b === 0 ? 0 : -b * (1 - right) ** (b - 1) * (2 * target - 1);
      const balance = c >= 0 ? target * c + (1 - target) * (1 - c) : 1;
      loss = balance * factor * crossentropy;
      slope = balance * (factor * dCrossentropy + dFactor * crossentropy);
      break;
    }
    default:
      break;
  }
  element.slope = slope;
  return loss;
}

/** Probabilities in `p` divided by their sum: loss and gradient of −Σ t·log p, or of its focal form. */
function categorical(
  kind: i32,
  grad: usize,
  p: usize,
  t: usize,
  label: i32,
  width: i32,
  scale: f64,
  smoothing: f64,
  gamma: f64,
  alpha: f64,
): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < width; i++) sum += at(p, i);
  let loss: f64 = 0;
  let mean: f64 = 0;
  for (let i = 0; i < width; i++) {
    const target = targetOf(t, label, i, width, smoothing);
    const raw = at(p, i) / sum;
    const q = clip(raw, EPSILON, 1 - EPSILON);
    let d: f64 = 0;
    if (kind === Loss.categoricalFocalCrossentropy) {
      const factor = (1 - q) ** gamma;
      loss -= alpha * factor * target * Math.log(q);
      d = -alpha * target * (factor / q - gamma * (1 - q) ** (gamma - 1) * Math.log(q));
    } else {
      loss -= target * Math.log(q);
      d = -target / q;
    }
    if (q !== raw) d = 0;
    mean += d * raw;
    if (grad) put(grad, i, d);
  }
  if (grad) for (let i = 0; i < width; i++) put(grad, i, ((at(grad, i) - mean) / sum) * scale);
  return loss;
}

function targetOf(t: usize, label: i32, i: i32, width: i32, smoothing: f64): f64 {
  if (t) return at(t, i) * (1 - smoothing) + smoothing / width;
  return i === label ? 1 : 0;
}

/** Loss and gradient of −Σ t·log softmax(z). */
function ofLogits(grad: usize, z: usize, t: usize, label: i32, width: i32, scale: f64, smoothing: f64): f64 {
  let top: f64 = -Infinity;
  for (let i = 0; i < width; i++) top = Math.max(top, at(z, i));
  let sum: f64 = 0;
  for (let i = 0; i < width; i++) sum += Math.exp(at(z, i) - top);
  const logSum = Math.log(sum) + top;
  let loss: f64 = 0;
  let total: f64 = 0;
  for (let i = 0; i < width; i++) {
    const target = targetOf(t, label, i, width, smoothing);
    total += target;
    if (target !== 0) loss -= target * (at(z, i) - logSum);
  }
  if (grad) {
    for (let i = 0; i < width; i++) {
      const d = Math.exp(at(z, i) - logSum) * total - targetOf(t, label, i, width, smoothing);
      put(grad, i, d * scale);
    }
  }
  return loss;
}

/**
 * Losses of rows and their gradient.
 *
 * loss [rows] out · grad [rows, width] out (0 for none), scaled by coef [rows] · scale · pred [rows, width] ·
 * target [rows, width], or [rows] for the sparse kinds · a, b, c: the loss's own numbers (smoothing, delta, gamma …).
 */
export function lossRows(
  kind: i32,
  loss: usize,
  grad: usize,
  pred: usize,
  target: usize,
  coef: usize,
  rows: i32,
  width: i32,
  scale: f64,
  a: f64,
  b: f64,
  c: f64,
): void {
  const sparse = kind === Loss.sparseCategoricalCrossentropy || kind === Loss.sparseCategoricalCrossentropyOfLogits;
  let hingeShift: f64 = 0;
  if (kind === Loss.hinge || kind === Loss.squaredHinge) hingeShift = isBinary(target, rows * width);
  for (let row = 0; row < rows; row++) {
    const p = pred + ((<usize>(row * width)) << 2);
    const t: usize = sparse ? 0 : target + ((<usize>(row * width)) << 2);
    const g = grad ? grad + ((<usize>(row * width)) << 2) : 0;
    const weight = at(coef, row) * scale;
    const label = sparse ? <i32>at(target, row) : 0;
    let value: f64 = 0;
    switch (kind) {
      case Loss.categoricalCrossentropy:
      case Loss.sparseCategoricalCrossentropy:
      case Loss.categoricalFocalCrossentropy:
        value = categorical(kind, g, p, t, label, width, weight, a, b, c);
        break;
      case Loss.categoricalCrossentropyOfLogits:
      case Loss.sparseCategoricalCrossentropyOfLogits:
        value = ofLogits(g, p, t, label, width, weight, a);
        break;
      case Loss.categoricalHinge:
        value = categoricalHinge(g, p, t, width, weight);
        break;
      case Loss.cosineSimilarity:
        value = cosine(g, p, t, width, weight);
        break;
      default: {
        const share: f64 = kind === Loss.klDivergence ? 1 : 1.0 / width;
        const first = hingeShift > 0 ? hingeShift : a;
        for (let i = 0; i < width; i++) {
          value += elementLoss(kind, at(p, i), at(t, i), first, b, c) * share;
          if (g) put(g, i, element.slope * share * weight);
        }
      }
    }
    put(loss, row, value);
  }
}

function isBinary(target: usize, count: i32): f64 {
  for (let i = 0; i < count; i++) {
    const t = at(target, i);
    if (t !== 0 && t !== 1) return 0;
  }
  return 1;
}

function categoricalHinge(grad: usize, p: usize, t: usize, width: i32, scale: f64): f64 {
  let right: f64 = 0;
  let wrong: f64 = -Infinity;
  let place = 0;
  for (let i = 0; i < width; i++) {
    right += at(t, i) * at(p, i);
    const other = (1 - at(t, i)) * at(p, i);
    if (other > wrong) {
      wrong = other;
      place = i;
    }
  }
  const value = wrong - right + 1;
  if (grad) {
    for (let i = 0; i < width; i++) {
      const d = (i === place ? 1 - at(t, i) : 0) - at(t, i);
      put(grad, i, value > 0 ? d * scale : 0);
    }
  }
  return Math.max(value, 0);
}

function cosine(grad: usize, p: usize, t: usize, width: i32, scale: f64): f64 {
  let pp: f64 = 0;
  let tt: f64 = 0;
  let pt: f64 = 0;
  for (let i = 0; i < width; i++) {
    pp += at(p, i) * at(p, i);
    tt += at(t, i) * at(t, i);
    pt += at(p, i) * at(t, i);
  }
  const norm = Math.max(Math.sqrt(pp), EPSILON);
  const other = Math.max(Math.sqrt(tt), EPSILON);
  const value = pt / (norm * other);
  if (grad) {
    for (let i = 0; i < width; i++) {
      const d = at(t, i) / (norm * other) - (value * at(p, i)) / (norm * norm);
      put(grad, i, -d * scale);
    }
  }
  return -value;
}

/**
 * The share of each row in a reduced loss: coef [count] out. weights [count] or 0 · mask, other: bytes [count] or 0, both
 * must be on · reduction: 0 mean over the rows that are on, 1 sum, 2 mean by weights.
 */
export function lossShares(coef: usize, weights: usize, mask: usize, other: usize, count: i32, reduction: i32): void {
  let on: f64 = 0;
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) {
    const kept = (!mask || load<u8>(mask + <usize>i)) && (!other || load<u8>(other + <usize>i));
    const weight = kept ? (weights ? at(weights, i) : 1) : 0;
    on += kept ? 1 : 0;
    sum += weight;
    put(coef, i, weight);
  }
  const under = reduction === 0 ? on : reduction === 2 ? sum : 1;
  for (let i = 0; i < count; i++) put(coef, i, under > 0 ? at(coef, i) / under : 0);
}

/** out [count] bytes: 1 where the label is not `ignored`. */
export function labelMask(out: usize, labels: usize, count: i32, ignored: f32): void {
  for (let i = 0; i < count; i++) store<u8>(out + <usize>i, load<f32>(labels + ((<usize>i) << 2)) !== ignored ? 1 : 0);
}

/** The float at `total` = Σ loss · coef, first row first. */
export function lossTotal(total: usize, loss: usize, coef: usize, count: i32): void {
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) {
    const share = at(coef, i);
    if (share !== 0) sum += at(loss, i) * share;
  }
  store<f32>(total, <f32>sum);
}
