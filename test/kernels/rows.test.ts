import { describe, expect, test } from "vitest";
import { embedding } from "../reference/embedding.ts";
import { softmax } from "../reference/softmax.ts";
import { expectClose, expectSameBits } from "../support/close.ts";
import { BUILDS, loadKernels } from "../support/kernels.ts";
import { Random } from "../support/random.ts";

const WIDTHS = [1, 3, 4, 5, 8, 17, 36, 128];

describe.each(BUILDS)("%s", (build) => {
  const { kernels, guard } = loadKernels(build);

  test.each(WIDTHS)("gathers rows of %i", (width) => {
    const random = new Random(width);
    const table = random.floats(11 * width);
    for (const count of [0, 1, 2, 7]) {
      guard.reset();
      const indices = random.integers(count, 11);
      const at = guard.place(indices, "indices");
      const from = guard.place(table, "table", 4);
      const y = guard.allocate(count * width * 4, "y", 8);
      kernels.gatherRows(y, at, from, count, width);
      guard.check();
      expectSameBits(guard.floats(y, count * width), embedding(indices, table, width));
    }
  });

  test.each([0, 1, 2, 40])("finds the distinct ones of %i row numbers, whatever the map held", (count) => {
    for (const fill of [0, 1, -1, 7]) {
      guard.reset();
      const indices = new Random(count).integers(count, 11);
      const at = guard.place(indices, "indices");
      const map = guard.place(new Int32Array(11).fill(fill), "map");
      const [rows, slots, total] = [count, count, 1].map((n, i) => guard.allocate(n * 4, `out${i}`)) as [
        number,
        number,
        number,
      ];
      kernels.distinctRows(rows, slots, total, map, at, count);
      guard.check();
      const read = (from: number, n: number) => [...new Int32Array(guard.buffer, from, n)];
      const distinct = [...new Set(indices)];
      expect(read(total, 1)).toEqual([distinct.length]);
      expect(read(rows, count)).toEqual([...distinct, ...Array(count - distinct.length).fill(0)]);
      expect(read(slots, count)).toEqual([...indices].map((index) => distinct.indexOf(index)));
    }
  });

  test.each(WIDTHS)("softmax of rows of %i, large values and −Inf included", (width) => {
    for (const rows of [1, 2, 5]) {
      guard.reset();
      const x = new Random(width + rows).floats(rows * width, 30);
      if (width > 2) x[1] = -Infinity;
      x[0] = 300;
      const y = guard.allocate(x.byteLength, "y", 4);
      const at = guard.place(x, "x", 8);
      kernels.softmaxForward(y, at, rows, width);
      expectClose(guard.floats(y, x.length), softmax(x, width), "activation");
      kernels.softmaxForward(at, at, rows, width);
      guard.check();
      expectSameBits(guard.floats(at, x.length), guard.floats(y, x.length), "in place");
    }
  });
});
