/** A small seeded generator of numbers in [0, 1): the same everywhere. */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** `length` float32 numbers, evenly spread in ±limit. */
export function uniform(length: number, limit: number, random: () => number): Float32Array {
  return Float32Array.from({ length }, () => (random() * 2 - 1) * limit);
}
