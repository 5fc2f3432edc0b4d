/** Widynski's "squares" generator: a number that depends on its key and counter alone. */
function squares(counter: u64, key: u64): u32 {
  let x = counter * key;
  const y = x;
  const z = y + key;
  x = x * x + y;
  x = (x >> 32) | (x << 32);
  x = x * x + z;
  x = (x >> 32) | (x << 32);
  x = x * x + y;
  x = (x >> 32) | (x << 32);
  return <u32>((x * x + z) >> 32);
}

/** An odd key with well-mixed digits for a stream of a seed (splitmix64). */
function keyOf(seed: u32, stream: u32): u64 {
  let z = ((<u64>seed) << 32) | <u64>stream;
  z += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return (z ^ (z >> 31)) | 1;
}

/**
 * A dropout mask: y [count] is 0 with probability `rate`, else 1/(1 − rate).
 *
 * seed points at two u32: the seed and the number of the step. Equal seed, step and stream give equal masks.
 */
export function randomMask(y: usize, count: i32, seed: usize, stream: i32, rate: f32): void {
  const key = keyOf(load<u32>(seed), stream);
  const first = (<u64>load<u32>(seed, 4)) << 32;
  const limit = <u32>(<f64>rate * 4294967296.0);
  const kept: f32 = 1 / (1 - rate);
  for (let i = 0; i < count; i++) {
    store<f32>(y + ((<usize>i) << 2), squares(first + i, key) < limit ? 0 : kept);
  }
}

/** Normal numbers of mean 0: y [count], by Box and Muller. */
export function randomNormal(y: usize, count: i32, seed: usize, stream: i32, deviation: f32): void {
  const key = keyOf(load<u32>(seed), stream);
  const first = (<u64>load<u32>(seed, 4)) << 32;
  for (let i = 0; i < count; i++) {
    const a = (<f64>squares(first + 2 * i, key) + 1) / 4294967296.0;
    const b = <f64>squares(first + 2 * i + 1, key) / 4294967296.0;
    const value = Math.sqrt(-2 * Math.log(a)) * Math.cos(6.283185307179586 * b);
    store<f32>(y + ((<usize>i) << 2), <f32>(value * deviation));
  }
}
