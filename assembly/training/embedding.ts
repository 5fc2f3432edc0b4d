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

/** gradient [rows, width] += dy [count, width] at the rows of the indices, first occurrence first. */
export function scatterRows(gradient: usize, indices: usize, isFloat: i32, dy: usize, count: i32, width: i32): void {
  const bytes = (<usize>width) << 2;
  for (let i = 0; i < count; i++) {
    let to = gradient + bytes * rowOf(indices, i, isFloat);
    for (let left = width; left > 0; left -= 4) {
      lanes.store(to, f32x4.add(lanes.load(to, left), lanes.load(dy, left)), left);
      to += 16;
      dy += (<usize>min(left, 4)) << 2;
    }
  }
}

/** Sets the rows of the indices to zero. */
export function zeroRows(table: usize, indices: usize, isFloat: i32, count: i32, width: i32): void {
  const bytes = (<usize>width) << 2;
  for (let i = 0; i < count; i++) memory.fill(table + bytes * rowOf(indices, i, isFloat), 0, bytes);
}
