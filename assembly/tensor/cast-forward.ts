/**
 * y = x in another type: 0 float32, 1 int32, 2 bool (a byte, 0 or 1). Floats are cut towards zero, and clamped where an
 * int32 cannot hold them; NaN is 0 as an integer and true as a bool.
 *
 * y, x [count], not overlapping.
 * Reference: test/kernels/tensor-ops.test.ts
 */
export function castForward(y: usize, x: usize, count: i32, from: i32, to: i32): void {
  for (let i = 0; i < count; i++) {
    let value: f64;
    if (from === 0) value = <f64>load<f32>(x + ((<usize>i) << 2));
    else value = from === 1 ? <f64>load<i32>(x + ((<usize>i) << 2)) : <f64>load<u8>(x + i);
    if (to === 0) store<f32>(y + ((<usize>i) << 2), <f32>value);
    else if (to === 1)
      store<i32>(y + ((<usize>i) << 2), Number.isNaN(value) ? 0 : <i32>max(min(value, 2147483647.0), -2147483648.0));
    else store<u8>(y + i, value !== 0 ? 1 : 0);
  }
}
