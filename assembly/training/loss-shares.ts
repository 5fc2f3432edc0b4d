import { at, put } from "./loss-numbers";

/**
 * The share of each row in a reduced loss: coef [count] out. weights [count] or 0 · mask, other: bytes [count] or 0, both
 * must be on · reduction: 0 mean over the rows that are on, 1 sum, 2 mean by weights, 3 mean over all rows, 4 mean over the
 * rows that are on and, of those of all rows, whose weight is not zero.
 */
export function lossShares(coef: usize, weights: usize, mask: usize, other: usize, count: i32, reduction: i32): void {
  let on: f64 = 0;
  let sum: f64 = 0;
  let weighted: f64 = 0;
  for (let i = 0; i < count; i++) {
    const kept = (!mask || load<u8>(mask + <usize>i)) && (!other || load<u8>(other + <usize>i));
    const weight = kept ? (weights ? at(weights, i) : 1) : 0;
    on += kept ? 1 : 0;
    sum += weight;
    weighted += !weights || at(weights, i) !== 0 ? 1 : 0;
    put(coef, i, weight);
  }
  let under: f64 = 1;
  if (reduction === 0) under = on;
  if (reduction === 2) under = sum;
  if (reduction === 3) under = count;
  if (reduction === 4) under = (on * weighted) / count;
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
