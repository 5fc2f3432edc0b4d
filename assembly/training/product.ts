import { cut } from "./cut";
import { DEPTH, productBytes } from "./pack-product";
import { placeOf } from "./place-of";
import { ROW_BYTES, tiles } from "./tiles";

/** Depth of rows of a that are copied together. */
const COPIED: i32 = 512;

/** Bytes of packed panels that stay in a second-level cache while rows pass. */
const BLOCK: i32 = 262144;

/** Up to six rows of a, where tiles read them; behind them what the offsets below say. */
let scratch: usize = memory.data(16384, 64);

/** Gives the products scratch of 16 KiB in place of their own: instances over one memory need one each. */
export function placeScratch(at: usize): void {
  scratch = at;
}

/** Where their rows of c lie and where they start, two addresses each. */
const PLACES: usize = 12416;

/** Tiles of a last panel that is not whole, and where their rows lie: nothing is written behind a row of c. */
const CORNER: usize = 12480;
const CORNER_PLACES: usize = 12672;

/**
 * c = init + a · b: each element takes its terms in the order of depth, whatever the shapes.
 *
 * c [rows, columns] · init [rows, columns], may be c, 0 for zeros; its stride 0 repeats a row · a [rows, depth] · panels
 * from packProduct. Strides in elements.
 */
export function product(
  c: usize,
  cStride: i32,
  init: usize,
  initStride: i32,
  a: usize,
  aStride: i32,
  panels: usize,
  rows: i32,
  depth: i32,
  columns: i32,
): void {
  productOfNamed(c, cStride, 0, init, initStride, a, aStride, 0, panels, rows, depth, columns);
}

/** `product` of rows anywhere: the i-th row of a is its row aRows[i], that of c and init cRows[i]. i32; 0: row i. */
function productOfNamed(
  c: usize,
  cStride: i32,
  cRows: usize,
  init: usize,
  initStride: i32,
  a: usize,
  aStride: i32,
  aRows: usize,
  panels: usize,
  rows: i32,
  depth: i32,
  columns: i32,
): void {
  const cBytes = (<usize>cStride) << 2;
  const aBytes = (<usize>aStride) << 2;
  const width = min(columns, max(8, (BLOCK / (min(COPIED, depth) * 32)) * 8));
  for (let first = 0; first < depth; first += COPIED) {
    const part = min(COPIED, depth - first);
    for (let column = 0; column < columns; column += width) {
      const at = (<usize>column) << 2;
      const from = init ? init + at : 0;
      const many = min(width, columns - column);
      const initBytes = (<usize>initStride) << 2;
      const b = panels + at * min(DEPTH, part);
      rowsByPanels(c + at, cBytes, cRows, from, initBytes, a, aBytes, aRows, b, rows, part, many, columns);
    }
    panels += <usize>productBytes(part, columns);
    a += (<usize>part) << 2;
    init = c;
    initStride = cStride;
  }
}

/**
 * `product` of as many rows as `total`, one i32, says. They lie anywhere: the i-th row of a is its row aRows[i], that of c
 * and init cRows[i].
 */
export function productOfTotal(
  c: usize,
  cStride: i32,
  cRows: usize,
  init: usize,
  initStride: i32,
  a: usize,
  aStride: i32,
  aRows: usize,
  panels: usize,
  total: usize,
  depth: i32,
  columns: i32,
): void {
  productOfNamed(c, cStride, cRows, init, initStride, a, aStride, aRows, panels, load<i32>(total), depth, columns);
}

/** Rows of a from `first` on, to where tiles read them. */
function copyRows(a: usize, stride: usize, named: usize, first: i32, rows: i32, depth: i32): void {
  let to = scratch;
  for (let row = first; row < first + rows; row++) {
    const from = placeOf(a, stride, named, row);
    let at: usize = 0;
    for (let left = depth; left >= 16; left -= 16, at += 64) {
      v128.store(to + at, v128.load(from + at));
      v128.store(to + at, v128.load(from + at, 16), 16);
      v128.store(to + at, v128.load(from + at, 32), 32);
      v128.store(to + at, v128.load(from + at, 48), 48);
    }
    for (let left = depth & 15; left > 0; left--, at += 4) store<f32>(to + at, load<f32>(from + at));
    to += ROW_BYTES;
  }
}

