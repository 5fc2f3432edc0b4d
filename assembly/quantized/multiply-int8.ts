import { simd } from "../math/simd";
import { BLOCK_ROWS, inputOffset, int8Block } from "./pack-int8";

/**
 * z = init + a · b with int8 weights; arguments as multiply's (matrix/multiply.ts), b the odd address of a packed int8
 * kernel.
 *
 * Each row of a is quantised by itself, q = round(a · 63 / max|a|), in both builds alike; the sums of q · w are integers
 * and exact, so that builds, batches and tilings give the same bits. At most 133,000 rows of weights: the sums are i32.
 * Reference: test/reference/quantized.ts
 */
export function multiplyInt8(
  z: usize,
  zStride: usize,
  init: usize,
  initStride: usize,
  a: usize,
  aStride: usize,
  b: usize,
  rows: i32,
  depth: i32,
  vectors: i32,
  lastLanes: i32,
): void {
  const block = b & ~1;
  const columns = vectors << 2;
  const inputRow = int8Block.inputRow(depth);
  const inputScales = block + int8Block.inputScales(depth);
  const inPairs = sumsPairs();
  for (let first = 0; first < rows; first += BLOCK_ROWS) {
    const count = min(BLOCK_ROWS, rows - first);
    for (let row = 0; row < count; row++) {
      const scale = quantizeRow(block + inputRow * row, a, depth);
      store<f32>(inputScales + ((<usize>row) << 2), scale);
      a += aStride;
    }
    let scales = block + int8Block.scales(depth);
    let corrections = block + int8Block.corrections(depth, columns);
    let panel = block + int8Block.panels(depth, columns);
    for (let vector = 0; vector < vectors; vector += 8) {
      const width = min(8, vectors - vector);
      const lanes = vector + width === vectors ? lastLanes : 4;
      const column = (<usize>vector) << 4;
      for (let row = 0; row < count; row++) {
        const scale = v128.load32_splat(inputScales + ((<usize>row) << 2));
        const zAt = z + zStride * row + column;
        const initAt = init ? init + initStride * row + column : ZEROS;
        const input = block + inputRow * row;
        if (width < 8 || lanes < 4) {
          narrowTile(zAt, initAt, input, inputRow, panel, scales, corrections, scale, width, lanes);
        } else if (ASC_FEATURE_RELAXED_SIMD && inPairs) {
          panelInPairs(zAt, initAt, input, inputRow, panel, scales, corrections, scale);
        } else {
          panelTile(zAt, initAt, input, inputRow, panel, scales, corrections, scale);
        }
      }
      scales += 128;
      corrections += 128;
      panel += (<usize>((depth + 3) & ~3)) << 5;
    }
    z += zStride * count;
    if (init) init += initStride * count;
  }
}

/** What a product without init starts from: a panel of zeros. */
const ZEROS: usize = memory.data(128, 64);

/** A vector of ones in memory: a constant would be made anew at each use. */
const ONES: usize = memory.data<i16>([1, 1, 1, 1, 1, 1, 1, 1], 16);

