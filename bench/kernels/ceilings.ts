import { simd } from "../../assembly/math/simd";

// What the machine can do at most, measured beside the kernels. Compiled by bench/ceilings.ts, not part of the product.

/** Ten independent accumulators, one multiply-add each per turn, nothing loaded: 80 flop a turn. */
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
  for (; turns > 0; turns--) {
    a = simd.madd(x, y, a);
    b = simd.madd(x, y, b);
    c = simd.madd(x, y, c);
    d = simd.madd(x, y, d);
    e = simd.madd(x, y, e);
    f = simd.madd(x, y, f);
    g = simd.madd(x, y, g);
    h = simd.madd(x, y, h);
    i = simd.madd(x, y, i);
    j = simd.madd(x, y, j);
  }
  const left = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  const right = f32x4.add(f32x4.add(e, f), f32x4.add(g, h));
  return f32x4.extract_lane(f32x4.add(f32x4.add(left, right), f32x4.add(i, j)), 0);
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
