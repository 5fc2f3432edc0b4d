import { multiply } from "../matrix/multiply";
import { padded, panelVectors } from "../matrix/pack";

/** Rows of a factor that are packed together: a panel of them stays in a first-level cache. */
const DEPTH: i32 = 256;

/** Bytes of a packed factor [depth, columns]. */
export function productBytes(depth: i32, columns: i32): i32 {
  return depth * padded(columns) * 4;
}

/**
 * Packs the right factor of a product, or its transpose by its strides: blocks of 256 rows, each in the panels that
 * `multiply` reads.
 *
 * panels [productBytes] out · source [depth, columns] by strides in elements.
 */
export function packProduct(
  panels: usize,
  source: usize,
  depth: i32,
  columns: i32,
  rowStride: i32,
  columnStride: i32,
): void {
  const width = padded(columns);
  for (let first = 0; first < depth; first += DEPTH) {
    const rows = min(DEPTH, depth - first);
    for (let column = 0, panel = 0; column < width; column += panel) {
      panel = panelVectors((width - column) >> 2) << 2;
      for (let row = 0; row < rows; row++) {
        const from = source + ((<usize>((first + row) * rowStride + column * columnStride)) << 2);
        if (columnStride === 1 && column + panel <= columns) {
          for (let at: usize = 0; <i32>at < panel << 2; at += 16) v128.store(panels + at, v128.load(from + at));
        } else {
          for (let i = 0; i < panel; i++) {
            const value = column + i < columns ? load<f32>(from + ((<usize>(i * columnStride)) << 2)) : 0;
            store<f32>(panels + ((<usize>i) << 2), value);
          }
        }
        panels += (<usize>panel) << 2;
      }
    }
  }
}

/**
 * c = a · b, or c += a · b: each element takes its terms in the order of depth, whatever the shapes.
 *
 * c [rows, columns] · a [rows, depth] · panels from packProduct. Strides in elements.
 */
export function product(
  c: usize,
  cStride: i32,
  a: usize,
  aStride: i32,
  panels: usize,
  rows: i32,
  depth: i32,
  columns: i32,
  accumulate: i32,
): void {
  const vectors = (columns + 3) >> 2;
  const last = columns - 4 * (vectors - 1);
  const cBytes = (<usize>cStride) << 2;
  for (let first = 0; first < depth; first += DEPTH) {
    const part = min(DEPTH, depth - first);
    const init = accumulate || first ? c : 0;
    multiply(
      c,
      cBytes,
      init,
      cBytes,
      a + ((<usize>first) << 2),
      (<usize>aStride) << 2,
      panels,
      rows,
      part,
      vectors,
      last,
    );
    panels += <usize>productBytes(part, columns);
  }
}

/** y [columns, rows] = x [rows, columns] transposed; xStride in elements. */
export function transpose(y: usize, x: usize, rows: i32, columns: i32, xStride: i32): void {
  const yBytes = (<usize>rows) << 2;
  const xBytes = (<usize>xStride) << 2;
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    const from = x + xBytes * row;
    const to = y + ((<usize>row) << 2);
    let column: usize = 0;
    for (; <i32>column + 4 <= columns; column += 4) {
      const at = from + (column << 2);
      const a = v128.load(at);
      const b = v128.load(at + xBytes);
      const c = v128.load(at + 2 * xBytes);
      const d = v128.load(at + 3 * xBytes);
      const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
      const ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
      const cd0 = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
      const cd1 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
      const out = to + yBytes * column;
      v128.store(out, v128.shuffle<f32>(ab0, cd0, 0, 1, 4, 5));
      v128.store(out + yBytes, v128.shuffle<f32>(ab0, cd0, 2, 3, 6, 7));
      v128.store(out + 2 * yBytes, v128.shuffle<f32>(ab1, cd1, 0, 1, 4, 5));
      v128.store(out + 3 * yBytes, v128.shuffle<f32>(ab1, cd1, 2, 3, 6, 7));
    }
    for (; <i32>column < columns; column++) {
      for (let i: usize = 0; i < 4; i++) {
        store<f32>(to + yBytes * column + (i << 2), load<f32>(from + xBytes * i + (column << 2)));
      }
    }
  }
  for (; row < rows; row++) {
    for (let column: usize = 0; <i32>column < columns; column++) {
      store<f32>(y + yBytes * column + ((<usize>row) << 2), load<f32>(x + xBytes * row + (column << 2)));
    }
  }
}

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
