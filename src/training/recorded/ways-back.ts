import { BINARY_CODES, REDUCE_CODES } from "../../engine/tensor-codes.ts";
import { SLOPES } from "./slope-of.ts";

/**
 * Where a call's operands and their gradients lie, as indices of floats, a mask as one of bytes; a gradient is absent where
 * nobody wants it.
 */
export type Places = Readonly<Record<string, number | undefined>>;

/** Memory while the way back of a call runs. */
export interface BackMemory {
  readonly f32: Float32Array;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
}

/**
 * The way back of a kernel call: adds to the gradients of its operands (`ga`, `gb`, `gx`) what the gradient of its result
 * (`gy`) gives them. In JavaScript and float64, in one fixed order: for layers that few train.
 */
export type WayBack = (memory: BackMemory, at: Places, n: Readonly<Record<string, number>>) => void;

/** What the gradient g of x ∘ y gives x. */
function slopeOfFirst(op: number, g: number, x: number, y: number): number {
  switch (op) {
    case BINARY_CODES.add:
    case BINARY_CODES.subtract:
      return g;
    case BINARY_CODES.multiply:
      return g * y;
    // Where nothing is asked for, a division by zero does no harm.
    case BINARY_CODES.divide:
      return g === 0 ? 0 : g / y;
    // Of two equal ones the first gets all, as in TensorFlow.
    case BINARY_CODES.maximum:
      return x >= y ? g : 0;
    case BINARY_CODES.minimum:
      return x <= y ? g : 0;
    default:
      return 0;
  }
}

/** And what it gives y. */
function slopeOfSecond(op: number, g: number, x: number, y: number): number {
  switch (op) {
    case BINARY_CODES.add:
      return g;
    case BINARY_CODES.subtract:
      return -g;
    case BINARY_CODES.multiply:
      return g * x;
    case BINARY_CODES.divide:
      return g === 0 ? 0 : (-g * x) / (y * y);
    case BINARY_CODES.maximum:
      return x >= y ? 0 : g;
    case BINARY_CODES.minimum:
      return x <= y ? 0 : g;
    default:
      return 0;
  }
}

const binary: WayBack = ({ f32 }, at, { op, rows, width, aRow, aStep, bRow, bStep }) => {
  const [gy, ga, gb, a, b] = [at["gy"]!, at["ga"], at["gb"], at["a"]!, at["b"]!];
  for (let row = 0; row < rows!; row++) {
    for (let i = 0; i < width!; i++) {
      const g = f32[gy + row * width! + i]!;
      const ia = row * aRow! + i * aStep!;
      const ib = row * bRow! + i * bStep!;
      const x = f32[a + ia]!;
      const y = f32[b + ib]!;
      if (ga !== undefined) f32[ga + ia]! += slopeOfFirst(op!, g, x, y);
      if (gb !== undefined) f32[gb + ib]! += slopeOfSecond(op!, g, x, y);
    }
  }
};

const elementwise: WayBack = ({ f32 }, at, { count, activation }) => {
  const slope = SLOPES.get(activation!)!;
  const [gy, gx, x, y] = [at["gy"]!, at["gx"]!, at["x"]!, at["y"]!];
  for (let i = 0; i < count!; i++) f32[gx + i]! += f32[gy + i]! * slope(f32[x + i]!, f32[y + i]!);
};

const reduction: WayBack = ({ f32 }, at, { outer, length, inner, op }) => {
  const [gy, gx, x, y] = [at["gy"]!, at["gx"]!, at["x"]!, at["y"]!];
  for (let o = 0; o < outer!; o++) {
    for (let i = 0; i < inner!; i++) {
      const result = o * inner! + i;
      const g = f32[gy + result]!;
      const first = o * length! * inner! + i;
      if (op === REDUCE_CODES.sum || op === REDUCE_CODES.mean) {
        const share = op === REDUCE_CODES.mean ? g / length! : g;
        for (let k = 0; k < length!; k++) f32[gx + first + k * inner!]! += share;
      } else if (op === REDUCE_CODES.max || op === REDUCE_CODES.min) {
        // Equal ones share, as in TensorFlow.
        let equal = 0;
        for (let k = 0; k < length!; k++) equal += Number(f32[x + first + k * inner!] === f32[y + result]);
        for (let k = 0; k < length!; k++) {
          const at = first + k * inner!;
          if (f32[x + at] === f32[y + result]) f32[gx + at]! += g / equal;
        }
      } else if (op === REDUCE_CODES.prod) {
        for (let k = 0; k < length!; k++) {
          let others = g;
          for (let j = 0; j < length!; j++) if (j !== k) others *= f32[x + first + j * inner!]!;
          f32[gx + first + k * inner!]! += others;
        }
      }
    }
  }
};

