/**
 * Layer normalization of rows, keeping what the way back needs: y = (x − mean)/√(var + ε)·γ + β.
 *
 * y, x [rows, width] · hat [rows, width], inverse [rows] out · gamma, beta [width] or 0.
 */
export function layerNorm(
  y: usize,
  hat: usize,
  inverse: usize,
  x: usize,
  gamma: usize,
  beta: usize,
  rows: i32,
  width: i32,
  epsilon: f32,
): void {
  const bytes = (<usize>width) << 2;
  for (let row = 0; row < rows; row++) {
    let mean: f64 = 0;
    for (let i: usize = 0; i < bytes; i += 4) mean += load<f32>(x + i);
    mean /= width;
    let variance: f64 = 0;
    for (let i: usize = 0; i < bytes; i += 4) {
      const d = <f64>load<f32>(x + i) - mean;
      variance += d * d;
    }
    const scale = 1 / Math.sqrt(variance / width + <f64>epsilon);
    store<f32>(inverse, <f32>scale);
    inverse += 4;
    for (let i: usize = 0; i < bytes; i += 4) {
      const h = <f32>((<f64>load<f32>(x + i) - mean) * scale);
      store<f32>(hat + i, h);
      store<f32>(y + i, h * (gamma ? load<f32>(gamma + i) : 1) + (beta ? load<f32>(beta + i) : 0));
    }
    y += bytes;
    hat += bytes;
    x += bytes;
  }
}

/** The way back: dx out, dGamma and dBeta [width] added to (0 for none). */
export function layerNormGradient(
  dx: usize,
  dGamma: usize,
  dBeta: usize,
  dy: usize,
  hat: usize,
  inverse: usize,
  gamma: usize,
  rows: i32,
  width: i32,
): void {
  const bytes = (<usize>width) << 2;
  for (let row = 0; row < rows; row++) {
    let sum: f64 = 0;
    let dot: f64 = 0;
    for (let i: usize = 0; i < bytes; i += 4) {
      const d = load<f32>(dy + i);
      const h = load<f32>(hat + i);
      if (dGamma) store<f32>(dGamma + i, load<f32>(dGamma + i) + d * h);
      if (dBeta) store<f32>(dBeta + i, load<f32>(dBeta + i) + d);
      const scaled = <f64>d * (gamma ? <f64>load<f32>(gamma + i) : 1);
      sum += scaled;
      dot += scaled * <f64>h;
    }
    sum /= width;
    dot /= width;
    const scale = <f64>load<f32>(inverse);
    inverse += 4;
    for (let i: usize = 0; i < bytes; i += 4) {
      const scaled = <f64>load<f32>(dy + i) * (gamma ? <f64>load<f32>(gamma + i) : 1);
      store<f32>(dx + i, <f32>(scale * (scaled - sum - <f64>load<f32>(hat + i) * dot)));
    }
    dx += bytes;
    dy += bytes;
    hat += bytes;
  }
}

/**
 * Batch normalization over the rows that the mask (bytes [rows], 0 for all) keeps.
 *
 * With `useMoving` the moving statistics normalise, else the batch's do and move them (unless `momentum` < 0), the variance
 * times `spread`.
 * y, hat [rows, width] out · inverse [width] out · moving mean and variance [width] in and out.
 */
export function batchNorm(
  y: usize,
  hat: usize,
  inverse: usize,
  x: usize,
  gamma: usize,
  beta: usize,
  movingMean: usize,
  movingVariance: usize,
  mask: usize,
  rows: i32,
  width: i32,
  epsilon: f32,
  momentum: f32,
  useMoving: i32,
  spread: f32,
): void {
  let kept = rows;
  if (mask) {
    kept = 0;
    for (let row = 0; row < rows; row++) kept += load<u8>(mask + <usize>row);
    // Keras adds its epsilon to the count: where every row is masked, mean and variance are 0.
    kept = max(kept, 1);
  }
  const stride = (<usize>width) << 2;
  for (let i: usize = 0; i < stride; i += 4) {
    let mean = <f64>load<f32>(movingMean + i);
    let variance = <f64>load<f32>(movingVariance + i);
    if (!useMoving) {
      mean = 0;
      variance = 0;
      for (let row = 0; row < rows; row++) {
        if (!mask || load<u8>(mask + <usize>row)) mean += <f64>load<f32>(x + stride * row + i);
      }
      mean /= kept;
      for (let row = 0; row < rows; row++) {
        if (mask && !load<u8>(mask + <usize>row)) continue;
        const d = <f64>load<f32>(x + stride * row + i) - mean;
        variance += d * d;
      }
      variance /= kept;
      if (momentum >= 0) {
        const keep = <f64>momentum;
        store<f32>(movingMean + i, <f32>(<f64>load<f32>(movingMean + i) * keep + mean * (1 - keep)));
        const moved = <f64>load<f32>(movingVariance + i) * keep + variance * <f64>spread * (1 - keep);
        store<f32>(movingVariance + i, <f32>moved);
      }
    }
    const scale = 1 / Math.sqrt(variance + <f64>epsilon);
    store<f32>(inverse + i, <f32>scale);
    const g: f32 = gamma ? load<f32>(gamma + i) : 1;
    const b: f32 = beta ? load<f32>(beta + i) : 0;
    for (let row = 0; row < rows; row++) {
      const at = stride * row + i;
      const h = <f32>((<f64>load<f32>(x + at) - mean) * scale);
      store<f32>(hat + at, h);
      store<f32>(y + at, h * g + b);
    }
  }
}

/** The way back; with `useMoving` the statistics are constants. */
export function batchNormGradient(
  dx: usize,
  dGamma: usize,
  dBeta: usize,
  dy: usize,
  hat: usize,
  inverse: usize,
  gamma: usize,
  mask: usize,
  rows: i32,
  width: i32,
  useMoving: i32,
): void {
  let kept = rows;
  if (mask) {
    kept = 0;
    for (let row = 0; row < rows; row++) kept += load<u8>(mask + <usize>row);
  }
  const stride = (<usize>width) << 2;
  for (let i: usize = 0; i < stride; i += 4) {
    let sum: f64 = 0;
    let dot: f64 = 0;
    for (let row = 0; row < rows; row++) {
      const at = stride * row + i;
      const d = <f64>load<f32>(dy + at);
      sum += d;
      dot += d * <f64>load<f32>(hat + at);
    }
    if (dGamma) store<f32>(dGamma + i, <f32>(<f64>load<f32>(dGamma + i) + dot));
    if (dBeta) store<f32>(dBeta + i, <f32>(<f64>load<f32>(dBeta + i) + sum));
    const scale = <f64>load<f32>(inverse + i) * (gamma ? <f64>load<f32>(gamma + i) : 1);
    for (let row = 0; row < rows; row++) {
      const at = stride * row + i;
      let d = <f64>load<f32>(dy + at);
      // Masked rows are normalised too, but their values are not in the statistics.
      if (!useMoving && (!mask || load<u8>(mask + <usize>row))) {
        d -= (sum + <f64>load<f32>(hat + at) * dot) / kept;
      }
      store<f32>(dx + at, <f32>(d * scale));
    }
  }
}
