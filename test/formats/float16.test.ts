import { expect, test } from "vitest";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "../../src/formats/float16.ts";

const allPatterns = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** Value of a half by its definition. */
function halfByDefinition(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

test("every half widens exactly and narrows back to itself", () => {
  const wide = float16ToFloat32(allPatterns);
  for (const bits of allPatterns) expect(Object.is(wide[bits], Math.fround(halfByDefinition(bits)))).toBe(true);
  const back = float32ToFloat16(wide);
  for (const bits of allPatterns) {
    if (Number.isNaN(wide[bits])) expect(back[bits]! & 0x7e00).toBe(0x7e00);
    else expect(back[bits]).toBe(bits);
  }
});

test("halves round to nearest, ties to even, at every border", () => {
  for (let bits = 0; bits < 0x7bff; bits++) {
    const low = halfByDefinition(bits);
    const middle = (low + halfByDefinition(bits + 1)) / 2;
    const [below, tie, above] = float32ToFloat16([
      previous(Math.fround(middle)),
      middle,
      -previous(-Math.fround(middle)),
    ]);
    expect([below, tie, above]).toEqual([bits, bits % 2 === 0 ? bits : bits + 1, bits + 1]);
  }
  expect([...float32ToFloat16([65519.99, 65520, 1e10, -1e10, 2 ** -25, 2 ** -25 * 1.001, -0, 1e-40])]).toEqual([
    0x7bff, 0x7c00, 0x7c00, 0xfc00, 0, 1, 0x8000, 0,
  ]);
});

/** The float32 next below. */
function previous(value: number): number {
  const floats = Float32Array.of(value);
  const bits = new Int32Array(floats.buffer);
  bits[0]! += value > 0 ? -1 : 1;
  return floats[0]!;
}

test("bfloat16 is the upper half of float32, rounded to nearest even", () => {
  const wide = bfloat16ToFloat32(allPatterns);
  const back = float32ToBfloat16(wide);
  for (const bits of allPatterns) {
    if (Number.isNaN(wide[bits])) expect(back[bits]! & 0x7fc0).toBe(0x7fc0);
    else expect(back[bits]).toBe(bits);
  }
  const patterns = Uint32Array.of(0x3f808000, 0x3f818000, 0x3f808001, 0x3f807fff, 0x7f7fffff);
  expect([...float32ToBfloat16(new Float32Array(patterns.buffer))]).toEqual([0x3f80, 0x3f82, 0x3f81, 0x3f80, 0x7f80]);
});
