/** c (+)= a · b for small matrices anywhere: [rows, depth] · [depth, columns], every stride in elements. */
function smallProduct(
  c: usize,
  cRow: i32,
  a: usize,
  aRow: i32,
  aColumn: i32,
  b: usize,
  bRow: i32,
  bColumn: i32,
  rows: i32,
  depth: i32,
  columns: i32,
  accumulate: i32,
): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = c + ((<usize>(row * cRow + column)) << 2);
      let sum: f32 = accumulate ? load<f32>(at) : 0;
      let left = a + ((<usize>(row * aRow)) << 2);
      let right = b + ((<usize>(column * bColumn)) << 2);
      for (let k = 0; k < depth; k++) {
        sum += load<f32>(left) * load<f32>(right);
        left += (<usize>aColumn) << 2;
        right += (<usize>bRow) << 2;
      }
      store<f32>(at, sum);
    }
  }
}

/**
 * Many small products: c[o, i] (+)= a[o, i] · b[o, i], where outer and inner steps (in elements) lead from one matrix to
 * the next; columns of c are dense.
 */
export function batchProduct(
  c: usize,
  cOuter: i32,
  cInner: i32,
  cRow: i32,
  a: usize,
  aOuter: i32,
  aInner: i32,
  aRow: i32,
  aColumn: i32,
  b: usize,
  bOuter: i32,
  bInner: i32,
  bRow: i32,
  bColumn: i32,
  outer: i32,
  inner: i32,
  rows: i32,
  depth: i32,
  columns: i32,
): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      smallProduct(
        c + ((<usize>(o * cOuter + i * cInner)) << 2),
        cRow,
        a + ((<usize>(o * aOuter + i * aInner)) << 2),
        aRow,
        aColumn,
        b + ((<usize>(o * bOuter + i * bInner)) << 2),
        bRow,
        bColumn,
        rows,
        depth,
        columns,
        0,
      );
    }
  }
}
