import { cut } from "./cut";
import { placeOf } from "./place-of";
import { tiles } from "./tiles";

/** Rows that are taken together: a panel of them stays in a first-level cache. */
const DEPTH: i32 = 256;

/** Rows of a that are packed together: their lines stay in a first-level cache. */
const TURNED: i32 = 32;

/** Bytes of scratch of `productOfRows`. */
export function rowsScratchBytes(columnsA: i32): i32 {
  return 4 * (DEPTH * (columnsA + 8) + 64);
}

/**
 * c = aᵀ · b, or c += aᵀ · b over `rows` rows, first row first: the gradient of a kernel.
 *
 * c [columnsA, columnsB] · a [rows, columnsA], with `factors` [period, columnsA] each row times that of its number modulo
 * `period` · b [rows, columnsB] · sums [columnsB] or 0: the sum of b's rows is added to it · scratch [rowsScratchBytes].
 * Strides in elements.
 */
export function productOfRows(
  c: usize,
  cStride: i32,
  a: usize,
  aStride: i32,
  factors: usize,
  period: i32,
  b: usize,
  bStride: i32,
  sums: usize,
  scratch: usize,
  rows: i32,
  columnsA: i32,
  columnsB: i32,
  accumulate: i32,
): void {
  productOfNamedRows(
    c,
    cStride,
    a,
    aStride,
    0,
    factors,
    period,
    b,
    bStride,
    0,
    sums,
    scratch,
    rows,
    columnsA,
    columnsB,
    accumulate,
  );
}

/**
 * `productOfRows` of as many rows as `total`, one i32, says, without factors and sums. They lie anywhere: the i-th row of a
 * is its row aRows[i], that of b its row bRows[i].
 */
export function productOfTotalRows(
  c: usize,
  cStride: i32,
  a: usize,
  aRows: usize,
  b: usize,
  bRows: usize,
  scratch: usize,
  total: usize,
  columnsA: i32,
  columnsB: i32,
  accumulate: i32,
): void {
  const rows = load<i32>(total);
  productOfNamedRows(
    c,
    cStride,
    a,
    columnsA,
    aRows,
    0,
    0,
    b,
    columnsB,
    bRows,
    0,
    scratch,
    rows,
    columnsA,
    columnsB,
    accumulate,
  );
}

function productOfNamedRows(
  c: usize,
  cStride: i32,
  a: usize,
  aStride: i32,
  aRows: usize,
  factors: usize,
  period: i32,
  b: usize,
  bStride: i32,
  bRows: usize,
  sums: usize,
  scratch: usize,
  rows: i32,
  columnsA: i32,
  columnsB: i32,
  accumulate: i32,
): void {
  const cBytes = (<usize>cStride) << 2;
  const aBytes = (<usize>aStride) << 2;
  const bBytes = (<usize>bStride) << 2;
  const panel = scratch;
  const corner = panel + (DEPTH << 5);
  const left = corner + 256;
  for (let first = 0; first < rows; first += DEPTH) {
    const part = min(DEPTH, rows - first);
    packTurned(left, a, aBytes, aRows, factors, period, first, part, columnsA);
    const isFresh = !accumulate && first === 0;
    for (let column = 0; column < columnsB; column += 8) {
      const at = (<usize>column) << 2;
      const width = min(8, columnsB - column);
      packColumns(panel, b + at, bBytes, bRows, first, part, width, sums ? sums + at : 0);
      turnedByPanel(c + at, cBytes, left, panel, corner, part, columnsA, width, isFresh);
    }
  }
}

/** Columns of a as rows of six, four and one: each group [rows, group] dense. */
function packTurned(
  to: usize,
  a: usize,
  stride: usize,
  named: usize,
  factors: usize,
  period: i32,
  first: i32,
  rows: i32,
  columns: i32,
): void {
  for (let done = 0; done < rows; done += TURNED) {
    const part = min(TURNED, rows - done);
    turnSome(to, a, stride, named, factors, period, first + done, part, done, rows, columns);
  }
}