/** target [depth, padded to 4] = round(a · 63 / max|a|) + offset; returns max|a| / 63, NaN if a holds one. */
function quantizeRow(target: usize, a: usize, depth: i32): f32 {
  const end = a + ((<usize>depth >> 2) << 4);
  const lanes = depth & 3;
  // Without signs, floats are in the order of their bits, NaN above all: an integer maximum is a single instruction.
  let largest = i32x4.splat(0);
  for (let at = a; at < end; at += 16) largest = i32x4.max_s(largest, f32x4.abs(v128.load(at)));
  if (lanes) largest = i32x4.max_s(largest, f32x4.abs(simd.loadTail(end, lanes)));
  largest = i32x4.max_s(largest, i8x16.shuffle(largest, largest, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  const peak = reinterpret<f32>(max(i32x4.extract_lane(largest, 0), i32x4.extract_lane(largest, 1)));
  // The inverse of a smaller peak overflows; a NaN takes 0 as well, and is in the scale.
  const inverse = f32x4.splat(peak > 1e-36 ? <f32>63 / peak : 0);
  for (; a < end; a += 16) target = storeQuantized(target, f32x4.mul(v128.load(a), inverse));
  if (lanes) storeQuantized(target, f32x4.mul(simd.loadTail(a, lanes), inverse));
  return peak / 63;
}

/** Stores four inputs as the dot products take them and returns the address behind. */
function storeQuantized(target: usize, scaled: v128): usize {
  const whole = i32x4.add(i32x4.trunc_sat_f32x4_s(f32x4.nearest(scaled)), i32x4.splat(inputOffset()));
  const words = i16x8.narrow_i32x4_s(whole, whole);
  if (ASC_FEATURE_RELAXED_SIMD) {
    v128.store_lane<i32>(target, i8x16.narrow_i16x8_s(words, words), 0);
    return target + 4;
  }
  v128.store_lane<i64>(target, words, 0);
  return target + 8;
}

/**
 * Whether the relaxed dot of four takes several instructions here, which then are pmaddubsw, pmaddwd and an addition, as
 * on x86 without VNNI. It is told from their saturated sums of two, which operands outside of the operation's range
 * show: VNNI's sums of four are 129,540 and ARM's −508.
 */
function sumsPairs(): bool {
  if (!ASC_FEATURE_RELAXED_SIMD) return false;
  const sums = i32x4.relaxed_dot_i8x16_i7x16_add_s(i8x16.splat(127), i8x16.splat(-1), i32x4.splat(0));
  return i32x4.extract_lane(sums, 0) === 2 * i16.MAX_VALUE;
}

class int8Tile {
  /**
   * sum + the products of four columns' weights at b, `index` vectors further on, with a group of inputs; where
   * `inPairs`, from sums of two, −32,258 to 32,258, and ones.
   */
  @inline
  static dot(sum: v128, b: usize, index: usize, input: v128, inPairs: bool, ones: v128): v128 {
    if (!ASC_FEATURE_RELAXED_SIMD) {
      return i32x4.add(sum, i32x4.dot_i16x8_s(v128.load_ext<i8>(b + (index << 3)), input));
    }
    const weights = v128.load(b + (index << 4));
    if (!inPairs) return i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, input, sum);
    return i32x4.add(sum, i32x4.dot_i16x8_s(i16x8.relaxed_dot_i8x16_i7x16_s(weights, input), ones));
  }

  /** Bytes of a group of four columns. */
  @inline
  static vectorBytes(): usize {
    return ASC_FEATURE_RELAXED_SIMD ? 16 : 8;
  }

  /** init + sum · the scales of column and row. */
  @inline
  static scaled(sum: v128, init: v128, scales: usize, scale: v128): v128 {
    const factor = f32x4.mul(v128.load(scales), scale);
    return f32x4.add(init, f32x4.mul(f32x4.convert_i32x4_s(sum), factor));
  }

  @inline
  static store(z: usize, init: usize, sum: v128, scales: usize, scale: v128, index: usize): void {
    const at = index << 4;
    v128.store(z + at, int8Tile.scaled(sum, v128.load(init + at), scales + at, scale));
  }

  @inline
  static panel(
    z: usize,
    init: usize,
    input: usize,
    inputRow: usize,
    b: usize,
    scales: usize,
    corrections: usize,
    scale: v128,
    inPairs: bool,
  ): void {
    let p0 = v128.load(corrections);
    let p1 = v128.load(corrections, 16);
    let p2 = v128.load(corrections, 32);
    let p3 = v128.load(corrections, 48);
    let p4 = v128.load(corrections, 64);
    let p5 = v128.load(corrections, 80);
    let p6 = v128.load(corrections, 96);
    let p7 = v128.load(corrections, 112);
    const ones = inPairs ? v128.load(ONES) : p0;
    const step = int8Tile.vectorBytes() << 3;
    for (const end = input + inputRow; input < end; input += 4) {
      const x = v128.load32_splat(input);
      p0 = int8Tile.dot(p0, b, 0, x, inPairs, ones);
      p1 = int8Tile.dot(p1, b, 1, x, inPairs, ones);
      p2 = int8Tile.dot(p2, b, 2, x, inPairs, ones);
      p3 = int8Tile.dot(p3, b, 3, x, inPairs, ones);
      p4 = int8Tile.dot(p4, b, 4, x, inPairs, ones);
      p5 = int8Tile.dot(p5, b, 5, x, inPairs, ones);
      p6 = int8Tile.dot(p6, b, 6, x, inPairs, ones);
      p7 = int8Tile.dot(p7, b, 7, x, inPairs, ones);
      b += step;
    }
    storePanel(z, init, scales, scale, p0, p1, p2, p3, p4, p5, p6, p7);
  }
}

/** Stores the sums of a full panel; one function for both ways to them. */
function storePanel(
  z: usize,
  init: usize,
  scales: usize,
  scale: v128,
  p0: v128,
  p1: v128,
  p2: v128,
  p3: v128,
  p4: v128,
  p5: v128,
  p6: v128,
  p7: v128,
): void {
  int8Tile.store(z, init, p0, scales, scale, 0);
  int8Tile.store(z, init, p1, scales, scale, 1);
  int8Tile.store(z, init, p2, scales, scale, 2);
  int8Tile.store(z, init, p3, scales, scale, 3);
  int8Tile.store(z, init, p4, scales, scale, 4);
  int8Tile.store(z, init, p5, scales, scale, 5);
  int8Tile.store(z, init, p6, scales, scale, 6);
  int8Tile.store(z, init, p7, scales, scale, 7);
}

/** One row against a full panel. */
function panelTile(
  z: usize,
  init: usize,
  input: usize,
  inputRow: usize,
  b: usize,
  scales: usize,
  corrections: usize,
  scale: v128,
): void {
  int8Tile.panel(z, init, input, inputRow, b, scales, corrections, scale, false);
}

/** The same where sumsPairs: V8 makes the ones of its whole dot anew for each vector, which costs a quarter. */
function panelInPairs(
  z: usize,
  init: usize,
  input: usize,
  inputRow: usize,
  b: usize,
  scales: usize,
  corrections: usize,
  scale: v128,
): void {
  int8Tile.panel(z, init, input, inputRow, b, scales, corrections, scale, true);
}

/** One row against a narrower panel, or one whose last vector is not stored whole. */
function narrowTile(
  z: usize,
  init: usize,
  input: usize,
  inputRow: usize,
  b: usize,
  scales: usize,
  corrections: usize,
  scale: v128,
  width: i32,
  lastLanes: i32,
): void {
  const step = int8Tile.vectorBytes() * width;
  const end = input + inputRow;
  for (let vector = 0; vector < width; vector++) {
    let sum = v128.load(corrections);
    let weights = b;
    for (let at = input; at < end; at += 4) {
      sum = int8Tile.dot(sum, weights, 0, v128.load32_splat(at), false, sum);
      weights += step;
    }
    const lanes = vector === width - 1 ? lastLanes : 4;
    simd.storeTail(z, int8Tile.scaled(sum, simd.loadTail(init, lanes), scales, scale), lanes);
    b += int8Tile.vectorBytes();
    z += 16;
    init += 16;
    scales += 16;
    corrections += 16;
  }
}
