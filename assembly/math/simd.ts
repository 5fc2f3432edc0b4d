/** The few vector idioms that every kernel shares. */
export class simd {
  /** a·b + c: one rounding in the relaxed build where the hardware fuses, two in the simd build. */
  @inline
  static madd(a: v128, b: v128, c: v128): v128 {
    if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
    return f32x4.add(f32x4.mul(a, b), c);
  }

  /** Loads `lanes` (1 to 4) floats; missing lanes are zero and their memory is not read. */
  static loadTail(at: usize, lanes: i32): v128 {
    let v = v128.load32_zero(at);
    if (lanes > 1) v = v128.load_lane<f32>(at, v, 1, 4);
    if (lanes > 2) v = v128.load_lane<f32>(at, v, 2, 8);
    if (lanes > 3) v = v128.load_lane<f32>(at, v, 3, 12);
    return v;
  }

  /** Stores the first `lanes` (1 to 4) floats and nothing else. */
  static storeTail(at: usize, v: v128, lanes: i32): void {
    if (lanes > 3) {
      v128.store(at, v);
      return;
    }
    v128.store_lane<f32>(at, v, 0);
    if (lanes > 1) v128.store_lane<f32>(at, v, 1, 4);
    if (lanes > 2) v128.store_lane<f32>(at, v, 2, 8);
  }
}
