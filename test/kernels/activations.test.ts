import { describe, expect, test } from "vitest";
import { ACTIVATION_CODES, type ActivationKernel } from "../../src/engine/activation-codes.ts";
import { ACTIVATIONS, DEFAULTS } from "../reference/activations.ts";
import { expectClose } from "../support/close.ts";
import { BUILDS, loadKernels } from "../support/kernels.ts";
import { Random } from "../support/random.ts";

const NAMES = Object.keys(ACTIVATION_CODES) as ActivationKernel[];
const EDGES = [0, -0, 1e-40, -1e-40, 1e-20, -1e-20, 0.5, -0.5, 1, -1, 1.5, 2.5, 3, -3, 6, 20, -20, 60, -60, 87, -87];
const SPECIAL = [Number.NaN, Infinity, -Infinity];
/** Functions whose value grows with their argument: their error is relative. */
const UNBOUNDED = new Set(["exponential", "square", "reciprocal", "rsqrt", "log"]);

describe.each(BUILDS)("%s", (build) => {
  const { kernels, guard } = loadKernels(build);

  function run(name: ActivationKernel, x: Float32Array, parameters?: readonly number[]): Float32Array {
    guard.reset();
    const at = guard.place(x, "x", 4);
    const y = guard.allocate(x.byteLength, "y", 8);
    kernels.activationForward(y, at, x.length, ACTIVATION_CODES[name], ...(parameters ?? DEFAULTS[name] ?? [0, 0, 0]));
    guard.check();
    return guard.floats(y, x.length);
  }

  function reference(name: ActivationKernel, x: Float32Array, parameters?: readonly number[]): Float64Array {
    const [a, b, g] = parameters ?? DEFAULTS[name] ?? [0, 0, 0];
    return Float64Array.from(x, (value) => ACTIVATIONS[name](value, a!, b!, g!));
  }

  test.each(NAMES)("%s equals its formula, at the edges too", (name) => {
    const random = new Random(1);
    const x = Float32Array.from([...EDGES, ...random.floats(300, 10), ...random.floats(300, 1e-3)]);
    const got = run(name, x);
    const want = reference(name, x);
    if (!UNBOUNDED.has(name)) expectClose(got, want, "activation", name);
    else {
      want.forEach((value, i) => {
        const float = Math.fround(value);
        if (Math.abs(float) > 1e38 || Math.abs(float) < 1e-37) return;
        const scale = Number.isNaN(value) ? value : Math.abs(value) + (name === "log" ? 0.5 : 0);
        if (Number.isNaN(value)) expect(got[i]).toBeNaN();
        else expect(Math.abs(got[i]! - value) / scale).toBeLessThan(4e-7);
      });
    }
  });

  test.each(NAMES)("%s keeps NaN and is right at ±Inf", (name) => {
    const x = Float32Array.from(SPECIAL);
    const got = run(name, x);
    const want = reference(name, x);
    SPECIAL.forEach((value, i) => {
      if (Number.isNaN(value)) expect(got[i]).toBeNaN();
      else if (Number.isNaN(want[i])) expect(got[i], `${name}(${value})`).toBeNaN();
      else expect(got[i], `${name}(${value})`).toBeCloseTo(Math.fround(want[i]!), 5);
    });
    expect(got[0]).toBeNaN();
  });

  test("every length stays inside its buffer", () => {
    for (const name of ["tanh", "sigmoid", "relu", "gelu"] as const) {
      for (let count = 0; count < 12; count++) {
        const x = new Random(count + 1).floats(count, 4);
        expectClose(run(name, x), reference(name, x), "activation", name);
      }
    }
  });

  test("a NaN with any payload stays a NaN", () => {
    const x = new Float32Array(64);
    const bits = new Uint32Array(x.buffer);
    for (let i = 0; i < 64; i++) bits[i] = (i & 1 ? 0xff800000 : 0x7f800000) | (1 << ((i >> 1) % 23)) | (i & 7);
    x.forEach((value) => {
      expect(value).toBeNaN();
    });
    for (const name of NAMES) {
      for (const value of run(name, x)) expect(value, name).toBeNaN();
    }
  });

  test("parameters are used", () => {
    const x = new Random(2).floats(101, 4);
    const cases: [ActivationKernel, number, number, number][] = [
      ["relu", 0.3, 2, 0.5],
      ["relu", 0, 6, 0],
      ["elu", 0.7, 0, 0],
      ["celu", 1.7, 0, 0],
      ["hardShrink", 1, 0, 0],
      ["softShrink", 1, 0, 0],
      ["squareplus", 2, 0, 0],
      ["threshold", 0.5, -3, 0],
      ["affine", 2, -1, 0],
    ];
    for (const [name, ...p] of cases) {
      const rounded = p.map(Math.fround);
      expectClose(run(name, x, rounded), reference(name, x, rounded), "activation", name);
    }
  });

  describe("over their whole range", () => {
    /** Every 97th float from 2⁻³⁰ to 2⁷, both signs. */
    const bits = Uint32Array.from({ length: 6_400_000 / 2 }, (_, i) => 0x30800000 + i * 97);
    const positive = new Float32Array(bits.buffer);
    const all = [positive, positive.map((value) => -value)];

    test.each([
      ["tanh", 2e-7],
      ["sigmoid", 2e-7],
      ["erf", 2e-7],
    ] as const)("%s is within %f", (name, bar) => {
      for (const x of all) {
        const y = run(name, x);
        let worst = 0;
        // erf's float64 reference is slow: a tenth of the points.
        const step = name === "erf" ? 11 : 1;
        for (let i = 0; i < x.length; i += step) {
          const error = Math.abs(y[i]! - ACTIVATIONS[name](x[i]!, 0, 0, 0));
          if (!(error <= worst)) worst = error;
        }
        expect(worst).toBeLessThanOrEqual(bar);
        expect(Math.max(...y.subarray(-1000))).toBeLessThanOrEqual(1);
      }
    });

    test("tanh and sigmoid never leave their range and saturate", () => {
      for (const x of all) {
        for (const value of run("tanh", x)) if (!(Math.abs(value) <= 1)) throw new Error(`tanh gave ${value}`);
        for (const value of run("sigmoid", x))
          if (!(value >= 0 && value <= 1)) throw new Error(`sigmoid gave ${value}`);
      }
      const far = Float32Array.from([12, 50, 1e9, 3e38, Infinity]);
      expect([...run("tanh", far)]).toEqual([1, 1, 1, 1, 1]);
      expect([
        ...run(
          "tanh",
          far.map((value) => -value),
        ),
      ]).toEqual([-1, -1, -1, -1, -1]);
      expect([
        ...run(
          "sigmoid",
          far.map((value) => value * 2),
        ),
      ]).toEqual([1, 1, 1, 1, 1]);
      expect([
        ...run(
          "sigmoid",
          far.map((value) => -value),
        ).subarray(2),
      ]).toEqual([0, 0, 0]);
    });

    test("exp and log are within 3e-7 of their value", () => {
      const x = Float32Array.from({ length: 200_000 }, (_, i) => (i / 100_000 - 1) * 86);
      run("exponential", x).forEach((y, i) => {
        const want = Math.exp(x[i]!);
        if (!(Math.abs(y - want) <= 3e-7 * want)) throw new Error(`exp(${x[i]}) gave ${y}`);
      });
      run("log", positive).forEach((y, i) => {
        const want = Math.log(positive[i]!);
        if (!(Math.abs(y - want) <= 1e-7 + 3e-7 * Math.abs(want))) throw new Error(`log(${positive[i]}) gave ${y}`);
      });
    });
  });
});
