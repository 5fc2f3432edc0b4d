import { categorical, categoricalHinge, cosine, ofClass, ofLogits } from "./class-losses";
import { element, elementLoss, Loss } from "./element-loss";
import { at, put } from "./loss-numbers";

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
  if ((kind === Loss.hinge || kind === Loss.squaredHinge) && b > 0) hingeShift = isBinary(target, rows * width);
  for (let row = 0; row < rows; row++) {
    const p = pred + ((<usize>(row * width)) << 2);
    const t: usize = sparse ? 0 : target + ((<usize>(row * width)) << 2);
    const g = grad ? grad + ((<usize>(row * width)) << 2) : 0;
    const weight = at(coef, row) * scale;
    const label = sparse ? <i32>at(target, row) : 0;
    let value: f64 = 0;
    switch (kind) {
      case Loss.categoricalCrossentropy:
      case Loss.categoricalFocalCrossentropy:
        value = categorical(kind, g, p, t, width, weight, a, b, c);
        break;
      case Loss.sparseCategoricalCrossentropy:
        value = ofClass(g, p, label, width, weight);
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
