/**
 * y[i] = table[indices[i]]: Embedding's lookup. The host has checked the range of the indices.
 *
 * y [count, width] out · indices i32 [count] · table [any, width], contiguous.
 * Reference: test/reference/embedding.ts
 */
export function gatherRows(y: usize, indices: usize, table: usize, count: i32, width: i32): void {
  const bytes = (<usize>width) << 2;
  for (let i = 0; i < count; i++) {
    memory.copy(y, table + <usize>load<i32>(indices) * bytes, bytes);
    indices += 4;
    y += bytes;
  }
}
