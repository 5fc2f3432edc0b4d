import { turnFour } from "./transpose";

/** Rows of a factor that are packed together: a panel of them stays in a first-level cache. */
export const DEPTH: i32 = 256;

/** Bytes of a packed factor [depth, columns]. */
export function productBytes(depth: i32, columns: i32): i32 {
  return depth * ((columns + 7) & ~7) * 4;
}

/**
 * Packs the right factor of a product, or its transpose by its strides: blocks of 256 rows, each in panels of 8 columns,
 * the last one filled up with zeros.
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
    for (let column = 0; column < columns; column += 8) {
      const width = columns - column;
      if (width < 8) packNarrow(panels, from, rows, width, rowBytes, columnBytes);
      else packPanel(panels, from, rows, rowBytes, columnBytes);
      panels += (<usize>rows) << 5;
      from += columnBytes << 3;
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
  packNarrow(panel, from, rows - row, 8, rowBytes, columnBytes);
}

function packNarrow(panel: usize, from: usize, rows: i32, width: i32, rowBytes: usize, columnBytes: usize): void {
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < 8; i++) {
      store<f32>(panel, i < width ? load<f32>(from + columnBytes * i) : 0);
      panel += 4;
    }
    from += rowBytes;
  }
}
