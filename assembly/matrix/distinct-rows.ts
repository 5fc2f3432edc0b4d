/**
 * The distinct numbers among row numbers: rows[slots[i]] = indices[i].
 *
 * rows i32 [count] out, in order of first appearance, then zeros · slots i32 [count] out · total i32 [1] out: how many ·
 * map i32 [any]: scratch as long as the largest number + 1; what it holds before does not matter, since an entry counts
 * only if rows confirms it · indices i32 [count].
 */
export function distinctRows(rows: usize, slots: usize, total: usize, map: usize, indices: usize, count: i32): void {
  let found: u32 = 0;
  for (let i: usize = 0; <i32>i < count; i++) {
    const index = load<i32>(indices + (i << 2));
    const entry = map + ((<usize>index) << 2);
    let slot = load<u32>(entry);
    if (slot >= found || load<i32>(rows + ((<usize>slot) << 2)) !== index) {
      slot = found++;
      store<u32>(entry, slot);
      store<i32>(rows + ((<usize>slot) << 2), index);
    }
    store<u32>(slots + (i << 2), slot);
  }
  memory.fill(rows + ((<usize>found) << 2), 0, ((<usize>count) << 2) - ((<usize>found) << 2));
  store<u32>(total, found);
}
