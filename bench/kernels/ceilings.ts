import { simd } from "../../assembly/math/simd";

// What the machine can do at most, measured beside the kernels. Compiled by bench/ceilings.ts, not part of the product.

/**
 * Twelve independent chains, one multiply-add each per turn, nothing loaded: 96 flop a turn. A product and a sum of
 * three cycles each on two pipes each need twelve; with one more V8 11 keeps a chain on the stack.
 *
 * Every product is of a value that the turn before made. With equal factors in all chains the compiler of the simd
 * build multiplies once and only adds: that figure no product of matrices can reach. Start [4] and factor [4] at `at`
 * come from memory: a constant is rebuilt from immediates at each use, and a parameter is made a vector anew each turn.
 */
export function multiplyAdds(at: usize, turns: i32): f32 {
  const x = v128.load(at);
  const y = v128.load(at, 16);
  let a = x;
  let b = x;
  let c = x;
  let d = x;
  let e = x;
  let f = x;
  let g = x;
  let h = x;
  let i = x;
  let j = x;
  let k = x;
  let l = x;
  for (; turns > 0; turns--) {
    a = simd.madd(a, y, x);
    b = simd.madd(b, y, x);
    c = simd.madd(c, y, x);
    d = simd.madd(d, y, x);
    e = simd.madd(e, y, x);
    f = simd.madd(f, y, x);
    g = simd.madd(g, y, x);
    h = simd.madd(h, y, x);
    i = simd.madd(i, y, x);
    j = simd.madd(j, y, x);
    k = simd.madd(k, y, x);
    l = simd.madd(l, y, x);
  }
  const left = f32x4.add(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), f32x4.add(e, f));
  const right = f32x4.add(f32x4.add(f32x4.add(g, h), f32x4.add(i, j)), f32x4.add(k, l));
  return f32x4.extract_lane(f32x4.add(left, right), 0);
}

/**
 * Reads a block `turns` times, eight v128 loads a step; `bytes` % 128 = 0.
 *
 * Its halves side by side, as a product reads two panels: one stream is a tenth slower, in which the product of the
 * relaxed build beat the ceiling. Four sums: with eight V8 11 keeps one on the stack.
 */
export function loads(at: usize, bytes: usize, turns: i32): i32 {
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  const half = bytes >> 1;
  const end = at + half;
  for (; turns > 0; turns--) {
    for (let p = at, q = end; p < end; p += 64, q += 64) {
      a = v128.xor(a, v128.load(p));
      b = v128.xor(b, v128.load(p, 16));
      c = v128.xor(c, v128.load(p, 32));
      d = v128.xor(d, v128.load(p, 48));
      a = v128.xor(a, v128.load(q));
      b = v128.xor(b, v128.load(q, 16));
      c = v128.xor(c, v128.load(q, 32));
      d = v128.xor(d, v128.load(q, 48));
    }
  }
  return i32x4.extract_lane(v128.xor(v128.xor(a, b), v128.xor(c, d)), 0);
}
