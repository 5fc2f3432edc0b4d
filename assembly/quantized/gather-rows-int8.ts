/**
 * gatherRows (matrix/gather-rows.ts) from a table of int8 with one scale a row: y[i] = table[indices[i]] · its scale.
 *
 * y [count, width] · indices i32 [count] · table i8 [any, width] · scales [any].
 * Reference: test/reference/quantized.ts
 */
export function gatherRowsInt8(y: usize, indices: usize, table: usize, scales: usize, count: i32, width: i32): void {
  for (let i = 0; i < count; i++, indices += 4) {
    const index = <usize>load<i32>(indices);
    const scale = v128.load32_splat(scales + (index << 2));
    let row = table + index * width;
    const end = row + <usize>(width & ~3);
    for (; row < end; row += 4, y += 16) {
      const whole = i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(row)));
      v128.store(y, f32x4.mul(f32x4.convert_i32x4_s(whole), scale));
    }
    for (const last = row + <usize>(width & 3); row < last; row++, y += 4) {
      store<f32>(y, <f32>load<i8>(row) * f32x4.extract_lane(scale, 0));
    }
  }
}
