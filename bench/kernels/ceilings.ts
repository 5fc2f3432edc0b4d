import { simd } from "../../assembly/math/simd";

// What the machine can do at most, measured beside the kernels. Compiled by bench/ceilings.ts, not part of the product.

/**
 * Fourteen independent chains, one multiply-add each per turn, nothing loaded: 112 flop a turn. Products and sums of
 * three cycles on two pipes each want twelve at least (14 reach 8 % more); with the constant they fill V8's registers.
 *
 * Every product is of a value that the turn before made. With equal factors in all chains the compiler of the simd
 * build multiplies once and only adds: that figure no product of matrices can reach. What the chains start from and what
 * they multiply by and add are vectors at `at`, [4] each: a constant is rebuilt from immediates at each use, a vector
 * of a parameter is made anew by V8 11 in each turn.
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
  let m = x;
  let n = x;
  for (; turns > 0; turns--) {
    a = simd.madd(a, y, y);
    b = simd.madd(b, y, y);
    c = simd.madd(c, y, y);
    d = simd.madd(d, y, y);
    e = simd.madd(e, y, y);
    f = simd.madd(f, y, y);
    g = simd.madd(g, y, y);
    h = simd.madd(h, y, y);
    i = simd.madd(i, y, y);
    j = simd.madd(j, y, y);
    k = simd.madd(k, y, y);
    l = simd.madd(l, y, y);
    m = simd.madd(m, y, y);
    n = simd.madd(n, y, y);
  }
  const left = f32x4.add(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), f32x4.add(e, f));
  const right = f32x4.add(f32x4.add(f32x4.add(g, h), f32x4.add(i, j)), f32x4.add(k, l));
  return f32x4.extract_lane(f32x4.add(f32x4.add(left, right), f32x4.add(m, n)), 0);
}

/**
 * Reads eight vectors a turn, four from `at` on and four `distance` bytes after them, then goes on by `step` bytes:
 * distance 64 and step 128 read one stream, step 64 two, as a product reads two panels.
 *
 * Four sums, since V8 11 keeps one of eight on the stack.
 */
export function loads(at: usize, distance: usize, step: usize, turns: i32): i32 {
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (let other = at + distance; turns > 0; turns--) {
    a = v128.xor(a, v128.load(at));
    b = v128.xor(b, v128.load(at, 16));
    c = v128.xor(c, v128.load(at, 32));
    d = v128.xor(d, v128.load(at, 48));
    a = v128.xor(a, v128.load(other));
    b = v128.xor(b, v128.load(other, 16));
    c = v128.xor(c, v128.load(other, 32));
    d = v128.xor(d, v128.load(other, 48));
    at += step;
    other += step;
  }
  return i32x4.extract_lane(v128.xor(v128.xor(a, b), v128.xor(c, d)), 0);
}
