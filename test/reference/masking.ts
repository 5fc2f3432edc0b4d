/** Keras' Masking: a row whose elements all equal `value` is masked and becomes zero. */
export function masking(x: Float32Array, width: number, value: number): { mask: number[]; y: Float32Array } {
  const y = Float32Array.from(x);
  const mask: number[] = [];
  for (let at = 0; at < x.length; at += width) {
    const masked = x.subarray(at, at + width).every((element) => element === value);
    mask.push(masked ? 0 : 1);
    if (masked) y.fill(0, at, at + width);
  }
  return { mask, y };
}
