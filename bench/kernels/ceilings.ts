import { simd } from "../../assembly/math/simd";

// What the machine can do at most, measured beside the kernels. Compiled by bench/ceilings.ts, not part of the product.

/**
 * Thirteen independent chains, one multiply-add each per turn, nothing loaded: 104 flop a turn.
 *
 * Every product is of a value that the turn before made. With equal factors in all chains the compiler of the simd
 * build multiplies once and only adds: that figure no product of matrices can reach.
 */
export function multiplyAdds(turns: i32, start: f32, factor: f32): f32 {
  const x = f32x4.splat(start);
  // A parameter: a constant is rebuilt from immediates at each use, which halves the figure.
  const y = f32x4.splat(factor);
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
    m = simd.madd(m, y, x);
  }
  const left = f32x4.add(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), f32x4.add(e, f));
  const right = f32x4.add(f32x4.add(f32x4.add(g, h), f32x4.add(i, j)), f32x4.add(k, l));
  return f32x4.extract_lane(f32x4.add(f32x4.add(left, right), m), 0);
}

/** Reads a block `turns` times, eight independent v128 loads a step; `bytes` % 128 = 0. */
export function loads(at: usize, bytes: usize, turns: i32): i32 {
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  let e = a;
  let f = a;
  let g = a;
  let h = a;
  const end = at + bytes;
  for (; turns > 0; turns--) {
    for (let p = at; p < end; p += 128) {
      a = v128.xor(a, v128.load(p));
      b = v128.xor(b, v128.load(p, 16));
      c = v128.xor(c, v128.load(p, 32));
      d = v128.xor(d, v128.load(p, 48));
      e = v128.xor(e, v128.load(p, 64));
      f = v128.xor(f, v128.load(p, 80));
      g = v128.xor(g, v128.load(p, 96));
      h = v128.xor(h, v128.load(p, 112));
    }
  }
  const left = v128.xor(v128.xor(a, b), v128.xor(c, d));
  const right = v128.xor(v128.xor(e, f), v128.xor(g, h));
  return i32x4.extract_lane(v128.xor(left, right), 0);
}
