/** cols [batch · out, kernel · channels]: the input cells under each position; cells outside are zero. */
export function spread(
  cols: usize,
  x: usize,
  batch: i32,
  timesteps: i32,
  channels: i32,
  out: i32,
  kernel: i32,
  stride: i32,
  dilation: i32,
  left: i32,
): void {
  const bytes = (<usize>channels) << 2;
  for (let b = 0; b < batch; b++) {
    const row = x + bytes * timesteps * b;
    for (let t = 0; t < out; t++) {
      for (let k = 0; k < kernel; k++) {
        const at = t * stride + k * dilation - left;
        if (at < 0 || at >= timesteps) memory.fill(cols, 0, bytes);
        else memory.copy(cols, row + bytes * at, bytes);
        cols += bytes;
      }
    }
  }
}

/** dx += the cells of dcols, each back to its place; dx must be zeroed. */
export function gatherSpread(
  dx: usize,
  dcols: usize,
  batch: i32,
  timesteps: i32,
  channels: i32,
  out: i32,
  kernel: i32,
  stride: i32,
  dilation: i32,
  left: i32,
): void {
  const bytes = (<usize>channels) << 2;
  for (let b = 0; b < batch; b++) {
    const row = dx + bytes * timesteps * b;
    for (let t = 0; t < out; t++) {
      for (let k = 0; k < kernel; k++) {
        const at = t * stride + k * dilation - left;
        if (at >= 0 && at < timesteps) {
          const to = row + bytes * at;
          for (let i: usize = 0; i < bytes; i += 4) store<f32>(to + i, load<f32>(to + i) + load<f32>(dcols + i));
        }
        dcols += bytes;
      }
    }
  }
}

/**
 * Pooling's way back over [batch, timesteps, channels]: dx must be zeroed. Max (`average` 0) gives the whole gradient to
 * the first greatest cell; average (1) shares it among the cells inside; 2 shares it among the greatest cells.
 */
export function poolGradient(
  dx: usize,
  dy: usize,
  x: usize,
  batch: i32,
  timesteps: i32,
  channels: i32,
  out: i32,
  size: i32,
  stride: i32,
  left: i32,
  average: i32,
): void {
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < out; t++) {
      const first = max(0, t * stride - left);
      const end = min(timesteps, t * stride - left + size);
      for (let c = 0; c < channels; c++) {
        const d = load<f32>(dy + ((<usize>((b * out + t) * channels + c)) << 2));
        const column = (<usize>(b * timesteps * channels + c)) << 2;
        const step = (<usize>channels) << 2;
        if (average === 1) {
          const share = d / <f32>(end - first);
          for (let k = first; k < end; k++) {
            const at = dx + column + step * k;
            store<f32>(at, load<f32>(at) + share);
          }
        } else {
          let best = first;
          for (let k = first + 1; k < end; k++) {
            if (load<f32>(x + column + step * k) > load<f32>(x + column + step * best)) best = k;
          }
          if (average === 2) {
            const most = load<f32>(x + column + step * best);
            let ties = 0;
            for (let k = best; k < end; k++) if (load<f32>(x + column + step * k) === most) ties++;
            for (let k = best; ties > 1 && k < end; k++) {
              if (load<f32>(x + column + step * k) !== most) continue;
              const at = dx + column + step * k;
              store<f32>(at, load<f32>(at) + d / <f32>ties);
            }
            if (ties > 1) continue;
          }
          const at = dx + column + step * best;
          store<f32>(at, load<f32>(at) + d);
        }
      }
    }
  }
}

/** Global average's way back: dx [batch, timesteps, channels] out; masked steps (bytes, 0 for none) get zero. */
export function averageGradient(dx: usize, dy: usize, mask: usize, batch: i32, timesteps: i32, channels: i32): void {
  for (let b = 0; b < batch; b++) {
    let kept: f32 = <f32>timesteps;
    if (mask) {
      kept = 0;
      for (let t = 0; t < timesteps; t++) kept += <f32>load<u8>(mask + <usize>(b * timesteps + t));
    }
    for (let t = 0; t < timesteps; t++) {
      const on = !mask || load<u8>(mask + <usize>(b * timesteps + t));
      for (let c = 0; c < channels; c++) {
        const d = load<f32>(dy + ((<usize>(b * channels + c)) << 2));
        store<f32>(dx + ((<usize>((b * timesteps + t) * channels + c)) << 2), on ? d / kept : 0);
      }
    }
  }
}
