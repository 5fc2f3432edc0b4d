/** Adds l1·Σ|w| + l2·Σw² (times scale) to the float at `loss`, and its gradient to g (0 for none). */
export function regularize(loss: usize, g: usize, w: usize, count: i32, l1: f32, l2: f32, scale: f32): void {
  let sum1: f64 = 0;
  let sum2: f64 = 0;
  for (let i: usize = 0; i < (<usize>count) << 2; i += 4) {
    const v = load<f32>(w + i);
    sum1 += Math.abs(<f64>v);
    sum2 += <f64>v * <f64>v;
    if (g) {
      const sign: f32 = v > 0 ? 1 : v < 0 ? -1 : 0;
      store<f32>(g + i, load<f32>(g + i) + scale * (l1 * sign + 2 * l2 * v));
    }
  }
  store<f32>(loss, <f32>(<f64>load<f32>(loss) + <f64>scale * (<f64>l1 * sum1 + <f64>l2 * sum2)));
}

/**
 * Keras' norm constraints along one axis of w [outer, axis, inner]: w ·= target / (ε + norm), where target is the norm
 * cut to [low, high], blended with the norm by rate. maxNorm: low 0; unitNorm: low = high = 1, rate 1.
 */
export function constrainNorm(w: usize, outer: i32, axis: i32, inner: i32, low: f32, high: f32, rate: f32): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const first = w + ((<usize>(o * axis * inner + i)) << 2);
      let sum: f64 = 0;
      for (let k = 0; k < axis; k++) {
        const v = <f64>load<f32>(first + ((<usize>(k * inner)) << 2));
        sum += v * v;
      }
      const norm = Math.sqrt(sum);
      const cut = Math.max(<f64>low, Math.min(<f64>high, norm));
      const factor = (<f64>rate * cut + (1 - <f64>rate) * norm) / (1e-7 + norm);
      for (let k = 0; k < axis; k++) {
        const at = first + ((<usize>(k * inner)) << 2);
        store<f32>(at, <f32>(<f64>load<f32>(at) * factor));
      }
    }
  }
}

/** Negative weights become zero. */
export function constrainNonNegative(w: usize, count: i32): void {
  for (let i: usize = 0; i < (<usize>count) << 2; i += 4) if (load<f32>(w + i) < 0) store<f32>(w + i, 0);
}
