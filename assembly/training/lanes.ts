import { simd } from "../math/simd";

/** Four floats, or the last one to three of a row: memory behind the row is neither read nor written. */
export class lanes {
  @inline
  static load(at: usize, left: i32): v128 {
    return left >= 4 ? v128.load(at) : simd.loadTail(at, left);
  }

  @inline
  static store(at: usize, v: v128, left: i32): void {
    if (left >= 4) v128.store(at, v);
    else simd.storeTail(at, v, left);
  }
}
