/** Keras' epsilon: probabilities are clipped to [EPSILON, TOP], 1 − ε as float32 has it. */
export const EPSILON: f64 = 1e-7;
export const TOP: f64 = 0.9999998807907104;

/** Float `i` of an array. */
export function at(base: usize, i: i32): f64 {
  return load<f32>(base + ((<usize>i) << 2));
}

/** Sets float `i` of an array, rounded. */
export function put(base: usize, i: i32, value: f64): void {
  store<f32>(base + ((<usize>i) << 2), <f32>value);
}

/** x, or the end of [low, high] that it is beyond. */
export function clip(x: f64, low: f64, high: f64): f64 {
  return x < low ? low : x > high ? high : x;
}
