/** What stands for the gradient of rows that have none. */
const zeros: usize = memory.data(16, 16);

/**
 * Adam's rule over a span of floats, a multiple of 4. With restₙ = 1 − βₙ: m += (g − m)·rest1; v += (g² − v)·rest2; with
 * `peak` (amsgrad) v's greatest; p −= rate·m/(√v + ε).
 *
 * `gStep`: 16 walks along g; 0 takes the same 16 bytes again and again.
 */
function span(
  p: usize,
  g: usize,
  gStep: usize,
  m: usize,
  v: usize,
  peak: usize,
  count: usize,
  rate: f32,
  rest1: f32,
  rest2: f32,
  epsilon: f32,
): void {
  const lr = f32x4.splat(rate);
  const share1 = f32x4.splat(rest1);
  const share2 = f32x4.splat(rest2);
  const eps = f32x4.splat(epsilon);
  for (let i: usize = 0; i < count << 2; i += 16) {
    const d = v128.load(g);
    g += gStep;
    const m0 = v128.load(m + i);
    const v0 = v128.load(v + i);
    const m1 = f32x4.add(m0, f32x4.mul(f32x4.sub(d, m0), share1));
    const v1 = f32x4.add(v0, f32x4.mul(f32x4.sub(f32x4.mul(d, d), v0), share2));
    v128.store(m + i, m1);
    v128.store(v + i, v1);
    let under = v1;
    if (peak) {
      under = f32x4.pmax(v1, v128.load(peak + i));
      v128.store(peak + i, under);
    }
    const move = f32x4.div(f32x4.mul(lr, m1), f32x4.add(f32x4.sqrt(under), eps));
    v128.store(p + i, f32x4.sub(v128.load(p + i), move));
  }
}

/** Adam's rule; `rate` points at the step size, arrays hold `count` floats, a multiple of 4. */
export function adam(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  peak: usize,
  count: i32,
  rate: usize,
  rest1: f32,
  rest2: f32,
  epsilon: f32,
): void {
  span(p, g, 16, m, v, peak, count, load<f32>(rate), rest1, rest2, epsilon);
}

/**
 * The same, bit for bit, for a table [rows, width] of which only some rows have a gradient: one pass over p, m and v, in
 * which the others' gradient is zero. Rows first..last − 1 of it; width: a multiple of 4.
 *
 * g [total, width]: row i is that of the table's row named[i] · map i32 [rows]: the place in `named` of each row, wrong
 * where it has none · total: one i32. As `distinctRows` gives them.
 */
export function adamRows(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  peak: usize,
  first: i32,
  last: i32,
  width: i32,
  map: usize,
  named: usize,
  total: usize,
  rate: usize,
  rest1: f32,
  rest2: f32,
  epsilon: f32,
): void {
  const count = load<u32>(total);
  const lr = load<f32>(rate);
  const bytes = (<usize>width) << 2;
  for (let row = first; row <= last; row++) {
    const place = row < last ? load<u32>(map + ((<usize>row) << 2)) : 0;
    const hasGradient = row < last && place < count && load<i32>(named + ((<usize>place) << 2)) === row;
    if (row < last && !hasGradient) continue;
    // The rows before, which have none.
    const at = bytes * first;
    const length = <usize>width * (row - first);
    if (length) {
      span(p + at, zeros, 0, m + at, v + at, peak ? peak + at : 0, length, lr, rest1, rest2, epsilon);
    }
    if (hasGradient) {
      const own = bytes * row;
      const from = g + bytes * place;
      span(p + own, from, 16, m + own, v + own, peak ? peak + own : 0, width, lr, rest1, rest2, epsilon);
    }
    first = row + 1;
  }
}