const product: WayBack = ({ f32 }, at, n) => {
  const { batch, m, k, columns, yBatch, yRow, aBatch, aRow, aColumn, bBatch, bRow } = n as Record<string, number>;
  const [gy, ga, gb, a, b] = [at["gy"]!, at["ga"], at["gb"], at["a"]!, at["b"]!];
  for (let matrix = 0; matrix < batch!; matrix++) {
    for (let row = 0; row < m!; row++) {
      const g = gy + matrix * yBatch! + row * yRow!;
      for (let inner = 0; inner < k!; inner++) {
        const ofA = matrix * aBatch! + row * aRow! + inner * aColumn!;
        const ofB = matrix * bBatch! + inner * bRow!;
        const value = f32[a + ofA]!;
        let sum = 0;
        for (let column = 0; column < columns!; column++) {
          const dy = f32[g + column]!;
          sum += dy * f32[b + ofB + column]!;
          if (gb !== undefined) f32[gb + ofB + column]! += value * dy;
        }
        if (ga !== undefined) f32[ga + ofA]! += sum;
      }
    }
  }
};

const softmax: WayBack = ({ f32 }, at, { rows, width }) => {
  const [gy, gx, y] = [at["gy"]!, at["gx"]!, at["y"]!];
  for (let row = 0; row < rows!; row++) {
    const first = row * width!;
    let dot = 0;
    for (let i = first; i < first + width!; i++) dot += f32[gy + i]! * f32[y + i]!;
    for (let i = first; i < first + width!; i++) f32[gx + i]! += f32[y + i]! * (f32[gy + i]! - dot);
  }
};

const choice: WayBack = ({ f32, u8 }, at, { rows, width, aRow, bRow }) => {
  const [gy, ga, gb, mask] = [at["gy"]!, at["ga"], at["gb"], at["mask"]!];
  for (let row = 0; row < rows!; row++) {
    const on = u8[mask + row] !== 0;
    const [to, step] = on ? [ga, aRow!] : [gb, bRow!];
    if (to === undefined) continue;
    for (let i = 0; i < width!; i++) f32[to + row * step + i]! += f32[gy + row * width! + i]!;
  }
};

const copy: WayBack = ({ f32 }, at, n) => {
  const [gy, gx] = [at["gy"]!, at["gx"]!];
  const list = (name: string) => [0, 1, 2, 3, 4, 5].map((i) => n[`${name}${i}`]!);
  const [sizes, to, from] = [list("n"), list("y"), list("x")];
  const [rows, width] = [sizes[4]!, sizes[5]!];
  const walk = (axis: number, y: number, x: number): void => {
    if (axis < 4) {
      for (let i = 0; i < sizes[axis]!; i++) walk(axis + 1, y + i * to[axis]!, x + i * from[axis]!);
      return;
    }
    const [yRow, xRow, yStep, xStep] = [to[4]!, from[4]!, to[5]!, from[5]!];
    for (let row = 0; row < rows; row++) {
      const source = gy + y + row * yRow;
      const target = gx + x + row * xRow;
      for (let i = 0; i < width; i++) f32[target + i * xStep]! += f32[source + i * yStep]!;
    }
  };
  walk(0, 0, 0);
};

const takeRows: WayBack = ({ f32, i32 }, at, { batch, count, limit, width }) => {
  const [gy, gx, indices] = [at["gy"]!, at["gx"]!, at["indices"]!];
  for (let i = 0; i < batch! * count!; i++) {
    const index = i32[indices + i]!;
    const row = Math.floor(i / count!) * limit! + (index < 0 ? index + limit! : index);
    for (let column = 0; column < width!; column++) f32[gx + row * width! + column]! += f32[gy + i * width! + column]!;
  }
};

const angles: WayBack = ({ f32 }, at, { count }) => {
  const [gy, gTop, gSide, top, side] = [at["gy"]!, at["gtop"], at["gside"], at["top"]!, at["side"]!];
  for (let i = 0; i < count!; i++) {
    const [a, b] = [f32[top + i]!, f32[side + i]!];
    const share = f32[gy + i]! / (a * a + b * b);
    if (gTop !== undefined) f32[gTop + i]! += share * b;
    if (gSide !== undefined) f32[gSide + i]! -= share * a;
  }
};

/** Nothing flows back: comparisons, roundings to whole numbers, orders. */
const nothing: WayBack = () => undefined;

/** The ways back of the kernels and steps that tensor operations are made of, with the operands that have gradients. */
export const WAYS_BACK: Readonly<Record<string, { readonly of: readonly string[]; readonly run: WayBack }>> = {
  binaryForward: { of: ["a", "b"], run: binary },
  activationForward: { of: ["x"], run: elementwise },
  reduceForward: { of: ["x"], run: reduction },
  matmulForward: { of: ["a", "b"], run: product },
  softmaxForward: { of: ["x"], run: softmax },
  selectForward: { of: ["a", "b"], run: choice },
  copyStrided: { of: ["x"], run: copy },
  takeRows: { of: ["x"], run: takeRows },
  angles: { of: ["top", "side"], run: angles },
  order: { of: [], run: nothing },
  castForward: { of: [], run: nothing },
  logicalForward: { of: [], run: nothing },
};
