/**
 * Keras' Masking: a row is masked if all its elements equal `value`; its output is zero then.
 *
 * mask u8 [rows] out: 0 where masked · y, x [rows, width]; y may be x. A NaN equals nothing.
 * Reference: test/reference/masking.ts
 */
export function maskRows(mask: usize, y: usize, x: usize, rows: i32, width: i32, value: f32): void {
  const bytes = (<usize>width) << 2;
  for (let row = 0; row < rows; row++) {
    let differs = false;
    for (let at: usize = 0; at < bytes; at += 4) {
      if (load<f32>(x + at) !== value) {
        differs = true;
        break;
      }
    }
    store<u8>(mask, differs ? 1 : 0);
    if (!differs) memory.fill(y, 0, bytes);
    else if (y !== x) memory.copy(y, x, bytes);
    mask += 1;
    x += bytes;
    y += bytes;
  }
}
