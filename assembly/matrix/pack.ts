/**
 * Packed weights: the layout that every product reads.
 *
 * A matrix [rows, gates · units] in Keras' layout (gate blocks side by side) becomes columns in this order: four units
 * of gate 0, the same four of gate 1, …, then the next four units; units are padded with zeros to a multiple of 4.
 * Three gates (GRU) are two matrices one after the other: z and r as above, then h alone.
 * The columns are cut into panels of 32 (the last may be narrower), each stored row by row: a product streams a panel
 * from its first byte to its last. A bias is a matrix of one row.
 */

/** Columns of a panel: the eight vectors that a product of one row accumulates at a time. */
export const PANEL: i32 = 32;

/** Units padded to whole vectors. */
export function padded(units: i32): i32 {
  return (units + 3) & ~3;
}

/** Bytes of packed weights. */
export function packedBytes(rows: i32, units: i32, gates: i32): i32 {
  return rows * gates * padded(units) * 4;
}

/** Address of element (row, column of the packed order) of a matrix with `columns` packed columns. */
function place(panels: usize, rows: i32, columns: i32, row: i32, column: i32): usize {
  const first = column & ~(PANEL - 1);
  const width = min(PANEL, columns - first);
  return panels + ((<usize>(rows * first) + <usize>(row * width) + <usize>(column - first)) << 2);
}

/** Moves gates `first` to `first + count − 1` of `gates` between the two layouts. */
function move(
  panels: usize,
  plain: usize,
  rows: i32,
  units: i32,
  gates: i32,
  first: i32,
  count: i32,
  unpack: bool,
): void {
  const columns = count * padded(units);
  for (let row = 0; row < rows; row++) {
    for (let gate = 0; gate < count; gate++) {
      const line = plain + ((<usize>((row * gates + first + gate) * units)) << 2);
      const limit = unpack ? units : padded(units);
      for (let unit = 0; unit < limit; unit++) {
        const at = place(panels, rows, columns, row, ((unit >> 2) * count + gate) * 4 + (unit & 3));
        const other = line + ((<usize>unit) << 2);
        if (unpack) store<f32>(other, load<f32>(at));
        else store<f32>(at, unit < units ? load<f32>(other) : 0);
      }
    }
  }
}

function moveAll(panels: usize, plain: usize, rows: i32, units: i32, gates: i32, unpack: bool): void {
  if (gates === 3) {
    move(panels, plain, rows, units, 3, 0, 2, unpack);
    move(panels + <usize>packedBytes(rows, units, 2), plain, rows, units, 3, 2, 1, unpack);
  } else {
    move(panels, plain, rows, units, gates, 0, gates, unpack);
  }
}

/**
 * Packs a kernel, or a bias with `rows` 1.
 *
 * panels [packedBytes] out, 64-byte aligned for speed · source [rows, gates · units].
 */
export function packKernel(panels: usize, source: usize, rows: i32, units: i32, gates: i32): void {
  moveAll(panels, source, rows, units, gates, false);
}

/** Undoes packKernel: target [rows, gates · units] out. */
export function unpackKernel(target: usize, panels: usize, rows: i32, units: i32, gates: i32): void {
  moveAll(panels, target, rows, units, gates, true);
}
