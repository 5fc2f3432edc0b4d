import { describe, expect, test } from "vitest";
import { ACTIVATION_CODES, type ActivationKernel } from "../../src/engine/activation-codes.ts";
import { dense } from "../reference/dense.ts";
import { expectClose, expectSameBits } from "../support/close.ts";
import { BUILDS, loadKernels } from "../support/kernels.ts";
import { Random } from "../support/random.ts";

const SIZES = [1, 3, 4, 5, 8, 17, 36, 128];

describe.each(BUILDS)("%s", (build) => {
  const { kernels, guard, pack } = loadKernels(build);

  interface Case {
    readonly x: Float32Array;
    readonly kernel: Float32Array;
    readonly bias?: Float32Array;
    readonly features: number;
    readonly units: number;
    readonly activation?: ActivationKernel;
    readonly gap?: number;
  }

  function run({ x, kernel, bias, features, units, activation = "linear", gap = 0 }: Case): Float32Array {
    guard.reset();
    const rows = x.length / features;
    const panels = pack(kernel, features, units, 1, "kernel");
    const packedBias = bias ? pack(bias, 1, units, 1, "bias") : 0;
    const input = guard.place(x, "x", 4);
    const width = units + gap;
    const y = guard.allocate((rows * width - gap) * 4, "y", 12);
    const code = ACTIVATION_CODES[activation];
    kernels.denseForward(y, width, input, features, panels, packedBias, rows, features, units, code);
    guard.check();
    const out = new Float32Array(rows * units);
    for (let row = 0; row < rows; row++) {
      out.set(guard.floats(y + row * width * 4, units), row * units);
      if (gap && row + 1 < rows) guard.checkUntouched(y + (row * width + units) * 4, gap * 4, "the gap in y");
    }
    return out;
  }

  test.each(SIZES)("equals the reference for %i units, features of every size, batches of 1 to 33", (units) => {
    for (const features of SIZES) {
      for (const rows of [1, 2, 3, 4, 5, 8, 33]) {
        const random = new Random(units * 1000 + features * 10 + rows);
        const x = random.floats(rows * features);
        const kernel = random.floats(features * units);
        const bias = random.floats(units);
        const gap = rows % 2;
        expectClose(
          run({ x, kernel, bias, features, units, gap }),
          dense(x, kernel, bias, features, "linear"),
          "reduction",
        );
      }
    }
  });

  test.each(Object.keys(ACTIVATION_CODES) as ActivationKernel[])("ends with %s", (activation) => {
    const random = new Random(3);
    const x = random.floats(70 * 6).map(Math.abs);
    const kernel = random.floats(6 * 9).map(Math.abs);
    const bias = random.floats(9).map((value) => 0.7 + Math.abs(value));
    // Rounding may take a sum across an integer: floor, ceil and round are tested alone.
    if (["floor", "ceil", "round"].includes(activation)) return;
    for (const gap of [0, 2]) {
      expectClose(
        run({ x, kernel, bias, features: 6, units: 9, activation, gap }),
        dense(x, kernel, bias, 6, activation),
        "sequence",
        activation,
      );
    }
  });

  test("needs no bias", () => {
    const random = new Random(4);
    for (const units of [3, 20, 40]) {
      const x = random.floats(5 * 6);
      const kernel = random.floats(6 * units);
      const want = dense(x, kernel, new Float32Array(units), 6, "linear");
      expectClose(run({ x, kernel, features: 6, units }), want, "reduction");
    }
  });

  test("gives the same bits for a batch and for its rows one by one", () => {
    for (const units of SIZES) {
      const random = new Random(units);
      const kernel = random.floats(50 * units);
      const bias = random.floats(units);
      const x = random.floats(7 * 50);
      const all = run({ x, kernel, bias, features: 50, units, activation: "tanh" });
      for (let row = 0; row < 7; row++) {
        const one = run({ x: x.slice(row * 50, row * 50 + 50), kernel, bias, features: 50, units, activation: "tanh" });
        expectSameBits(all.slice(row * units, (row + 1) * units), one, `row ${row}`);
      }
    }
  });

  test("adds bias, then inputs in order, in one accumulator", () => {
    if (build !== "simd") return;
    const random = new Random(6);
    const x = random.floats(3 * 40, 100);
    const kernel = random.floats(40 * 21);
    const bias = random.floats(21);
    const want = new Float32Array(3 * 21);
    for (let i = 0; i < want.length; i++) {
      const [row, j] = [Math.floor(i / 21), i % 21];
      let sum = bias[j]!;
      for (let k = 0; k < 40; k++) sum = Math.fround(sum + Math.fround(x[row * 40 + k]! * kernel[k * 21 + j]!));
      want[i] = sum;
    }
    expectSameBits(run({ x, kernel, bias, features: 40, units: 21 }), want);
  });

  test.each([1, 3, 4])("unpacking undoes packing of %i gates and padding is zero", (gates) => {
    for (const units of SIZES) {
      for (const rows of [1, 2, 7]) {
        guard.reset();
        const source = new Random(units).floats(rows * gates * units);
        const panels = pack(source, rows, units, gates);
        const target = guard.allocate(source.byteLength, "target", 4);
        kernels.unpackKernel(target, panels, rows, units, gates);
        guard.check();
        expectSameBits(guard.floats(target, source.length), source);
        const all = guard.floats(panels, kernels.packedBytes(rows, units, gates) / 4);
        expect(all.filter((value) => value !== 0).length).toBe(source.filter((value) => value !== 0).length);
        expect(all.some(Number.isNaN)).toBe(false);
      }
    }
  });
});
