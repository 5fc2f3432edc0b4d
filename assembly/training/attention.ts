/** Additive attention: s [batch, queries, keys] = Σ scale ⊙ tanh(q + k); scale [width] or 0. t keeps the tanh. */
export function additiveScores(
  s: usize,
  t: usize,
  q: usize,
  k: usize,
  scale: usize,
  batch: i32,
  queries: i32,
  keys: i32,
  width: i32,
): void {
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < queries; i++) {
      for (let j = 0; j < keys; j++) {
        let sum: f64 = 0;
        for (let c = 0; c < width; c++) {
          const left = load<f32>(q + ((<usize>((b * queries + i) * width + c)) << 2));
          const right = load<f32>(k + ((<usize>((b * keys + j) * width + c)) << 2));
          const v = Math.tanh(<f64>left + <f64>right);
          store<f32>(t, <f32>v);
          t += 4;
          sum += v * (scale ? <f64>load<f32>(scale + ((<usize>c) << 2)) : 1);
        }
        store<f32>(s, <f32>sum);
        s += 4;
      }
    }
  }
}

/** The way back: dq, dk (zeroed) and dScale (0 for none) are added to. */
export function additiveScoresGradient(
  dq: usize,
  dk: usize,
  dScale: usize,
  ds: usize,
  t: usize,
  scale: usize,
  batch: i32,
  queries: i32,
  keys: i32,
  width: i32,
): void {
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < queries; i++) {
      for (let j = 0; j < keys; j++) {
        const d = load<f32>(ds);
        ds += 4;
        for (let c = 0; c < width; c++) {
          const v = load<f32>(t);
          t += 4;
          const at = (<usize>c) << 2;
          if (dScale) store<f32>(dScale + at, load<f32>(dScale + at) + d * v);
          const inner = d * (scale ? load<f32>(scale + at) : 1) * (1 - v * v);
          const left = dq + ((<usize>((b * queries + i) * width + c)) << 2);
          const right = dk + ((<usize>((b * keys + j) * width + c)) << 2);
          store<f32>(left, load<f32>(left) + inner);
          store<f32>(right, load<f32>(right) + inner);
        }
      }
    }
  }
}

/**
 * p = softmax(s) over keys, both [batch, heads, queries, keys]. Keys that keyMask [batch, keys] hides, whole rows that
 * queryMask [batch, queries] hides (0 for none), and later keys if causal, get −1e9 first.
 */
export function attentionWeights(
  p: usize,
  s: usize,
  keyMask: usize,
  queryMask: usize,
  batch: i32,
  heads: i32,
  queries: i32,
  keys: i32,
  causal: i32,
): void {
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < queries; i++) {
        let top: f64 = -Infinity;
        for (let j = 0; j < keys; j++) {
          const rowHidden = queryMask !== 0 && !load<u8>(queryMask + <usize>(b * queries + i));
          const hidden =
            rowHidden || (causal && j > i) || (keyMask !== 0 && !load<u8>(keyMask + <usize>(b * keys + j)));
          const v = load<f32>(s + ((<usize>j) << 2)) - (hidden ? <f32>1e9 : <f32>0);
          store<f32>(p + ((<usize>j) << 2), v);
          top = Math.max(top, v);
        }
        let sum: f64 = 0;
        for (let j = 0; j < keys; j++) sum += Math.exp(<f64>load<f32>(p + ((<usize>j) << 2)) - top);
        for (let j = 0; j < keys; j++) {
          const at = p + ((<usize>j) << 2);
          store<f32>(at, <f32>(Math.exp(<f64>load<f32>(at) - top) / sum));
        }
        s += (<usize>keys) << 2;
        p += (<usize>keys) << 2;
      }
    }
  }
}