/** So many of the rows from `first` on, of which `done` of `all` have been packed. */
function turnSome(
  to: usize,
  a: usize,
  stride: usize,
  named: usize,
  factors: usize,
  period: i32,
  first: i32,
  rows: i32,
  done: i32,
  all: i32,
  columns: i32,
): void {
  const fours = cut.fours(columns);
  const sixes = cut.sixes(columns);
  const factorBytes = (<usize>columns) << 2;
  for (let column = 0, width = 0; column < columns; column += width) {
    width = column < 6 * sixes ? 6 : column < 6 * sixes + 4 * fours ? 4 : 1;
    const at = (<usize>column) << 2;
    let panel = to + ((<usize>(column * all + width * done)) << 2);
    let phase = factors ? first % period : 0;
    for (let row = first; row < first + rows; row++) {
      const from = placeOf(a, stride, named, row) + at;
      if (factors) {
        const by = factors + factorBytes * phase + at;
        if (++phase === period) phase = 0;
        if (width === 1) {
          store<f32>(panel, load<f32>(from) * load<f32>(by));
        } else {
          v128.store(panel, f32x4.mul(v128.load(from), v128.load(by)));
          if (width === 6)
            store<u64>(
              panel,
              v128.extract_lane<u64>(f32x4.mul(v128.load64_zero(from, 16), v128.load64_zero(by, 16)), 0),
              16,
            );
        }
      } else if (width === 1) {
        store<f32>(panel, load<f32>(from));
      } else {
        v128.store(panel, v128.load(from));
        if (width === 6) store<u64>(panel, load<u64>(from, 16), 16);
      }
      panel += (<usize>width) << 2;
    }
  }
}

/**
 * Up to 8 columns of b as a panel [rows, 8], zeros behind; their sums are added to `sums`. Reading whole cache lines, 16, 32
 * or 128 columns into as many panels as that takes, makes the product 1 to 3% slower (Node 24, Zen 3).
 */
function packColumns(
  panel: usize,
  b: usize,
  stride: usize,
  named: usize,
  first: i32,
  rows: i32,
  width: i32,
  sums: usize,
): void {
  if (width < 8) {
    for (let row = first; row < first + rows; row++) {
      const from = placeOf(b, stride, named, row);
      for (let i: usize = 0; i < 8; i++) {
        const value: f32 = <i32>i < width ? load<f32>(from + (i << 2)) : 0;
        store<f32>(panel + (i << 2), value);
        if (sums && <i32>i < width) store<f32>(sums + (i << 2), load<f32>(sums + (i << 2)) + value);
      }
      panel += 32;
    }
    return;
  }
  let low = sums ? v128.load(sums) : f32x4.splat(0);
  let high = sums ? v128.load(sums, 16) : low;
  for (let row = first; row < first + rows; row++) {
    const from = placeOf(b, stride, named, row);
    const v = v128.load(from);
    const w = v128.load(from, 16);
    low = f32x4.add(low, v);
    high = f32x4.add(high, w);
    v128.store(panel, v);
    v128.store(panel, w, 16);
    panel += 32;
  }
  if (sums) {
    v128.store(sums, low);
    v128.store(sums, high, 16);
  }
}

/**
 * All rows of aᵀ against one panel. A narrow panel's tiles go through `corner` [6, 8]: nothing is written behind a row. Behind
 * it is room for the places of a tile's rows.
 */
function turnedByPanel(
  c: usize,
  cStride: usize,
  a: usize,
  b: usize,
  corner: usize,
  depth: i32,
  rows: i32,
  width: i32,
  isFresh: bool,
): void {
  const fours = cut.fours(rows);
  const sixes = cut.sixes(rows);
  const places = corner + 192;
  for (let row = 0; row < rows; ) {
    const height = row < 6 * sixes ? 6 : row < 6 * sixes + 4 * fours ? 4 : 1;
    let to = c;
    let stride = cStride;
    if (width < 8) {
      if (!isFresh) copyCorner(corner, 32, c, cStride, height, width);
      to = corner;
      stride = 32;
    }
    for (let i: usize = 0; <i32>i < height; i++) {
      store<usize>(places + (i << 3), to + stride * i);
      store<usize>(places + (i << 3), isFresh ? 0 : to + stride * i, 4);
    }
    if (height === 6) tiles.six<f32>(places, 0, a, b, depth);
    else if (height === 4) tiles.four<f32>(places, 0, a, b, depth);
    else tiles.one(to, isFresh ? 0 : to, a, 4, b, depth);
    if (width < 8) copyCorner(c, cStride, corner, 32, height, width);
    c += cStride * height;
    a += ((<usize>depth) << 2) * height;
    row += height;
  }
}

function copyCorner(to: usize, toStride: usize, from: usize, fromStride: usize, rows: i32, width: i32): void {
  for (let row = 0; row < rows; row++) {
    memory.copy(to + toStride * row, from + fromStride * row, (<usize>width) << 2);
  }
}
