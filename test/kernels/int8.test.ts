import { describe, expect, test } from "vitest";
import { quantize } from "../../src/layers/quantized.ts";
import { gatherInt8, productInt8 } from "../reference/quantized.ts";
import { expectClose, expectSameBits } from "../support/close.ts";
import { BUILDS, loadKernels, type TestKernels } from "../support/kernels.ts";
import { Random } from "../support/random.ts";
import { CELLS, recurrentCase, runKernel } from "../support/recurrent.ts";

const SIZES = [1, 3, 4, 5, 8, 17, 36, 128];

/** Packs float weights as int8, so that cases written for float32 kernels run on int8 ones. */
function int8Kernels(plain: TestKernels): TestKernels {
  const { guard, kernels } = plain;
  return {
    ...plain,
    pack(source, rows, units, gates, name = "packed") {
      if (name.toLowerCase().includes("bias")) return plain.pack(source, rows, units, gates, name);
      const { values, scales } = quantize(source, [rows, gates * units], "column");
      const from = guard.place(new Uint8Array(values.buffer), `${name} (int8)`);
      const factors = guard.place(scales, `${name} (scales)`);
      const block = guard.allocate(kernels.packedBytesInt8(rows, units, gates), name);
      kernels.packKernelInt8(block, from, factors, rows, units, gates);
      return block + 1;
    },
  };
}

describe.each(BUILDS)("%s", (build) => {
  const plain = loadKernels(build);
  const { guard, kernels } = plain;
  const int8 = int8Kernels(plain);

  function dense(x: Float32Array, kernel: Float32Array, bias: Float32Array | undefined, features: number, gap = 0) {
    guard.reset();
    const rows = x.length / features;
    const units = kernel.length / features;
    const block = int8.pack(kernel, features, units, 1, "kernel");
    const packedBias = bias ? int8.pack(bias, 1, units, 1, "bias") : 0;
    const input = guard.place(x, "x", 4);
    const width = units + gap;
    const y = guard.allocate((rows * width - gap) * 4, "y", 12);
    kernels.denseForward(y, width, input, features, block, packedBias, rows, features, units, 0);
    guard.check();
    const out = new Float32Array(rows * units);
    for (let row = 0; row < rows; row++) {
      out.set(guard.floats(y + row * width * 4, units), row * units);
      if (gap && row + 1 < rows) guard.checkUntouched(y + (row * width + units) * 4, gap * 4, "the gap in y");
    }
    return out;
  }

  test.each(SIZES)("a product equals the quantised reference for %i units", (units) => {
    for (const features of SIZES) {
      for (const rows of [1, 2, 3, 8, 9, 33]) {
        const random = new Random(units * 1000 + features * 10 + rows);
        const x = random.floats(rows * features);
        const kernel = random.floats(features * units);
        const bias = rows % 3 ? random.floats(units) : undefined;
        const { values, scales } = quantize(kernel, [features, units], "column");
        const want = productInt8(x, values, scales, bias, features);
        expectClose(dense(x, kernel, bias, features, rows % 2), want, "reduction");
      }
    }
  });

  test("extremes neither saturate nor overflow", () => {
    for (const sign of [1, -1]) {
      const features = 4096;
      const x = new Float32Array(features).fill(sign * 3);
      const kernel = new Float32Array(features * 32).fill(-2);
      expect(dense(x, kernel, undefined, features)[31]).toBeCloseTo(sign * -6 * features, 1);
    }
  });

  test("zeros give the bias, a NaN stays in its row", () => {
    const kernel = new Random(1).floats(6 * 5);
    const bias = new Random(2).floats(5);
    const x = new Float32Array(18);
    x[7] = Number.NaN;
    const y = dense(x, kernel, bias, 6);
    expectSameBits(y.slice(0, 5), bias);
    expect(y.slice(5, 10).every(Number.isNaN)).toBe(true);
    expectSameBits(y.slice(10), bias);
  });

  test("both builds give the same bits of a product", () => {
    const random = new Random(9);
    const x = random.floats(5 * 37);
    const kernel = random.floats(37 * 45);
    const bias = random.floats(45);
    const here = dense(x, kernel, bias, 37);
    const { values, scales } = quantize(kernel, [37, 45], "column");
    for (let row = 0; row < 5; row++) {
      const input = x.subarray(row * 37, row * 37 + 37);
      const peak = input.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      const scale = Math.fround(peak / 63);
      const whole = productInt8(input, values, new Float32Array(45).fill(1), undefined, 37);
      whole.forEach((sum, j) => {
        const product = Math.fround(Math.round(sum / scale) * Math.fround(scales[j]! * scale));
        expect(here[row * 45 + j]).toBe(Math.fround(bias[j]! + product));
      });
    }
  });

  test.each(CELLS)("%s: a batch has the bits of its rows, with masks, and stays near float32", (cell) => {
    const sizes = { cell, batch: 11, timesteps: 6, features: 7, units: 36 } as const;
    const random = new Random(4);
    const mask = Uint8Array.from({ length: 66 }, () => random.integer(3) && 1);
    const it = recurrentCase(3, sizes, { mask, hIn: random.floats(11 * 36), cIn: random.floats(11 * 36), gap: 1 });
    const all = runKernel(int8, it);
    const exact = runKernel(plain, it);
    all.y.forEach((value, i) => {
      expect(Math.abs(value - exact.y[i]!)).toBeLessThan(0.06);
    });
    for (let b = 0; b < 11; b++) {
      const part = (data: Float32Array, width: number) => data.slice(b * width, (b + 1) * width);
      const one = runKernel(int8, {
        ...it,
        batch: 1,
        x: part(it.x, 42),
        mask: mask.slice(b * 6, b * 6 + 6),
        hIn: part(it.hIn!, 36),
        cIn: part(it.cIn!, 36),
      });
      expectSameBits(part(all.y, 6 * 36), one.y, `row ${b}`);
      expectSameBits(part(all.h, 36), one.h, `h of row ${b}`);
    }
  });

  test.each(CELLS)("%s: every size stays near float32, backwards too", (cell) => {
    for (const units of SIZES) {
      const it = recurrentCase(units, { cell, batch: 2, timesteps: 3, features: 5, units }, { goBackwards: true });
      const got = runKernel(int8, it);
      const exact = runKernel(plain, it);
      got.y.forEach((value, i) => {
        expect(Math.abs(value - exact.y[i]!)).toBeLessThan(0.08);
      });
    }
  });

  test("rows of a table are widened", () => {
    for (const width of [1, 3, 4, 7, 16, 33]) {
      guard.reset();
      const random = new Random(width);
      const { values, scales } = quantize(random.floats(9 * width), [9, width], "row");
      const indices = random.integers(14, 9);
      const table = guard.place(new Uint8Array(values.buffer), "table", 1);
      const factors = guard.place(scales, "scales", 4);
      const at = guard.place(indices, "indices", 4);
      const y = guard.allocate(14 * width * 4, "y", 4);
      kernels.gatherRowsInt8(y, at, table, factors, 14, width);
      guard.check();
      const want = Float32Array.from(gatherInt8(values, scales, indices, width));
      expectSameBits(guard.floats(y, 14 * width), want);
    }
  });
});
