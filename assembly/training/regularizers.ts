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
 * Adds factor/2 · Σ_{i≠j} |uᵢ·uⱼ| / pairs to the float at `loss`, where u are the rows (or columns) of w [rows, columns]
 * at length 1, and its gradient to g (0 for none).
 *
 * @param scratch - rows·columns + rows + columns doubles.
 */
export function regularizeOrthogonal(
  loss: usize,
  g: usize,
  w: usize,
  scratch: usize,
  rows: i32,
  columns: i32,
  byRows: i32,
  factor: f32,
): void {
  const count = byRows ? rows : columns;
  const length = byRows ? columns : rows;
  const between = (<usize>(byRows ? columns : i32(1))) << 2;
  const along = (<usize>(byRows ? i32(1) : columns)) << 2;
  const inverses = scratch + ((<usize>(count * length)) << 3);
  const pull = inverses + ((<usize>count) << 3);
  const bytes = (<usize>length) << 3;
  for (let i: usize = 0; i < <usize>count; i++) {
    let sum: f64 = 0;
    for (let k: usize = 0; k < <usize>length; k++) {
      const v = <f64>load<f32>(w + i * between + k * along);
      sum += v * v;
    }
    const inverse = Math.min(1 / Math.sqrt(sum), 1e12);
    store<f64>(inverses + (i << 3), inverse);
    for (let k: usize = 0; k < <usize>length; k++) {
      store<f64>(scratch + i * bytes + (k << 3), <f64>load<f32>(w + i * between + k * along) * inverse);
    }
  }
  let total: f64 = 0;
  const pairs = (<f64>count * (<f64>count - 1)) / 2;
  const share = <f64>factor / pairs;
  for (let i: usize = 0; i < <usize>count; i++) {
    const own = scratch + i * bytes;
    memory.fill(pull, 0, bytes);
    for (let j: usize = 0; j < <usize>count; j++) {
      if (j === i) continue;
      const other = scratch + j * bytes;
      let dot: f64 = 0;
      for (let k: usize = 0; k < bytes; k += 8) dot += load<f64>(own + k) * load<f64>(other + k);
      total += Math.abs(dot);
      if (!g || dot === 0) continue;
      const sign: f64 = dot > 0 ? 1 : -1;
      for (let k: usize = 0; k < bytes; k += 8) store<f64>(pull + k, load<f64>(pull + k) + sign * load<f64>(other + k));
    }
    if (!g) continue;
    let inside: f64 = 0;
    for (let k: usize = 0; k < bytes; k += 8) inside += load<f64>(pull + k) * load<f64>(own + k);
    const scale = share * load<f64>(inverses + (i << 3));
    for (let k: usize = 0; k < <usize>length; k++) {
      const at = g + i * between + k * along;
      const change = load<f64>(pull + (k << 3)) - inside * load<f64>(own + (k << 3));
      store<f32>(at, <f32>(<f64>load<f32>(at) + scale * change));
    }
  }
  store<f32>(loss, <f32>(<f64>load<f32>(loss) + share * 0.5 * total));
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
