import { lanes } from "./lanes";

/** y = a + b, [count]. y may be a or b. */
export function addTo(y: usize, a: usize, b: usize, count: i32): void {
  for (let left = count; left > 0; left -= 4) {
    lanes.store(y, f32x4.add(lanes.load(a, left), lanes.load(b, left)), left);
    y += 16;
    a += 16;
    b += 16;
  }
}

/** y = a ⊙ b, [count]. */
export function multiplyTo(y: usize, a: usize, b: usize, count: i32): void {
  for (let left = count; left > 0; left -= 4) {
    lanes.store(y, f32x4.mul(lanes.load(a, left), lanes.load(b, left)), left);
    y += 16;
    a += 16;
    b += 16;
  }
}

/** y = a · factor, [count]; y may be a. */
export function scaleTo(y: usize, a: usize, factor: f32, count: i32): void {
  const f = f32x4.splat(factor);
  for (let left = count; left > 0; left -= 4) {
    lanes.store(y, f32x4.mul(lanes.load(a, left), f), left);
    y += 16;
    a += 16;
  }
}

/** y = dy where a is the larger (`smaller` 0) or smaller value of a and b, dy · tie where they are equal. [count]. */
export function selectGradient(y: usize, dy: usize, a: usize, b: usize, count: i32, smaller: i32, tie: f32): void {
  for (let i: usize = 0; <i32>i < count; i++) {
    const p = load<f32>(a + (i << 2));
    const q = load<f32>(b + (i << 2));
    const share: f32 = p === q ? tie : p > q !== (smaller !== 0) ? 1 : 0;
    store<f32>(y + (i << 2), load<f32>(dy + (i << 2)) * share);
  }
}

/** Fills [count] floats. */
export function fillWith(y: usize, value: f32, count: i32): void {
  for (let i: usize = 0; <i32>i < count; i++) store<f32>(y + (i << 2), value);
}

/** Copies bytes. */
export function copyBytes(y: usize, x: usize, bytes: i32): void {
  memory.copy(y, x, bytes);
}

/** Zeroes bytes. */
export function zeroBytes(y: usize, bytes: i32): void {
  memory.fill(y, 0, bytes);
}

/** y [rows, width] = the row x [width], or y += it. yStride in elements. */
export function broadcastRow(y: usize, yStride: i32, x: usize, rows: i32, width: i32, accumulate: i32): void {
  for (let row = 0; row < rows; row++) {
    let to = y + ((<usize>(row * yStride)) << 2);
    let from = x;
    for (let left = width; left > 0; left -= 4) {
      let v = lanes.load(from, left);
      if (accumulate) v = f32x4.add(v, lanes.load(to, left));
      lanes.store(to, v, left);
      to += 16;
      from += 16;
    }
  }
}

/** y [width] (+)= the sum of the rows of x [rows, width], first row first. xStride in elements. */
export function sumRows(y: usize, x: usize, xStride: i32, rows: i32, width: i32, accumulate: i32): void {
  if (!accumulate) memory.fill(y, 0, (<usize>width) << 2);
  for (let row = 0; row < rows; row++) {
    let to = y;
    let from = x + ((<usize>(row * xStride)) << 2);
    for (let left = width; left > 0; left -= 4) {
      lanes.store(to, f32x4.add(lanes.load(to, left), lanes.load(from, left)), left);
      to += 16;
      from += 16;
    }
  }
}

/** y [batch, inner] = sum over repeats of x [batch, repeats, inner]. */
export function sumRepeats(y: usize, x: usize, batch: i32, repeats: i32, inner: i32): void {
  for (let b = 0; b < batch; b++) {
    sumRows(y, x, inner, repeats, inner, 0);
    y += (<usize>inner) << 2;
    x += (<usize>(repeats * inner)) << 2;
  }
}

/** y = x scaled by a factor per channel: y [rows, width] = x ⊙ m [width]. */
export function scaleChannels(y: usize, x: usize, m: usize, rows: i32, width: i32): void {
  for (let row = 0; row < rows; row++) {
    let factor = m;
    for (let left = width; left > 0; left -= 4) {
      lanes.store(y, f32x4.mul(lanes.load(x, left), lanes.load(factor, left)), left);
      const bytes = (<usize>min(left, 4)) << 2;
      y += bytes;
      x += bytes;
      factor += 16;
    }
  }
}

/** y [rows, width] = x with rows whose mask byte is 0 set to zero. y may be x. */
export function keepRows(y: usize, x: usize, mask: usize, rows: i32, width: i32): void {
  const bytes = (<usize>width) << 2;
  for (let row = 0; row < rows; row++) {
    if (!load<u8>(mask++)) memory.fill(y, 0, bytes);
    else if (y !== x) memory.copy(y, x, bytes);
    y += bytes;
    x += bytes;
  }
}

/** PReLU's way back: dx [rows, width] out; dAlpha [width] added to. */
export function preluGradient(
  dx: usize,
  dAlpha: usize,
  dy: usize,
  x: usize,
  alpha: usize,
  rows: i32,
  width: i32,
): void {
  for (let row = 0; row < rows; row++) {
    for (let i: usize = 0; <i32>i < width; i++) {
      const at = (<usize>(row * width) + i) << 2;
      const v = load<f32>(x + at);
      const d = load<f32>(dy + at);
      store<f32>(dx + at, v > 0 ? d : d * load<f32>(alpha + (i << 2)));
      if (dAlpha && v < 0) store<f32>(dAlpha + (i << 2), load<f32>(dAlpha + (i << 2)) + d * v);
    }
  }
}

/** PReLU: y [rows, width] = x > 0 ? x : alpha · x. */
export function prelu(y: usize, x: usize, alpha: usize, rows: i32, width: i32): void {
  for (let row = 0; row < rows; row++) {
    for (let i: usize = 0; <i32>i < width; i++) {
      const at = (<usize>(row * width) + i) << 2;
      const v = load<f32>(x + at);
      store<f32>(y + at, v > 0 ? v : v * load<f32>(alpha + (i << 2)));
    }
  }
}