/** Notes where rows of c lie and where they start. */
function notePlaces(
  c: usize,
  cStride: usize,
  named: usize,
  init: usize,
  initStride: usize,
  first: i32,
  rows: i32,
): void {
  let at = scratch + PLACES;
  for (let row = first; row < first + rows; row++, at += 8) {
    store<usize>(at, placeOf(c, cStride, named, row));
    store<usize>(at, init ? placeOf(init, initStride, named, row) : 0, 4);
  }
}

/** All rows against some panels of a factor that has `allColumns`. */
function rowsByPanels(
  c: usize,
  cStride: usize,
  cRows: usize,
  init: usize,
  initStride: usize,
  a: usize,
  aStride: usize,
  aRows: usize,
  panels: usize,
  rows: i32,
  depth: i32,
  columns: i32,
  allColumns: i32,
): void {
  const fours = cut.fours(rows);
  const sixes = cut.sixes(rows);
  const block = <usize>productBytes(DEPTH, allColumns);
  for (let row = 0, height = 0; row < rows; row += height) {
    height = row < 6 * sixes ? 6 : row < 6 * sixes + 4 * fours ? 4 : 1;
    if (height > 1) copyRows(a, aStride, aRows, row, height, depth);
    let b = panels;
    for (let first = 0; first < depth; first += DEPTH) {
      const part = min(DEPTH, depth - first);
      const start = first ? c : init;
      const startStride = first ? cStride : initStride;
      if (height > 1) {
        notePlaces(c, cStride, cRows, start, startStride, row, height);
        group(scratch + ((<usize>first) << 2), b, height, part, columns);
      } else {
        const from = placeOf(a, aStride, aRows, row) + ((<usize>first) << 2);
        const to = placeOf(c, cStride, cRows, row);
        oneRow(to, start ? placeOf(start, startStride, cRows, row) : 0, from, b, part, columns);
      }
      b += block;
    }
  }
}

/** Six or four copied rows against some panels. */
function group(a: usize, b: usize, height: i32, depth: i32, columns: i32): void {
  const panelBytes = (<usize>depth) << 5;
  const end = (<usize>(columns & ~7)) << 2;
  const places = scratch + PLACES;
  let column: usize = 0;
  if (height === 6) {
    for (; column < end; column += 32, b += panelBytes) tiles.six<v128>(places, column, a, b, depth);
  } else {
    for (; column < end; column += 32, b += panelBytes) tiles.four<v128>(places, column, a, b, depth);
  }
  if (columns & 7) narrow(column, a, b, height, depth, columns & 7);
}

/** The same against a panel of which only some columns are there. */
function narrow(column: usize, a: usize, b: usize, height: i32, depth: i32, width: i32): void {
  const bytes = (<usize>width) << 2;
  const places = scratch + PLACES;
  const own = scratch + CORNER_PLACES;
  for (let row: usize = 0; <i32>row < height; row++) {
    const at = scratch + CORNER + (row << 5);
    const from = load<usize>(places + (row << 3), 4);
    store<usize>(own + (row << 3), at);
    store<usize>(own + (row << 3), from ? at : 0, 4);
    if (from) memory.copy(at, from + column, bytes);
  }
  if (height === 6) tiles.six<v128>(own, 0, a, b, depth);
  else tiles.four<v128>(own, 0, a, b, depth);
  for (let row: usize = 0; <i32>row < height; row++) {
    memory.copy(load<usize>(places + (row << 3)) + column, scratch + CORNER + (row << 5), bytes);
  }
}

/** One row of a against some panels. */
function oneRow(c: usize, init: usize, a: usize, b: usize, depth: i32, columns: i32): void {
  const panelBytes = (<usize>depth) << 5;
  let column = 0;
  for (; column + 32 <= columns; column += 32) {
    const at = (<usize>column) << 2;
    tiles.oneByFour(c + at, init ? init + at : 0, a, b, panelBytes, depth);
    b += panelBytes << 2;
  }
  for (; column + 8 <= columns; column += 8, b += panelBytes) {
    const at = (<usize>column) << 2;
    tiles.one(c + at, init ? init + at : 0, a, 4, b, depth);
  }
  const rest = columns - column;
  if (!rest) return;
  const at = (<usize>column) << 2;
  const corner = scratch + CORNER;
  if (init) memory.copy(corner, init + at, (<usize>rest) << 2);
  tiles.one(corner, init ? corner : 0, a, 4, b, depth);
  memory.copy(c + at, corner, (<usize>rest) << 2);
}
