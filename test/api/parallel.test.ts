import { describe, expect, it } from "vitest";
import { ParallelModel } from "../../src/api/workers/parallel.ts";
import type { ToWorker } from "../../src/api/workers/worker-messages.ts";
import { EngineError, ShapeError } from "../../src/errors.ts";
import { dense, input, lstm, sequential } from "../../src/platform/training-node.ts";
import { portInPlace } from "../support/port-in-place.ts";

const numbers = (batch: number, seed: number) => ({
  data: Float32Array.from({ length: batch * 6 * 4 }, (_, i) => Math.fround((((i + seed) * 7919) % 201) / 100 - 1)),
  shape: [batch, 6, 4],
});

function made() {
  const model = sequential([input([null, 4]), lstm(5), dense(2)], { seed: 1, build: "simd" });
  const seen: ToWorker[] = [];
  const parallel = new ParallelModel(model, { workers: 2, minimumWork: 0 }, () => portInPlace(seen));
  return { model, parallel, slices: () => seen.filter((message) => message.kind === "predict") };
}

describe("ParallelModel", () => {
  it("gives one thread's bits, one call after the other and all at once, with batches that change", async () => {
    const { model, parallel } = made();
    const batches = [7, 8, 8, 3, 8, 2, 7].map((batch, i) => numbers(batch, i));
    const wanted = batches.map((x) => model.predict(x).data);
    const single: unknown[] = [];
    for (const x of batches) single.push((await parallel.predict(x)).data);
    expect(single).toEqual(wanted);
    const together = await Promise.all(batches.map((x) => parallel.predict(x)));
    expect(together.map(({ data }) => data)).toEqual(wanted);
  });

  it("leaves the caller's arrays as they are and splits by rows", async () => {
    const { parallel, slices } = made();
    const x = numbers(7, 0);
    await parallel.predict(x);
    expect(x.data).toEqual(numbers(7, 0).data);
    expect(slices().map((message) => message.inputs[0]!.shape)).toEqual([
      [4, 6, 4],
      [3, 6, 4],
    ]);
  });

  it("takes the memory of answered slices again", async () => {
    const { parallel, slices } = made();
    const fresh: number[] = [];
    const { slice } = Float32Array.prototype;
    Float32Array.prototype.slice = function (...range) {
      fresh.push(this.length);
      return slice.apply(this, range);
    };
    try {
      await parallel.predict(numbers(8, 0));
      const first = fresh.filter((length) => length === 4 * 6 * 4).length;
      await parallel.predict(numbers(8, 1));
      const both = fresh.filter((length) => length === 4 * 6 * 4).length;
      expect({ first, both, sent: slices().length }).toEqual({ first: 2, both: 2, sent: 4 });
    } finally {
      Float32Array.prototype.slice = slice;
    }
  });

  it("runs one row in place, and everything below the least amount of work", async () => {
    const { model, parallel, slices } = made();
    await parallel.predict(numbers(1, 0));
    const lazy = new ParallelModel(model, { workers: 2 }, () => portInPlace([]));
    await lazy.predict(numbers(8, 0));
    expect(slices()).toEqual([]);
  });

  it("refuses wrong inputs, and calls after it was disposed", async () => {
    const { parallel } = made();
    await expect(parallel.predict({ data: new Float32Array(5), shape: [5, 1] })).rejects.toThrow(ShapeError);
    parallel.dispose();
    await expect(parallel.predict(numbers(8, 0))).rejects.toThrow(EngineError);
  });
});
