import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { addingBatch, copyBatch, trainMemory, uniform } from "../../models/compare/long-memory.ts";
import { learningCurves } from "../../models/support/curve.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("demonstrations", () => {
  it("teaches a GRU the sine wave to a validation MSE below 1e-4", () => {
    const text = execFileSync(process.execPath, [".build/run-ts.mjs", "models/sine/train.ts"], {
      cwd: root,
    }).toString();
    const mse = Number(/validation MSE (\S+)/.exec(text)?.[1]);
    expect(mse).toBeGreaterThan(0);
    expect(mse).toBeLessThan(1e-4);
  });

  it("makes the adding problem: two marks, one in each half, and their sum", () => {
    const [x, y] = addingBatch(uniform(1), 4, 10);
    for (let b = 0; b < 4; b++) {
      const steps = Array.from({ length: 10 }, (_, t) => t);
      const marked = steps.filter((t) => x.data[(b * 10 + t) * 2 + 1] === 1);
      expect(marked).toHaveLength(2);
      expect(marked[0]).toBeLessThan(5);
      expect(marked[1]).toBeGreaterThanOrEqual(5);
      const sum = marked.reduce((total, t) => total + x.data[(b * 10 + t) * 2]!, 0);
      expect(y.data[b]).toBeCloseTo(sum, 6);
    }
  });

  it("makes copy memory: the first ten symbols are the last ten targets", () => {
    const [x, y] = copyBatch(uniform(1), 2, 5);
    for (let b = 0; b < 2; b++) {
      for (let t = 0; t < 10; t++) {
        const row = (b * 25 + t) * 10;
        expect(x.data.slice(row, row + 10).indexOf(1)).toBe(y.data[b * 25 + 15 + t]);
      }
      expect(x.data[(b * 25 + 14) * 10 + 9]).toBe(1);
    }
  });

  it("solves a short adding problem with a GRU", async () => {
    const task = {
      task: "adding",
      length: 10,
      cell: "GRU",
      units: 16,
      batch: 32,
      learningRate: 0.01,
      bias: "keras",
      seed: 1,
    } as const;
    const { loss, baseline } = await trainMemory({ ...task, steps: 600 }, () => undefined);
    expect(loss).toBeLessThan(baseline / 20);
  });

  it("draws a curve for each run and metric", () => {
    const run = { name: "seed 1", history: { loss: [2, 1], val_loss: [2, 1.5] } };
    const svg = learningCurves([run, run], ["loss"], "foot");
    expect(svg.match(/<polyline/g)).toHaveLength(4);
    expect(svg).not.toContain("NaN");
  });
});
