/** How rows are cut: tiles of six, then of four, then single ones. */
export class cut {
  @inline
  static fours(rows: i32): i32 {
    const rest = (rows & ~1) % 6;
    return rest === 4 ? 1 : rest === 2 && rows >= 8 ? 2 : 0;
  }

  @inline
  static sixes(rows: i32): i32 {
    return (rows - 4 * cut.fours(rows)) / 6;
  }
}
