/**
 * Packed weights: the layout that every product reads.
 *
 * A matrix [rows, gates · units] in Keras' layout (gate blocks side by side) becomes columns in this order: four units
 * of gate 0, the same four of gate 1, …, then the next four units; units are padded with zeros to a multiple of 4.
 * Three gates (GRU) are two matrices one after the other: z and r as above, then h alone.
 * The columns are cut into panels, each stored row by row: a product streams a panel from its first byte to its last.
 * A bias is a matrix of one row.
 */

/**
 * Vectors of the next panel where `left` remain. Four are a cache line: tiles that take no more of a row at a time pass
 * over whole lines that lie one after the other.
 */
export function panelVectors(left: i32): i32 {
  return min(left, 4);
}

/** Units padded to whole vectors. */
export function padded(units: i32): i32 {
  return (units + 3) & ~3;
}

/** Bytes of packed weights. */
export function packedBytes(rows: i32, units: i32, gates: i32): i32 {
  return rows * gates * padded(units) * 4;
}

/** Moves gates `first` to `first + count − 1` of `gates` between the two layouts; `count` is 1, 2 or 4. */
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
  const vectors = (count * padded(units)) >> 2;
  // Divisions would take most of a first prediction's time here.
  const shift = count >> 1;
  for (let vector = 0, width = 0; vector < vectors; vector += width) {
    width = panelVectors(vectors - vector);
    for (let row = 0; row < rows; row++) {
      for (let at = vector; at < vector + width; at++) {
        const unit = (at >> shift) << 2;
        const column = (row * gates + first + (at & (count - 1))) * units + unit;
        const other = plain + ((<usize>column) << 2);
        if (unit + 4 <= units) {
          if (unpack) v128.store(other, v128.load(panels));
          else v128.store(panels, v128.load(other));
          panels += 16;
          continue;
        }
        for (let lane = 0; lane < 4; lane++, panels += 4) {
          const there = other + ((<usize>lane) << 2);
          if (unit + lane >= units) {
            if (!unpack) store<f32>(panels, 0);
          } else if (unpack) store<f32>(there, load<f32>(panels));
          else store<f32>(panels, load<f32>(there));
        }
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
