import { describe, expect, test } from "vitest";
import { masking } from "../reference/masking.ts";
import { expectSameBits } from "../support/close.ts";
import { BUILDS, loadKernels } from "../support/kernels.ts";
import { Random } from "../support/random.ts";

describe.each(BUILDS)("%s", (build) => {
  const { kernels, guard } = loadKernels(build);

  test.each([1, 3, 4, 5, 8, 17])("masks rows of %i", (width) => {
    guard.reset();
    const rows = 6;
    const x = new Random(width).floats(rows * width);
    x.fill(0.5, width, 2 * width);
    x.fill(0.5, 5 * width - 1);
    x[0] = Number.NaN;
    const from = guard.place(x, "x", 4);
    const y = guard.allocate(x.byteLength, "y", 8);
    const mask = guard.allocate(rows, "mask");
    kernels.maskRows(mask, y, from, rows, width, 0.5);
    const want = masking(x, width, 0.5);
    expectSameBits(guard.floats(y, x.length), want.y);
    expect([...new Uint8Array(guard.buffer, mask, rows)]).toEqual(want.mask);
    kernels.maskRows(mask, from, from, rows, width, 0.5);
    guard.check();
    expectSameBits(guard.floats(from, x.length), want.y, "in place");
  });

  test("gathers the patches of a picture, zeros outside it", () => {
    guard.reset();
    const [rows, columns, channels] = [4, 3, 2];
    const x = new Random(5).floats(rows * columns * channels);
    // Kernel 2 x 3, strides 2 and 1, dilation 1 and 2, padding 1 and 2 in front.
    const [outRows, outColumns, taps] = [2, 3, 6];
    const stride = taps * channels + 3;
    const from = guard.place(x, "x", 4);
    const y = guard.allocate((outRows * outColumns * stride - 3) * 4, "y", 12);
    kernels.gatherPatches(
      ...([y, stride, from, channels] as const),
      ...([rows, columns, 1] as const),
      ...([2, 3, 1] as const),
      ...([2, 1, 1] as const),
      ...([1, 2, 1] as const),
      ...([1, 2, 0] as const),
      ...([outRows, outColumns, 1] as const),
    );
    guard.check();
    for (let i = 0; i < outRows; i++)
      for (let j = 0; j < outColumns; j++) {
        const want: number[] = [];
        for (let a = 0; a < 2; a++)
          for (let b = 0; b < 3; b++)
            for (let c = 0; c < channels; c++) {
              const [r, s] = [2 * i - 1 + a, j - 2 + 2 * b];
              const inside = r >= 0 && r < rows && s >= 0 && s < columns;
              want.push(inside ? x[(r * columns + s) * channels + c]! : 0);
            }
        expect([...guard.floats(y + (i * outColumns + j) * stride * 4, taps * channels)]).toEqual(want);
      }
  });
});
