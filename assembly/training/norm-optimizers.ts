/*
 * Update rules that measure a whole weight. Sums are float64, first element first; what is stored is float32. `rate` points
 * at float32 numbers of this step that the host has set.
 */
import { at, put } from "./loss-numbers";

/** The root of the mean square of x [count]. */
function rootMeanSquare(x: usize, count: i32): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) sum += at(x, i) * at(x, i);
  return Math.sqrt(sum / count);
}

/**
 * Adafactor. p, g, v [outer, rows, columns] · r [outer, rows] and c [outer, columns], or both 0: v is not factored ·
 * rate: [0] ρ, the step size, [1] β.
 *
 * r = βr + (1 − β)·mean of g² + ε₁ over columns, c the same over rows, v = (r / mean r)·c; without them
 * v = βv + (1 − β)(g² + ε₁). u = g/√v, p −= ρ·max(ε₂, rms p)·u / max(1, rms u / threshold).
 */
export function adafactor(
  p: usize,
  g: usize,
  r: usize,
  c: usize,
  v: usize,
  outer: i32,
  rows: i32,
  columns: i32,
  rate: usize,
  epsilon1: f32,
  epsilon2: f32,
  threshold: f32,
): void {
  const rho = at(rate, 0);
  const beta = at(rate, 1);
  const rest = 1 - beta;
  const least = <f64>epsilon1;
  const size = rows * columns;
  const count = outer * size;
  for (let matrix = 0; r && matrix < outer; matrix++) {
    const first = matrix * size;
    let mean: f64 = 0;
    for (let row = 0; row < rows; row++) {
      let sum: f64 = 0;
      for (let i = first + row * columns; i < first + (row + 1) * columns; i++) sum += at(g, i) * at(g, i) + least;
      const own = matrix * rows + row;
      put(r, own, beta * at(r, own) + (rest * sum) / columns);
      mean += at(r, own);
    }
    mean /= rows;
    for (let column = 0; column < columns; column++) {
      let sum: f64 = 0;
      for (let i = first + column; i < first + size; i += columns) sum += at(g, i) * at(g, i) + least;
      const own = matrix * columns + column;
      put(c, own, beta * at(c, own) + (rest * sum) / rows);
      for (let row = 0; row < rows; row++) {
        put(v, first + row * columns + column, (at(r, matrix * rows + row) / mean) * at(c, own));
      }
    }
  }
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) {
    if (!r) put(v, i, beta * at(v, i) + rest * (at(g, i) * at(g, i) + least));
    sum += (at(g, i) * at(g, i)) / at(v, i);
  }
  const alpha = rho * Math.max(<f64>epsilon2, rootMeanSquare(p, count));
  const factor = alpha / Math.max(1, Math.sqrt(sum / count) / <f64>threshold);
  for (let i = 0; i < count; i++) put(p, i, at(p, i) - (factor * at(g, i)) / Math.sqrt(at(v, i)));
}

/**
 * LAMB: Adam's moments m and v, u = rate[1]·m / (√(rate[2]·v) + ε), p −= rate[0]·(‖p‖ / ‖u‖)·u; the quotient is 1 where a
 * norm is 0. All [count], without padding.
 */
export function lamb(
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
  const ofMean = at(rate, 1);
  const ofSquare = at(rate, 2);
  let weights: f64 = 0;
  let updates: f64 = 0;
  for (let i = 0; i < count; i++) {
    const d = at(g, i);
    put(m, i, at(m, i) + (d - at(m, i)) * <f64>rest1);
    put(v, i, at(v, i) + (d * d - at(v, i)) * <f64>rest2);
    const u = (ofMean * at(m, i)) / (Math.sqrt(ofSquare * at(v, i)) + <f64>epsilon);
    weights += at(p, i) * at(p, i);
    updates += u * u;
  }
  const ratio = weights > 0 && updates > 0 ? Math.sqrt(weights) / Math.sqrt(updates) : 1;
  const step = at(rate, 0) * ratio;
  for (let i = 0; i < count; i++) {
    const u = (ofMean * at(m, i)) / (Math.sqrt(ofSquare * at(v, i)) + <f64>epsilon);
    put(p, i, at(p, i) - step * u);
  }
}
