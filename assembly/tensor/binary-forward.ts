import { simd } from "../math/simd";

/** Codes of {@link binaryForward}, the same as in `src/engine/tensor-codes.ts`. Comparisons give bytes. */
export namespace Binary {
  export const add: i32 = 0;
  export const subtract: i32 = 1;
  export const multiply: i32 = 2;
  export const divide: i32 = 3;
  export const maximum: i32 = 4;
  export const minimum: i32 = 5;
  export const equal: i32 = 6;
  export const notEqual: i32 = 7;
  export const less: i32 = 8;
  export const lessEqual: i32 = 9;
}

function apply(op: i32, a: v128, b: v128): v128 {
  switch (op) {
    case Binary.add:
      return f32x4.add(a, b);
    case Binary.subtract:
      return f32x4.sub(a, b);
    case Binary.multiply:
      return f32x4.mul(a, b);
    case Binary.divide:
      return f32x4.div(a, b);
    case Binary.maximum:
      return f32x4.max(a, b);
    case Binary.minimum:
      return f32x4.min(a, b);
    case Binary.equal:
      return f32x4.eq(a, b);
    case Binary.notEqual:
      return f32x4.ne(a, b);
    case Binary.less:
      return f32x4.lt(a, b);
    default:
      return f32x4.le(a, b);
  }
}

/**
 * y = a ∘ b over [rows, width], float32; comparisons store one byte an element, 0 or 1.
 *
 * Strides of the operands in elements: `aRow` any (0 repeats one row), `aStep` 1, or 0 to repeat one element; so for b.
 * y is contiguous and may be a or b if that is contiguous too and y holds floats.
 * Reference: test/kernels/tensor-ops.test.ts
 */
export function binaryForward(
  y: usize,
  a: usize,
  b: usize,
  op: i32,
  rows: i32,
  width: i32,
  aRow: i32,
  aStep: i32,
  bRow: i32,
  bStep: i32,
): void {
  const compares = op >= Binary.equal;
  const size: usize = compares ? 1 : 4;
  for (let row = 0; row < rows; row++) {
    let at = a;
    let bt = b;
    for (let left = width; left > 0; left -= 4, at += aStep << 4, bt += bStep << 4) {
      const lanes = min(left, 4);
      const va = aStep ? simd.loadTail(at, lanes) : v128.load32_splat(at);
      const vb = bStep ? simd.loadTail(bt, lanes) : v128.load32_splat(bt);
      const v = apply(op, va, vb);
      if (!compares) simd.storeTail(y, v, lanes);
      else {
        const bits = i32x4.bitmask(v);
        for (let lane = 0; lane < lanes; lane++) store<u8>(y + lane, (bits >> lane) & 1);
      }
      y += <usize>lanes * size;
    }
    a += aRow << 2;
    b += bRow << 2;
  }
}
