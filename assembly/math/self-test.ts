import { simd } from "./simd";

/**
 * 1 if the instructions in which engines have been wrong compute right here: products with sums that are exact whether
 * they are fused or not, and in the relaxed build the dot products of bytes.
 *
 * @param one - 1, which the compiler must not know: it would compute all of this itself.
 */
export function selfTest(one: i32): i32 {
  const a = f32x4.mul(f32x4.splat(<f32>one), f32x4(1, -2, 3, -4));
  let right = f32x4.eq(simd.madd(a, f32x4(5, 3.5, -1, 0.25), f32x4(0.5, -0.25, 8, 1)), f32x4(5.5, -7.25, 5, 0));
  if (ASC_FEATURE_RELAXED_SIMD) {
    const weights = i8x16.add(
      i8x16.splat(<i8>one),
      i8x16(124, -126, 74, -26, -128, 126, 0, -2, 99, 49, -51, -101, -1, -65, 63, -4),
    );
    const inputs = i8x16(127, 126, 2, 90, 127, 127, 127, 0, 1, 2, 3, 4, 5, 60, 70, 80);
    const sums = i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, inputs, i32x4(1, 2, 3, 4));
    right = v128.and(right, i32x4.eq(sums, i32x4(-1974, 129, -347, 404)));
    const pairs = i16x8.relaxed_dot_i8x16_i7x16_s(weights, inputs);
    right = v128.and(right, i16x8.eq(pairs, i16x8(125, -2100, 0, 127, 200, -550, -3840, 4240)));
  }
  return i32(i16x8.all_true(right));
}
