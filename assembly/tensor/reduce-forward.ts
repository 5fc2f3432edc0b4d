import { simd } from "../math/simd";

/** Codes of {@link reduceForward}, the same as in `src/engine/tensor-codes.ts`. */
export namespace Reduce {
  export const sum: i32 = 0;
  export const mean: i32 = 1;
  export const max: i32 = 2;
  export const min: i32 = 3;
  export const prod: i32 = 4;
  export const argmax: i32 = 5;
  export const argmin: i32 = 6;
  /** Of bytes. */
  export const any: i32 = 7;
  export const all: i32 = 8;
}

function start(op: i32): f32 {
  if (op === Reduce.max || op === Reduce.argmax) return -Infinity;
  if (op === Reduce.min || op === Reduce.argmin) return Infinity;
  return op === Reduce.prod ? 1 : 0;
}

function step(op: i32, sum: v128, x: v128): v128 {
  if (op === Reduce.max) return f32x4.max(sum, x);
  if (op === Reduce.min) return f32x4.min(sum, x);
  return op === Reduce.prod ? f32x4.mul(sum, x) : f32x4.add(sum, x);
}

/**
 * Reduces the middle axis of x [outer, length, inner] to y [outer, inner], k = 0… in order in one accumulator.
 *
 * Float32 in and out; argmax and argmin write int32 (the first place wins); any and all read and write bytes.
 * Reference: test/kernels/tensor-ops.test.ts
 */
export function reduceForward(y: usize, x: usize, outer: i32, length: i32, inner: i32, op: i32): void {
  const row = (<usize>inner) << 2;
  for (let o = 0; o < outer; o++) {
    if (op >= Reduce.any) {
      for (let i = 0; i < inner; i++) {
        let seen: u8 = op === Reduce.all ? 1 : 0;
        for (let k = 0; k < length; k++) {
          const bit = load<u8>(x + k * inner + i);
          seen = op === Reduce.all ? seen & bit : seen | bit;
        }
        store<u8>(y++, seen);
      }
      x += length * inner;
    } else if (op >= Reduce.argmax) {
      for (let i = 0; i < inner; i++, y += 4) {
        let best = start(op);
        let place = 0;
        for (let k = 0; k < length; k++) {
          const value = load<f32>(x + <usize>k * row + ((<usize>i) << 2));
          if (op === Reduce.argmax ? value > best : value < best) {
            best = value;
            place = k;
          }
        }
        store<i32>(y, place);
      }
      x += <usize>length * row;
    } else {
      for (let i = 0; i < inner; i += 4) {
        const lanes = min(inner - i, 4);
        let at = x + ((<usize>i) << 2);
        let sum = f32x4.splat(start(op));
        for (let k = 0; k < length; k++, at += row) sum = step(op, sum, simd.loadTail(at, lanes));
        if (op === Reduce.mean) sum = f32x4.div(sum, f32x4.splat(<f32>length));
        simd.storeTail(y, sum, lanes);
        y += (<usize>lanes) << 2;
      }
      x += <usize>length * row;
    }
  }
}
