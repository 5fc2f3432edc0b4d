import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { hashOf } from "../../bench/engines/program.mjs";
import { differencesOf, type EngineRun, runEngines } from "../../bench/suites/bits.ts";

function engine(name: string, results: EngineRun["results"], failure?: string): EngineRun {
  return { name, version: "1", build: "simd", results, ...(failure ? { failure } : {}) };
}

const first = engine("First", { LSTM: { "batch 32": "aa", "batch 1": "aa" }, Training: { start: "cc", end: "dd" } });

describe("differencesOf", () => {
  it("finds none between equal answers", () => {
    expect(differencesOf([first, engine("Second", first.results)])).toEqual([]);
  });

  it("compares every way of a case with the first engine's first way", () => {
    const other = engine("Second", { LSTM: { "batch 32": "aa", chunks: "bb" }, Training: { end: "cc" } });
    expect(differencesOf([first, other])).toEqual(["Second 1: LSTM, chunks: bb", "Second 1: Training, end: cc"]);
  });

  it("finds a difference inside the first engine, and engines that answered nothing", () => {
    const own = engine("First", { LSTM: { "batch 32": "aa", "batch 1": "ab" } });
    expect(differencesOf([own, engine("Second", {}, "no answer")])).toEqual([
      "First 1: LSTM, batch 1: ab",
      "Second 1: no answer",
    ]);
  });
});

describe("hashOf", () => {
  it("sees one bit, and the sign of zero", () => {
    const bits = Uint32Array.from({ length: 64 }, (_, i) => i * 77777);
    const before = hashOf(new Float32Array(bits.buffer));
    bits[40]! ^= 1;
    expect(hashOf(new Float32Array(bits.buffer))).not.toBe(before);
    expect(hashOf(Float32Array.of(0))).not.toBe(hashOf(Float32Array.of(-0)));
    expect(before).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe("the built package in the simd build", () => {
  it("gives the same bits on every engine of this machine, in every way", async (context) => {
    if (!existsSync(new URL("../../dist/platform/node.js", import.meta.url))) {
      context.skip("dist/ is not built: npm run build");
    }
    const { engines, differences } = await runEngines(() => undefined);
    expect(differences).toEqual([]);
    expect(engines.length).toBeGreaterThanOrEqual(2);
    const ways = Object.values(engines[0]!.results).flatMap(Object.keys);
    expect(new Set(ways)).toEqual(
      new Set([
        ...["batch 32", "batch 1", "chunks", "2 workers", ".keras", ".h5"],
        ...["first weights", "after 4 steps"],
      ]),
    );
  }, 180_000);
});
