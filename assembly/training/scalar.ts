/*
 * Functions of one number in double precision, the same bits on every engine: learning-rate schedules and metrics call
 * them, since an engine's own Math.exp and its like may differ in the last bits.
 */

export function exp64(x: f64): f64 {
  return Math.exp(x);
}

export function log64(x: f64): f64 {
  return Math.log(x);
}

export function pow64(x: f64, y: f64): f64 {
  return x ** y;
}

export function cos64(x: f64): f64 {
  return Math.cos(x);
}
