/** log(eᵃ + eᵇ). */
function joined(a: f64, b: f64): f64 {
  if (a === -Infinity) return b;
  if (b === -Infinity) return a;
  const top = Math.max(a, b);
  return top + Math.log1p(Math.exp(-Math.abs(a - b)));
}

/**
 * CTC of logits with the blank 0 and labels padded with 0, as Keras' CTC loss: every row has all its timesteps.
 *
 * loss [batch] out · grad [batch, timesteps, classes] out (0 for none), scaled by coef [batch] · scale · labels
 * [batch, maxLabels] float32 · scratch, doubles: [timesteps, classes] + 2 · [timesteps, 2 · maxLabels + 1].
 */
export function ctcLoss(
  loss: usize,
  grad: usize,
  logits: usize,
  labels: usize,
  coef: usize,
  scratch: usize,
  batch: i32,
  timesteps: i32,
  classes: i32,
  maxLabels: i32,
  scale: f64,
): void {
  const logs = scratch;
  const alphas = logs + ((<usize>(timesteps * classes)) << 3);
  const states = 2 * maxLabels + 1;
  const betas = alphas + ((<usize>(timesteps * states)) << 3);
  for (let b = 0; b < batch; b++) {
    const row = logits + ((<usize>(b * timesteps * classes)) << 2);
    const label = labels + ((<usize>(b * maxLabels)) << 2);
    logSoftmax(logs, row, timesteps, classes);
    let length = 0;
    for (let i = 0; i < maxLabels; i++) length += load<f32>(label + ((<usize>i) << 2)) !== 0 ? 1 : 0;
    const used = 2 * length + 1;
    const total = forward(alphas, logs, label, timesteps, classes, states, used);
    store<f32>(loss + ((<usize>b) << 2), <f32>-total);
    if (!grad) continue;
    backward(betas, logs, label, timesteps, classes, states, used);
    const weight = <f64>load<f32>(coef + ((<usize>b) << 2)) * scale;
    const out = grad + ((<usize>(b * timesteps * classes)) << 2);
    for (let t = 0; t < timesteps; t++) {
      for (let c = 0; c < classes; c++) {
        let sum: f64 = -Infinity;
        for (let s = 0; s < used; s++) {
          if (symbol(label, s) !== c) continue;
          const place = (<usize>(t * states + s)) << 3;
          sum = joined(sum, load<f64>(alphas + place) + load<f64>(betas + place));
        }
        const p = load<f64>(logs + ((<usize>(t * classes + c)) << 3));
        const d = total === -Infinity ? 0 : Math.exp(p) - Math.exp(sum - total);
        store<f32>(out + ((<usize>(t * classes + c)) << 2), <f32>(d * weight));
      }
    }
  }
}

function symbol(label: usize, state: i32): i32 {
  return state & 1 ? <i32>load<f32>(label + ((<usize>(state >> 1)) << 2)) : 0;
}

function logSoftmax(out: usize, x: usize, rows: i32, width: i32): void {
  for (let row = 0; row < rows; row++) {
    let top: f64 = -Infinity;
    for (let i: usize = 0; <i32>i < width; i++) top = Math.max(top, <f64>load<f32>(x + (i << 2)));
    let sum: f64 = 0;
    for (let i: usize = 0; <i32>i < width; i++) sum += Math.exp(<f64>load<f32>(x + (i << 2)) - top);
    const log = Math.log(sum) + top;
    for (let i: usize = 0; <i32>i < width; i++) store<f64>(out + (i << 3), <f64>load<f32>(x + (i << 2)) - log);
    x += (<usize>width) << 2;
    out += (<usize>width) << 3;
  }
}

function mayJump(label: usize, s: i32): bool {
  return (s & 1) === 1 && s >= 2 && symbol(label, s) !== symbol(label, s - 2);
}

function forward(a: usize, logs: usize, label: usize, timesteps: i32, classes: i32, states: i32, used: i32): f64 {
  for (let t = 0; t < timesteps; t++) {
    for (let s = 0; s < used; s++) {
      let sum: f64 = -Infinity;
      if (t === 0) {
        if (s < 2) sum = 0;
      } else {
        const before = a + ((<usize>((t - 1) * states + s)) << 3);
        sum = load<f64>(before);
        if (s >= 1) sum = joined(sum, load<f64>(before - 8));
        if (mayJump(label, s)) sum = joined(sum, load<f64>(before - 16));
      }
      const p = load<f64>(logs + ((<usize>(t * classes + symbol(label, s))) << 3));
      store<f64>(a + ((<usize>(t * states + s)) << 3), sum + p);
    }
  }
  const last = a + ((<usize>((timesteps - 1) * states + used - 1)) << 3);
  return used > 1 ? joined(load<f64>(last), load<f64>(last - 8)) : load<f64>(last);
}

/** betas without the own step's probability, so that alpha + beta counts it once. */
function backward(b: usize, logs: usize, label: usize, timesteps: i32, classes: i32, states: i32, used: i32): void {
  for (let t = timesteps - 1; t >= 0; t--) {
    for (let s = 0; s < used; s++) {
      let sum: f64 = -Infinity;
      if (t === timesteps - 1) {
        if (s >= used - 2) sum = 0;
      } else {
        const next = b + ((<usize>((t + 1) * states + s)) << 3);
        const p = logs + ((<usize>((t + 1) * classes)) << 3);
        sum = load<f64>(next) + load<f64>(p + ((<usize>symbol(label, s)) << 3));
        if (s + 1 < used) sum = joined(sum, load<f64>(next + 8) + load<f64>(p + ((<usize>symbol(label, s + 1)) << 3)));
        if (s + 2 < used && mayJump(label, s + 2)) {
          sum = joined(sum, load<f64>(next + 16) + load<f64>(p + ((<usize>symbol(label, s + 2)) << 3)));
        }
      }
      store<f64>(b + ((<usize>(t * states + s)) << 3), sum);
    }
  }
}
