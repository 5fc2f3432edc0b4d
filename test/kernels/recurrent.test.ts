import { describe, expect, test } from "vitest";
import type { ActivationKernel } from "../../src/engine/activation-codes.ts";
import { expectClose, expectSameBits } from "../support/close.ts";
import { BUILDS, loadKernels } from "../support/kernels.ts";
import { Random } from "../support/random.ts";
import {
  CELLS,
  type CellName,
  type RecurrentCase,
  type RecurrentResult,
  recurrentCase,
  runKernel,
  runReference,
} from "../support/recurrent.ts";

const SIZES = [1, 3, 4, 5, 8, 17, 36, 128];
const BATCHES = [1, 2, 3, 4, 5, 8, 33];

function expectLike(got: RecurrentResult, want: RecurrentResult): void {
  expectClose(got.y, want.y, "sequence", "y");
  expectClose(got.h, want.h, "sequence", "h");
  expectClose(got.c, want.c, "sequence", "c");
}

/** Row b of a case: a batch of one with the same data. */
function rowOf(it: RecurrentCase, b: number): RecurrentCase {
  const { timesteps, features, units } = it;
  const state = (all?: Float32Array) => all?.slice(b * units, (b + 1) * units);
  return {
    ...it,
    batch: 1,
    x: it.x.slice(b * timesteps * features, (b + 1) * timesteps * features),
    mask: it.mask?.slice(b * timesteps, (b + 1) * timesteps),
    hIn: state(it.hIn),
    cIn: state(it.cIn),
  };
}

const randomMask = (random: Random, count: number) => Uint8Array.from({ length: count }, () => random.integer(2));

