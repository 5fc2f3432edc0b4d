/** HDF5's Fletcher-32 checksum: over big-endian 16-bit words, a last odd byte as the high half. */
export function fletcher32(data: Uint8Array): number {
  const words = data.length >> 1;
  let low = 0;
  let high = 0;
  for (let word = 0; word < words; ) {
    // 360 words are what the sums take without overflow.
    const stop = Math.min(words, word + 360);
    for (; word < stop; word++) {
      low += (data[2 * word]! << 8) | data[2 * word + 1]!;
      high += low;
    }
    low = (low & 0xffff) + (low >>> 16);
    high = (high & 0xffff) + (high >>> 16);
  }
  if (data.length % 2 === 1) {
    low += data[data.length - 1]! << 8;
    high += low;
    low = (low & 0xffff) + (low >>> 16);
    high = (high & 0xffff) + (high >>> 16);
  }
  low = (low & 0xffff) + (low >>> 16);
  high = (high & 0xffff) + (high >>> 16);
  return ((high << 16) | low) >>> 0;
}
