import { padded } from "../matrix/pack";

/**
 * A packed kernel of int8 weights with one float32 scale a column: w = q · scale, q in −127..127.
 *
 * Its address is odd: one more than the block, which starts at a multiple of 64. So every kernel that takes packed
 * weights takes these too, and tells them apart.
 *
 * The block: room for BLOCK_ROWS quantised rows of the other factor, which belongs to the product that runs · their
 * scales · the columns' scales · the columns' corrections, i32 · the panels. Columns are ordered and padded as
 * matrix/pack.ts does and cut into panels of 32; inside a panel GROUP rows of a column lie side by side, since a dot product takes them
 * at once. Rows are padded with zeros.
 */

/** Columns of a panel: the eight vectors that a product of one row accumulates at a time. */
const PANEL: i32 = 32;

/** Rows of the other factor that are quantised at a time, and pass a panel while it is in the first-level cache. */
export const BLOCK_ROWS: i32 = 8;

/** Rows of a column that one lane multiplies at once. */
export function groupRows(): i32 {
  return ASC_FEATURE_RELAXED_SIMD ? 4 : 2;
}

/** What is added to quantised inputs (−63..63): the relaxed dot takes 0..127 only. */
export function inputOffset(): i32 {
  return ASC_FEATURE_RELAXED_SIMD ? 64 : 0;
}

function align(bytes: usize): usize {
  return (bytes + 63) & ~63;
}

/** Depth padded to whole vectors of inputs. */
function paddedDepth(depth: i32): usize {
  return <usize>((depth + 3) & ~3);
}

/** The regions of a block, in bytes from its start. */
export class int8Block {
  /** Bytes of a quantised input row: bytes where a dot product takes them, else i16. */
  static inputRow(depth: i32): usize {
    return paddedDepth(depth) << (ASC_FEATURE_RELAXED_SIMD ? 0 : 1);
  }

  static inputScales(depth: i32): usize {
    return align(int8Block.inputRow(depth) * BLOCK_ROWS);
  }

  static scales(depth: i32): usize {
    return int8Block.inputScales(depth) + 64;
  }

  static corrections(depth: i32, columns: i32): usize {
    return int8Block.scales(depth) + align((<usize>columns) << 2);
  }

  static panels(depth: i32, columns: i32): usize {
    return int8Block.corrections(depth, columns) + align((<usize>columns) << 2);
  }

  static bytes(depth: i32, columns: i32): usize {
    return int8Block.panels(depth, columns) + align(paddedDepth(depth) * columns);
  }
}

/** Bytes of a packed int8 kernel. */
export function packedBytesInt8(rows: i32, units: i32, gates: i32): i32 {
  const width = padded(units);
  if (gates === 3) return <i32>(int8Block.bytes(rows, 2 * width) + int8Block.bytes(rows, width));
  return <i32>int8Block.bytes(rows, gates * width);
}

/**
 * Packs an int8 kernel.
 *
 * block [packedBytesInt8] out, 64-byte aligned (not the odd address) · source i8 [rows, gates · units] · scales
 * [gates · units].
 */
export function packKernelInt8(block: usize, source: usize, scales: usize, rows: i32, units: i32, gates: i32): void {
  memory.fill(block, 0, packedBytesInt8(rows, units, gates));
  if (gates === 3) {
    packGates(block, source, scales, rows, units, 3, 0, 2);
    packGates(block + int8Block.bytes(rows, 2 * padded(units)), source, scales, rows, units, 3, 2, 1);
  } else {
    packGates(block, source, scales, rows, units, gates, 0, gates);
  }
}

/** Packs gates `first` to `first + count − 1` of `gates` into one block of zeros. */
function packGates(
  block: usize,
  source: usize,
  scales: usize,
  rows: i32,
  units: i32,
  gates: i32,
  first: i32,
  count: i32,
): void {
  const columns = count * padded(units);
  const group = groupRows();
  const depth = <i32>paddedDepth(rows);
  const scalesAt = block + int8Block.scales(rows);
  const corrections = block + int8Block.corrections(rows, columns);
  const panels = block + int8Block.panels(rows, columns);
  for (let gate = 0; gate < count; gate++) {
    for (let unit = 0; unit < units; unit++) {
      const from = (first + gate) * units + unit;
      const column = ((unit >> 2) * count + gate) * 4 + (unit & 3);
      const panel = column & ~(PANEL - 1);
      const width = min(PANEL, columns - panel);
      const start = panels + <usize>(panel * depth + (column - panel) * group);
      let sum = 0;
      for (let row = 0; row < rows; row++) {
        const weight = load<i8>(source + <usize>(row * gates * units + from));
        store<i8>(start + <usize>(row / group) * (width * group) + <usize>(row % group), weight);
        sum += weight;
      }
      const at = (<usize>column) << 2;
      store<f32>(scalesAt + at, load<f32>(scales + ((<usize>from) << 2)));
      store<i32>(corrections + at, -inputOffset() * sum);
    }
  }
}
