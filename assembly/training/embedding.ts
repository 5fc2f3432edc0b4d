import { lanes } from "./lanes";

function rowOf(indices: usize, i: i32, isFloat: i32): i32 {
  const at = indices + ((<usize>i) << 2);
  return isFloat ? <i32>load<f32>(at) : load<i32>(at);
}

/** y [count, width] = rows of table; indices int32, or float32 with `isFloat`. */
export function lookUp(y: usize, indices: usize, isFloat: i32, table: usize, count: i32, width: i32): void {
  const bytes = (<usize>width) << 2;
  for (let i = 0; i < count; i++) memory.copy(y + bytes * i, table + bytes * rowOf(indices, i, isFloat), bytes);
}

/**
 * The way back: sums [total, width] = the sum of x [outer, inner, width] over the rows of each slot, outer first. Rows
 * whose byte in `mask` [outer, inner] is 0 are left out; 0 takes all. total: one i32 · seen: scratch, a byte for each sum.
 */
export function gatherSums(
  sums: usize,
  total: usize,
  x: usize,
  slots: usize,
  slotOuter: i32,
  slotInner: i32,
  outer: i32,
  inner: i32,
  width: i32,
  mask: usize,
  seen: usize,
): void {
  const bytes = (<usize>width) << 2;
  const count = load<i32>(total);
  // Nearly every sum has one term: it is written once, not zeroed, read and written.
  memory.fill(seen, 0, count);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const slot = load<i32>(slots + ((<usize>(o * slotOuter + i * slotInner)) << 2));
      if (!mask || load<u8>(mask++)) {
        const to = sums + bytes * slot;
        if (load<u8>(seen + slot)) addRow(to, x, width);
        else firstRow(to, x, width);
        store<u8>(seen + slot, 1);
      }
      x += bytes;
    }
  }
  for (let slot = 0; mask !== 0 && slot < count; slot++) {
    if (!load<u8>(seen + slot)) memory.fill(sums + bytes * slot, 0, bytes);
  }
}

/**
 * Adds rows of a table to those gathered before, as far as they lie in first..last − 1: sums[map[row]] += x's row, a row met
 * first after the others. Parts in turn give the sums, bit for bit, that `gatherSums` makes of all of them.
 *
 * named i32 and sums [room for all, width], total one i32, zero at first: what was gathered · map i32 [last] as
 * `distinctRows` keeps it · rows i32 [count] with x [count, width]: what comes.
 */
export function collectRows(
  named: usize,
  sums: usize,
  total: usize,
  map: usize,
  first: i32,
  last: i32,
  rows: usize,
  x: usize,
  count: i32,
  width: i32,
): void {
  const bytes = (<usize>width) << 2;
  let found = load<u32>(total);
  for (let i = 0; i < count; i++) {
    const row = load<i32>(rows + ((<usize>i) << 2));
    if (row >= first && row < last) {
      const entry = map + ((<usize>row) << 2);
      const slot = load<u32>(entry);
      if (slot < found && load<i32>(named + ((<usize>slot) << 2)) === row) addRow(sums + bytes * slot, x, width);
      else {
        firstRow(sums + bytes * found, x, width);
        store<i32>(named + ((<usize>found) << 2), row);
        store<u32>(entry, found++);
      }
    }
    x += bytes;
  }
  store<u32>(total, found);
}

/** The same bits as a sum that begins with zeros: −0 becomes 0. */
function firstRow(to: usize, from: usize, width: i32): void {
  const zero = f32x4.splat(0);
  for (let left = width; left > 0; left -= 4) {
    lanes.store(to, f32x4.add(zero, lanes.load(from, left)), left);
    to += 16;
    from += 16;
  }
}

function addRow(to: usize, from: usize, width: i32): void {
  for (let left = width; left > 0; left -= 4) {
    lanes.store(to, f32x4.add(lanes.load(to, left), lanes.load(from, left)), left);
    to += 16;
    from += 16;
  }
}

/** gradient [any, width] += x [total, width], row i at rows[i]; total: one i32. */
export function addRows(gradient: usize, rows: usize, total: usize, x: usize, width: i32): void {
  const bytes = (<usize>width) << 2;
  const count = load<i32>(total);
  for (let i = 0; i < count; i++) {
    addRow(gradient + bytes * load<i32>(rows + ((<usize>i) << 2)), x, width);
    x += bytes;
  }
}
