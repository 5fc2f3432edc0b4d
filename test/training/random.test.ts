import { describe, expect, test } from "vitest";
import { initialize } from "../../src/training/initializers.ts";
import { Random } from "../../src/training/random.ts";

function moments(values: ArrayLike<number>): { mean: number; deviation: number; most: number } {
  const list = Array.from(values);
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  const deviation = Math.sqrt(list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length);
  return { mean, deviation, most: list.reduce((a, b) => Math.max(a, Math.abs(b)), 0) };
}

describe("Random", () => {
  test("is xoshiro128**: the published first numbers of the state 1, 2, 3, 4", () => {
    const random = new Random(0);
    random.state = Uint32Array.of(1, 2, 3, 4);
    expect(Array.from({ length: 10 }, () => random.next())).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  test("goes on from a saved state", () => {
    const random = new Random(7);
    random.normal();
    const saved = random.state;
    const first = Array.from({ length: 9 }, () => random.normal());
    random.state = saved;
    expect(Array.from({ length: 9 }, () => random.normal())).toEqual(first);
  });

  test("seeds beyond 32 bits differ", () => {
    expect(new Random(1).next()).not.toBe(new Random(1 + 2 ** 32).next());
    expect(() => new Random(-1)).toThrow(/seed/);
  });

  test("draws normal numbers", () => {
    const random = new Random(3);
    const values = Float64Array.from({ length: 200_000 }, () => random.normal());
    const { mean, deviation } = moments(values);
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(Math.abs(deviation - 1)).toBeLessThan(0.01);
    // Φ(1) − Φ(−1), Φ(2) − Φ(−2), Φ(3) − Φ(−3)
    for (const [limit, share] of [
      [1, 0.6827],
      [2, 0.9545],
      [3, 0.9973],
    ] as const) {
      const inside = values.filter((value) => Math.abs(value) < limit).length / values.length;
      expect(Math.abs(inside - share)).toBeLessThan(0.004);
    }
  });

  test("shuffles fairly and by seed", () => {
    expect(new Random(5).permutation(8)).toEqual(new Random(5).permutation(8));
    const counts = new Array<number>(6).fill(0);
    const random = new Random(1);
    for (let i = 0; i < 6000; i++) {
      const [a, b] = random.permutation(3);
      counts[a! * 2 + (b! > a! ? b! - 1 : b!)]!++;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });
});

describe("initialize", () => {
  const draw = (config: Parameters<typeof initialize>[0], shape: number[]) => initialize(config, shape, new Random(11));

  // Bounds and deviations of Keras' formulas: √(6 / (fanIn + fanOut)) and its like.
  test.each([
    ["glorot_uniform", [100, 200], Math.sqrt(6 / 300), Math.sqrt(2 / 300)],
    ["glorotUniform", [5, 40, 60], Math.sqrt(6 / 500), Math.sqrt(2 / 500)],
    ["he_uniform", [100, 200], Math.sqrt(6 / 100), Math.sqrt(2 / 100)],
    ["lecunUniform", [100, 200], Math.sqrt(3 / 100), Math.sqrt(1 / 100)],
    ["glorot_normal", [100, 200], (2 * Math.sqrt(1 / 150)) / 0.8796256610342398, Math.sqrt(1 / 150)],
    ["he_normal", [100, 200], (2 * Math.sqrt(2 / 100)) / 0.8796256610342398, Math.sqrt(2 / 100)],
    ["uniform", [100, 200], 0.05, 0.1 / Math.sqrt(12)],
    ["truncatedNormal", [100, 200], 0.1, 0.05 * 0.8796256610342398],
  ] as const)("%s of %j", (name, shape, most, deviation) => {
    const got = moments(draw(name, [...shape]));
    expect(got.most).toBeLessThanOrEqual(Math.fround(most));
    expect(got.most).toBeGreaterThan(0.98 * most);
    expect(Math.abs(got.deviation / deviation - 1)).toBeLessThan(0.03);
    expect(Math.abs(got.mean)).toBeLessThan(0.03 * deviation);
  });

  test("orthogonal: QᵀQ is the identity, of wide and tall matrices", () => {
    for (const [rows, columns] of [
      [6, 24],
      [24, 6],
      [9, 9],
    ] as const) {
      const q = draw("orthogonal", [rows, columns]);
      const short = Math.min(rows, columns);
      const at = (k: number, i: number) => (rows < columns ? q[k * columns + i]! : q[i * columns + k]!);
      for (let a = 0; a < short; a++) {
        for (let b = 0; b < short; b++) {
          let sum = 0;
          for (let i = 0; i < Math.max(rows, columns); i++) sum += at(a, i) * at(b, i);
          expect(Math.abs(sum - Number(a === b))).toBeLessThan(1e-6);
        }
      }
    }
  });

  test("classes with a config, in Keras' and in our keys", () => {
    expect(draw({ class_name: "Constant", config: { value: 2 } }, [2])).toEqual(Float32Array.of(2, 2));
    expect(draw({ className: "Identity", config: { gain: 3 } }, [2, 3])).toEqual(Float32Array.of(3, 0, 0, 0, 3, 0));
    const seeded = { className: "GlorotUniform", config: { seed: 4 } };
    expect(initialize(seeded, [3, 3], new Random(1))).toEqual(initialize(seeded, [3, 3], new Random(2)));
    expect(draw({ className: "VarianceScaling", config: { distribution: "uniform", mode: "fanAvg" } }, [4, 4])).toEqual(
      draw("glorotUniform", [4, 4]),
    );
    expect(() => draw("glorot", [2, 2])).toThrow(/no initializer "glorot"/);
  });
});
