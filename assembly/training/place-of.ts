/** Address of a row: row named[i], or without names row i; `stride` in bytes. */
export function placeOf(rows: usize, stride: usize, named: usize, i: i32): usize {
  return rows + stride * <usize>(named ? load<u32>(named + ((<usize>i) << 2)) : <u32>i);
}
