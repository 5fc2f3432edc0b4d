/**
 * Where equal rows of a sequence meet. A sequence of `outer` times `inner` steps takes rows of a table, step i row slots[i];
 * what is computed of a row once lies at its home, the last step that takes it, until that step uses it.
 *
 * homes [total] out: the step by slot · steps [total] out: the homes in ascending order · taken, words [total] out: the slot
 * of each and its row in the table · total out: how many they are · named: the table's row by slot · slots [outer, inner] by
 * strides in elements. All i32.
 */
export function homeRows(
  homes: usize,
  steps: usize,
  taken: usize,
  words: usize,
  total: usize,
  named: usize,
  slots: usize,
  slotOuter: i32,
  slotInner: i32,
  outer: i32,
  inner: i32,
): void {
  for (let o = 0, step = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++, step++) store<i32>(homeOf(homes, slots, o * slotOuter + i * slotInner), step);
  }
  const first = steps;
  for (let o = 0, step = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++, step++) {
      const at = o * slotOuter + i * slotInner;
      if (load<i32>(homeOf(homes, slots, at)) !== step) continue;
      store<i32>(steps, step);
      const slot = load<i32>(slots + ((<usize>at) << 2));
      store<i32>(taken, slot);
      store<i32>(words, load<i32>(named + ((<usize>slot) << 2)));
      steps += 4;
      taken += 4;
      words += 4;
    }
  }
  store<i32>(total, <i32>((steps - first) >> 2));
}

/** Address of the home of the step whose slot stands at `at`. */
function homeOf(homes: usize, slots: usize, at: i32): usize {
  return homes + ((<usize>load<i32>(slots + ((<usize>at) << 2))) << 2);
}

/** y [steps, width]: steps `first` to `first` + outer · inner − 1 take what lies at their homes; slots are those of the first. */
export function spreadHomes(
  y: usize,
  homes: usize,
  slots: usize,
  slotOuter: i32,
  slotInner: i32,
  first: i32,
  outer: i32,
  inner: i32,
  width: i32,
): void {
  const bytes = (<usize>width) << 2;
  for (let o = 0, step = first; o < outer; o++) {
    for (let i = 0; i < inner; i++, step++) {
      const home = load<i32>(homeOf(homes, slots, o * slotOuter + i * slotInner));
      if (home !== step) memory.copy(y + bytes * step, y + bytes * home, bytes);
    }
  }
}

/**
 * The way back: each step's row of x [steps, width] is added to that at its home, last step first. Steps whose byte in
 * `mask` [outer, inner] is 0 hold zeros and are left out; 0 takes all. width: a multiple of 4, or the last floats one by one.
 */
export function gatherHomes(
  x: usize,
  homes: usize,
  slots: usize,
  slotOuter: i32,
  slotInner: i32,
  outer: i32,
  inner: i32,
  width: i32,
  mask: usize,
): void {
  const bytes = (<usize>width) << 2;
  const whole = bytes & ~15;
  for (let o = outer - 1; o >= 0; o--) {
    for (let i = inner - 1; i >= 0; i--) {
      const step = o * inner + i;
      const home = load<i32>(homeOf(homes, slots, o * slotOuter + i * slotInner));
      if (home === step || (mask && !load<u8>(mask + <usize>step))) continue;
      const from = x + bytes * step;
      const to = x + bytes * home;
      for (let at: usize = 0; at < whole; at += 16) {
        v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)));
      }
      for (let at = whole; at < bytes; at += 4) store<f32>(to + at, load<f32>(to + at) + load<f32>(from + at));
    }
  }
}
