import { multiply } from "../matrix/multiply";
import { padded } from "../matrix/pack";
import { cut } from "./cut";
import { tiles } from "./tiles";
import { turnFour } from "./transpose";

/** Rows of a factor that are packed together: a panel of them stays in a first-level cache. */
const DEPTH: i32 = 256;

/** Bytes of packed panels that stay in a second-level cache while rows pass. */
const BLOCK: i32 = 131072;

/** Bytes of rows up to which the panels pass and the rows stay. */
const FEW_ROWS: i32 = 16384;

/** Rows of a by fours, turned: a tile reads them as one stream. */
let turnedRows: usize = memory.data(16384, 64);

/** Gives the products scratch of 16 KiB in place of their own: instances over one memory need one each. */
export function placeTurned(at: usize): void {
  turnedRows = at;
}

/** Bytes of a packed factor [depth, columns]. */
export function productBytes(depth: i32, columns: i32): i32 {
  return depth * padded(columns) * 4;
}

/**
 * Packs the right factor of a product, or its transpose by its strides: blocks of 256 rows, each in panels of 8 columns,
 * then the columns that are left as `multiply` reads them.
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
  const rowBytes = (<usize>rowStride) << 2;
  const columnBytes = (<usize>columnStride) << 2;
  for (let first = 0; first < depth; first += DEPTH) {
    const rows = min(DEPTH, depth - first);
    let from = source + rowBytes * first;
    let column = 0;
    for (; column + 8 <= columns; column += 8) {
      packPanel(panels, from, rows, rowBytes, columnBytes);
      panels += (<usize>rows) << 5;
      from += columnBytes << 3;
    }
    const rest = columns - column;
    if (!rest) continue;
    const width = padded(rest);
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < width; i++) {
        store<f32>(panels, i < rest ? load<f32>(from + columnBytes * i) : 0);
        panels += 4;
      }
      from += rowBytes;
    }
  }
}

/** One panel: [rows, 8] dense. */
function packPanel(panel: usize, from: usize, rows: i32, rowBytes: usize, columnBytes: usize): void {
  let row = 0;
  if (columnBytes === 4) {
    for (; row < rows; row++) {
      v128.store(panel, v128.load(from));
      v128.store(panel, v128.load(from, 16), 16);
      from += rowBytes;
      panel += 32;
    }
    return;
  }
  if (rowBytes === 4) {
    for (; row + 4 <= rows; row += 4) {
      turnFour(panel, 32, from, columnBytes);
      turnFour(panel + 16, 32, from + (columnBytes << 2), columnBytes);
      from += 16;
      panel += 128;
    }
  }
  for (; row < rows; row++) {
    for (let i: usize = 0; i < 8; i++) store<f32>(panel + (i << 2), load<f32>(from + columnBytes * i));
    from += rowBytes;
    panel += 32;
  }
}

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
  const cBytes = (<usize>cStride) << 2;
  const aBytes = (<usize>aStride) << 2;
  let initBytes = (<usize>initStride) << 2;
  const whole = columns >> 3;
  const rest = columns & 7;
  for (let first = 0; first < depth; first += DEPTH) {
    const part = min(DEPTH, depth - first);
    const panelBytes = (<usize>part) << 5;
    const isFew = rows * part * 4 <= FEW_ROWS;
    const step = isFew ? 1 : max(1, BLOCK / <i32>panelBytes);
    if (isFew) turnGroups(a + aBytes * 6 * cut.sixes(rows), aBytes, cut.fours(rows), part);
    for (let panel = 0; panel < whole; panel += step) {
      const column = (<usize>panel) << 5;
      const at = init ? init + column : 0;
      const b = panels + panelBytes * panel;
      rowsByPanels(c + column, cBytes, at, initBytes, a, aBytes, b, rows, part, min(step, whole - panel), isFew);
    }
    panels += panelBytes * whole;
    if (rest) {
      const column = (<usize>whole) << 5;
      const at = init ? init + column : 0;
      const last = rest > 4 ? rest - 4 : rest;
      multiply(c + column, cBytes, at, initBytes, a, aBytes, panels, rows, part, (rest + 3) >> 2, last);
      panels += <usize>productBytes(part, rest);
    }
    a += (<usize>part) << 2;
    init = c;
    initBytes = cBytes;
  }
}

/** `product` of as many rows as `total`, one i32, says. */
export function productOfTotal(
  c: usize,
  cStride: i32,
  init: usize,
  initStride: i32,
  a: usize,
  aStride: i32,
  panels: usize,
  total: usize,
  depth: i32,
  columns: i32,
): void {
  product(c, cStride, init, initStride, a, aStride, panels, load<i32>(total), depth, columns);
}

/** Four rows of a, `stride` bytes apart, as [depth, 4]. */
function turnRows(to: usize, a: usize, stride: usize, depth: i32): void {
  let k = 0;
  for (; k + 4 <= depth; k += 4) {
    turnFour(to, 16, a, stride);
    to += 64;
    a += 16;
  }
  for (; k < depth; k++) {
    for (let i: usize = 0; i < 4; i++) store<f32>(to + (i << 2), load<f32>(a + stride * i));
    to += 16;
    a += 4;
  }
}

/** So many groups of four rows. */
function turnGroups(a: usize, stride: usize, groups: i32, depth: i32): void {
  let to = turnedRows;
  for (let i = 0; i < groups; i++) {
    turnRows(to, a, stride, depth);
    to += (<usize>depth) << 4;
    a += stride << 2;
  }
}

/** All rows against some panels; `isTurned`: the rows that go by fours have been turned already. */
function rowsByPanels(
  c: usize,
  cStride: usize,
  init: usize,
  initStride: usize,
  a: usize,
  aStride: usize,
  b: usize,
  rows: i32,
  depth: i32,
  panels: i32,
  isTurned: bool,
): void {
  const panelBytes = (<usize>depth) << 5;
  const fours = cut.fours(rows);
  const sixes = cut.sixes(rows);
  for (let i = 0; i < sixes; i++) {
    for (let panel = 0; panel < panels; panel++) {
      const column = (<usize>panel) << 5;
      tiles.six(c + column, cStride, init ? init + column : 0, initStride, a, aStride, b + panelBytes * panel, depth);
    }
    c += cStride * 6;
    a += aStride * 6;
    if (init) init += initStride * 6;
  }
  let turned = turnedRows;
  for (let i = 0; i < fours; i++) {
    if (!isTurned) turnRows(turned, a, aStride, depth);
    for (let panel = 0; panel < panels; panel++) {
      const column = (<usize>panel) << 5;
      const at = init ? init + column : 0;
      tiles.fourTurned(c + column, cStride, at, initStride, turned, b + panelBytes * panel, depth);
    }
    if (isTurned) turned += (<usize>depth) << 4;
    c += cStride * 4;
    a += aStride * 4;
    if (init) init += initStride * 4;
  }
  for (let row = 6 * sixes + 4 * fours; row < rows; row++) {
    let panel = 0;
    for (; panel + 4 <= panels; panel += 4) {
      const column = (<usize>panel) << 5;
      tiles.oneByFour(c + column, init ? init + column : 0, a, b + panelBytes * panel, panelBytes, depth);
    }
    for (; panel < panels; panel++) {
      const column = (<usize>panel) << 5;
      tiles.one(c + column, init ? init + column : 0, a, 4, b + panelBytes * panel, depth);
    }
    c += cStride;
    a += aStride;
    if (init) init += initStride;
  }
}