describe.each(BUILDS)("%s", (build) => {
  const kernels = loadKernels(build);

  describe.each(CELLS)("%s", (cell) => {
    test.each(SIZES)("equals the reference for %i units and features of every size", (units) => {
      for (const [i, features] of SIZES.entries()) {
        const it = recurrentCase(units * 1000 + features, { cell, batch: (i % 3) + 1, timesteps: 3, features, units });
        expectLike(runKernel(kernels, it), runReference(it));
      }
    });

    test.each(BATCHES)("equals the reference for a batch of %i", (batch) => {
      for (const units of [5, 16, 36]) {
        const random = new Random(batch);
        const it = recurrentCase(
          batch,
          { cell, batch, timesteps: 4, features: 7, units },
          { hIn: random.floats(batch * units), cIn: random.floats(batch * units, 2), gap: batch % 2 },
        );
        expectLike(runKernel(kernels, it), runReference(it));
      }
    });

    test("runs sequences longer than a block of hoisted products, and a sequence of none", () => {
      const long = recurrentCase(1, { cell, batch: 33, timesteps: 60, features: 3, units: 36 });
      expectLike(runKernel(kernels, long), runReference(long));
      for (const returnSequences of [true, false]) {
        const hIn = new Random(2).floats(2 * 5);
        const none = recurrentCase(
          1,
          { cell, batch: 2, timesteps: 0, features: 3, units: 5 },
          { returnSequences, hIn },
        );
        const { y, h } = runKernel(kernels, none);
        expect([...y]).toEqual(Array(returnSequences ? 0 : 10).fill(0));
        expectSameBits(h, hIn, "h");
      }
    });

    test("runs a kernel that fills the cache in larger blocks", () => {
      const large = recurrentCase(2, { cell, batch: 33, timesteps: 30, features: 350, units: 128 });
      expectLike(runKernel(kernels, large), runReference(large));
      const bytes = (batch: number) => {
        const gates = cell === "lstm" ? 4 : cell === "simpleRnn" ? 1 : 3;
        return kernels.kernels.recurrentScratchBytes(batch, 100, 350, 128, gates, 0);
      };
      for (let batch = 2; batch < 40; batch++) expect(bytes(batch)).toBeGreaterThanOrEqual(bytes(batch - 1));
    });

    test("needs no bias", () => {
      const it = recurrentCase(
        3,
        { cell, batch: 3, timesteps: 4, features: 5, units: 8 },
        { bias: undefined, recurrentBias: undefined },
      );
      expectLike(runKernel(kernels, it), runReference(it));
    });

    test("takes every activation the configs of recurrent layers use", () => {
      const pairs: [ActivationKernel, ActivationKernel][] = [
        ["tanh", "hardSigmoid02"],
        ["tanh", "hardSigmoid6"],
        ["relu", "sigmoid"],
        ["linear", "sigmoid"],
        ["softsign", "tanh"],
        ["leakyRelu02", "sigmoid"],
      ];
      for (const [activation, recurrentActivation] of pairs) {
        const it = recurrentCase(
          4,
          { cell, batch: 3, timesteps: 4, features: 5, units: 9 },
          { activation, recurrentActivation },
        );
        expectLike(runKernel(kernels, it), runReference(it));
      }
    });

    test("goes backwards, gives the last output alone, and leaves gaps between rows alone", () => {
      for (const returnSequences of [true, false]) {
        for (const goBackwards of [true, false]) {
          const it = recurrentCase(
            5,
            { cell, batch: 5, timesteps: 6, features: 3, units: 6 },
            { returnSequences, goBackwards, gap: 3 },
          );
          expectLike(runKernel(kernels, it), runReference(it));
        }
      }
    });

    test("keeps state and output at masked steps, whatever x holds there", () => {
      const random = new Random(6);
      const sizes = { cell, batch: 4, timesteps: 5, features: 3, units: 6 } as const;
      const patterns = [
        ...Array.from({ length: 32 }, (_, bits) => Uint8Array.from({ length: 20 }, (_, i) => (bits >> (i % 5)) & 1)),
        ...Array.from({ length: 8 }, () => randomMask(random, 20)),
      ];
      for (const [i, mask] of patterns.entries()) {
        const it = recurrentCase(i, sizes, {
          mask,
          hIn: random.floats(24),
          cIn: random.floats(24),
          goBackwards: i % 5 === 4,
          zeroOutputForMask: i % 3 === 2,
          returnSequences: i % 4 !== 3,
          firstMaskedOutput: i % 2 ? "initial" : "zeros",
        });
        mask.forEach((bit, step) => {
          if (!bit) it.x.fill(Number.NaN, step * 3, step * 3 + 3);
        });
        expectLike(runKernel(kernels, it), runReference(it));
      }
    });

    test("computes unmasked steps alone, with the bits that they have without a mask", () => {
      const [batch, timesteps, features, units] = [7, 12, 6, 20];
      const random = new Random(11);
      const runs = (b: number, t: number) =>
        [t >= 9, t < 4, t % 3 === 1, false, true, t > b && t < 10, random.integer(2) === 1][b]!;
      const mask = Uint8Array.from({ length: batch * timesteps }, (_, i) => {
        return Number(runs(Math.floor(i / timesteps), i % timesteps));
      });
      const state = { hIn: random.floats(batch * units), cIn: random.floats(batch * units) };
      for (const goBackwards of [false, true]) {
        for (const rows of [batch, batch - 2]) {
          // The last two rows run at steps at which the others pause: without them whole steps are left out.
          const sizes = { cell, batch: rows, timesteps, features, units };
          const options = { ...state, goBackwards, mask: mask.slice(0, rows * timesteps) };
          const it = recurrentCase(12, sizes, { ...options, firstMaskedOutput: "initial" });
          const { y, h, c } = runKernel(kernels, it);
          for (let b = 0; b < rows; b++) {
            const row = rowOf(it, b);
            const steps = [...row.mask!.keys()].filter((t) => row.mask![t]);
            const x = Float32Array.from(steps.flatMap((t) => [...row.x.slice(t * features, (t + 1) * features)]));
            const alone = runKernel(kernels, { ...row, x, timesteps: steps.length, mask: undefined });
            expectSameBits(h.slice(b * units, (b + 1) * units), alone.h, `h of row ${b}`);
            expectSameBits(c.slice(b * units, (b + 1) * units), alone.c, `c of row ${b}`);
            const order = goBackwards ? [...steps].reverse() : steps;
            for (const [i, t] of order.entries()) {
              const at = (b * timesteps + (goBackwards ? timesteps - 1 - t : t)) * units;
              expectSameBits(
                y.slice(at, at + units),
                alone.y.slice(i * units, (i + 1) * units),
                `y of row ${b}, step ${t}`,
              );
            }
          }
        }
      }
    });

    test("gathers products of rows with the bits of the direct way", () => {
      const random = new Random(7);
      const sizes = { cell, batch: 5, timesteps: 7, features: 6, units: 17 } as const;
      const table = random.floats(9 * 6);
      const index = random.integers(35, 9);
      const x = new Float32Array(35 * 6);
      index.forEach((row, i) => {
        x.set(table.subarray(row * 6, row * 6 + 6), i * 6);
      });
      for (const goBackwards of [false, true]) {
        const mask = goBackwards ? randomMask(random, 35) : undefined;
        const direct = recurrentCase(8, sizes, { x, goBackwards, mask });
        const gathered = recurrentCase(8, sizes, { ...direct, x: table, index });
        const want = runKernel(kernels, direct);
        const got = runKernel(kernels, gathered);
        expectSameBits(got.y, want.y, "y");
        expectSameBits(got.h, want.h, "h");
      }
    });

    test("gives the same bits for a batch and for its rows one by one", () => {
      for (const [batch, units] of [
        [2, 5],
        [3, 16],
        [5, 36],
        [33, 20],
      ] as const) {
        const random = new Random(batch);
        const it = recurrentCase(
          batch,
          { cell, batch, timesteps: 9, features: 6, units },
          { hIn: random.floats(batch * units), cIn: random.floats(batch * units), mask: randomMask(random, batch * 9) },
        );
        const all = runKernel(kernels, it);
        for (let b = 0; b < batch; b++) {
          const one = runKernel(kernels, rowOf(it, b));
          expectSameBits(all.y.slice(b * 9 * units, (b + 1) * 9 * units), one.y, `y of row ${b}`);
          expectSameBits(all.h.slice(b * units, (b + 1) * units), one.h, `h of row ${b}`);
          expectSameBits(all.c.slice(b * units, (b + 1) * units), one.c, `c of row ${b}`);
        }
      }
    });

    test("gives the same bits for any split of the sequence", () => {
      const sizes = { cell, batch: 1, timesteps: 24, features: 6, units: 20 } as const;
      const whole = recurrentCase(9, sizes);
      const want = runKernel(kernels, whole);
      for (const cuts of [[1, 2, 3, 5, 8, 13, 24], [12, 24], Array.from({ length: 24 }, (_, i) => i + 1)]) {
        let state: { hIn?: Float32Array; cIn?: Float32Array } = {};
        let from = 0;
        for (const to of cuts) {
          const part = { ...whole, ...state, timesteps: to - from, x: whole.x.slice(from * 6, to * 6) };
          const { y, h, c } = runKernel(kernels, part);
          expectSameBits(y, want.y.slice(from * 20, to * 20), `y of steps ${from} to ${to}`);
          state = { hIn: h, cIn: c };
          from = to;
        }
      }
    });
  });

  test("an overflowing input stays in its own row", () => {
    for (const cell of CELLS as readonly CellName[]) {
      const sizes = { cell, batch: 5, timesteps: 3, features: 3, units: 8 } as const;
      const clean = recurrentCase(10, sizes);
      const dirty = { ...clean, x: clean.x.slice() };
      dirty.x[2 * 9] = Number.NaN;
      dirty.x[3 * 9] = Number.POSITIVE_INFINITY;
      const want = runKernel(kernels, clean);
      const got = runKernel(kernels, dirty);
      for (const b of [0, 1, 4]) expectSameBits(got.y.slice(b * 24, b * 24 + 24), want.y.slice(b * 24, b * 24 + 24));
      expect(got.y.slice(2 * 24, 3 * 24).every(Number.isNaN)).toBe(true);
    }
  });
});
