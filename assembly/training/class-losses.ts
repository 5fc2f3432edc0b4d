import { Loss } from "./element-loss";
import { at, clip, EPSILON, put, TOP } from "./loss-numbers";

/** Probabilities in `p` divided by their sum: loss and gradient of −Σ t·log p, or of its focal form. */
export function categorical(
  kind: i32,
  grad: usize,
  p: usize,
  t: usize,
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
    const target = targetOf(t, 0, i, width, smoothing);
    const raw = at(p, i) / sum;
    const q = clip(raw, EPSILON, TOP);
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

/** Loss −log(q[label] / Σ q) of probabilities clipped to q, and its gradient. */
export function ofClass(grad: usize, p: usize, label: i32, width: i32, scale: f64): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < width; i++) sum += clip(at(p, i), EPSILON, TOP);
  if (grad) {
    for (let i = 0; i < width; i++) {
      const raw = at(p, i);
      const inside = clip(raw, EPSILON, TOP) === raw;
      put(grad, i, inside ? (1 / sum - (i === label ? 1 / raw : 0)) * scale : 0);
    }
  }
  return Math.log(sum) - Math.log(clip(at(p, label), EPSILON, TOP));
}

/** Loss and gradient of −Σ t·log softmax(z). */
export function ofLogits(grad: usize, z: usize, t: usize, label: i32, width: i32, scale: f64, smoothing: f64): f64 {
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

/** max(0, 1 + the greatest p of a wrong class − Σ t·p) and its gradient: the first of equally great ones takes it. */
export function categoricalHinge(grad: usize, p: usize, t: usize, width: i32, scale: f64): f64 {
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

/** −p·t / (‖p‖·‖t‖) and its gradient; norms are at least EPSILON. */
export function cosine(grad: usize, p: usize, t: usize, width: i32, scale: f64): f64 {
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
