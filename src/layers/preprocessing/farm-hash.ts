const MASK = (1n << 64n) - 1n;
const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;

const wrap = (v: bigint): bigint => v & MASK;
const rotate = (v: bigint, by: bigint): bigint => wrap((v >> by) | (v << (64n - by)));

function mix16(u: bigint, v: bigint, factor: bigint): bigint {
  let a = wrap((u ^ v) * factor);
  a ^= a >> 47n;
  let b = wrap((v ^ a) * factor);
  b ^= b >> 47n;
  return wrap(b * factor);
}

/**
 * FarmHash64's fingerprint of up to 32 bytes, by which TensorFlow puts unknown tokens into bins.
 *
 * @returns undefined for longer texts.
 */
export function farmHash64(bytes: Uint8Array): bigint | undefined {
  const n = bytes.length;
  const length = BigInt(n);
  const fetch = (at: number, count: number): bigint => {
    let value = 0n;
    for (let i = count - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i]!);
    return value;
  };
  const factor = wrap(K2 + length * 2n);
  if (n > 32) return undefined;
  if (n > 16) {
    const a = wrap(fetch(0, 8) * K1);
    const b = fetch(8, 8);
    const c = wrap(fetch(n - 8, 8) * factor);
    const d = wrap(fetch(n - 16, 8) * K2);
    const first = wrap(rotate(wrap(a + b), 43n) + rotate(c, 30n) + d);
    return mix16(first, wrap(a + rotate(wrap(b + K2), 18n) + c), factor);
  }
  if (n >= 8) {
    const a = wrap(fetch(0, 8) + K2);
    const b = fetch(n - 8, 8);
    const c = wrap(rotate(b, 37n) * factor + a);
    const d = wrap((rotate(a, 25n) + b) * factor);
    return mix16(c, d, factor);
  }
  if (n >= 4) return mix16(wrap(length + (fetch(0, 4) << 3n)), fetch(n - 4, 4), factor);
  if (n === 0) return K2;
  const y = BigInt(bytes[0]!) + (BigInt(bytes[n >> 1]!) << 8n);
  const z = length + (BigInt(bytes[n - 1]!) << 2n);
  const v = wrap(y * K2) ^ wrap(z * K0);
  return wrap((v ^ (v >> 47n)) * K2);
}
