/**
 * How rows are cut: tiles of six, then of four, then single ones. Separate products and sums need a register more than
 * fused ones: in the simd build a tile of six would spill.
 */
export class cut {
  @inline
  static fours(rows: i32): i32 {
    if (!ASC_FEATURE_RELAXED_SIMD) return rows >> 2;
    const rest = (rows & ~1) % 6;
    return rest === 4 ? 1 : rest === 2 && rows >= 8 ? 2 : 0;
  }

  @inline
  static sixes(rows: i32): i32 {
    if (!ASC_FEATURE_RELAXED_SIMD) return 0;
    return (rows - 4 * cut.fours(rows)) / 6;
  }
}
