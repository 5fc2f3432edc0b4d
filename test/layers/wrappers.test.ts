import { describe, expect, it } from "vitest";
import { UnsupportedLayerError } from "../../src/errors.ts";
import type { Profile } from "../../src/layers/profile.ts";
import { Cell } from "../../src/layers/recurrent/cell.ts";
import type { Value } from "../../src/plan/buffer.ts";
import type { Planner } from "../../src/plan/planner.ts";
import { StateBlock } from "../../src/plan/state.ts";
import { binary, slice } from "../../src/plan/tensor-ops.ts";
import type { Tensor } from "../../src/tensor.ts";
import { expectClose } from "../support/close.ts";
import { chainOf, inner, randomTensor, type TestLayer } from "../support/one-layer.ts";

const UNITS = 5;
const x = randomTensor([3, 6, 3], 11);
const open = { shape: [null, null, 3] };
const numbers = (tensor: Tensor) => [...(tensor.data as Float32Array)];

/** Both directions on their own: outputs in order of time, [batch, timesteps, units]. */
function directions(className: string, masking: boolean) {
  const before: TestLayer[] = masking ? [{ className: "Masking" }] : [];
  const config = { units: UNITS, returnSequences: true };
  const both = chainOf(
    [open],
    [
      ...before,
      { className: "Bidirectional", config: { layer: inner(className, config), mergeMode: null }, outputs: 2 },
    ],
  );
  return both.run(x).map(numbers) as [number[], number[]];
}

describe("Bidirectional", () => {
  const wrapper = (config: object): TestLayer => ({
    className: "Bidirectional",
    config: { layer: inner("GRU", { units: UNITS, returnSequences: true }), ...config },
  });

  it("runs the second layer from the end and turns its outputs round", () => {
    const [forward, backward] = directions("GRU", false);
    const alone = chainOf([open], [{ className: "GRU", config: { units: UNITS, returnSequences: true } }]);
    expect(forward).toEqual(numbers(alone.run(x)[0]!));
    const model = chainOf(
      [open],
      [wrapper({ mergeMode: null })].map((layer) => ({ ...layer, outputs: 2 })),
    );
    const weights = model.layers.at(-1)!.children[1]!.layer.weights;
    const mirrored = chainOf(
      [open],
      [{ className: "GRU", config: { units: UNITS, returnSequences: true, goBackwards: true } }],
    );
    mirrored.layers.at(-1)!.setWeights(weights);
    const processed = numbers(mirrored.run(x)[0]!);
    for (let row = 0; row < 3; row++)
      for (let t = 0; t < 6; t++)
        for (let u = 0; u < UNITS; u++)
          expect(backward[(row * 6 + t) * UNITS + u]).toBe(processed[(row * 6 + 5 - t) * UNITS + u]);
  });

  it.each(["concat", "sum", "mul", "ave"])("merges by %s", (mergeMode) => {
    const [forward, backward] = directions("GRU", false);
    const got = numbers(chainOf([open], [wrapper({ mergeMode })]).run(x)[0]!);
    const join: Record<string, (a: number, b: number) => number> = {
      sum: (a, b) => a + b,
      mul: (a, b) => a * b,
      ave: (a, b) => (a + b) / 2,
    };
    if (mergeMode !== "concat") {
      expectClose(
        got,
        forward.map((a, i) => Math.fround(join[mergeMode]!(a, backward[i]!))),
        "exact",
      );
      return;
    }
    for (let step = 0; step < 18; step++) {
      const want = [
        ...forward.slice(step * UNITS, (step + 1) * UNITS),
        ...backward.slice(step * UNITS, (step + 1) * UNITS),
      ];
      expect(got.slice(step * 2 * UNITS, (step + 1) * 2 * UNITS)).toEqual(want);
    }
  });

  it.each([
    [true, 0],
    [false, 1],
  ] as const)("puts out zeros at masked steps by profile: %s", (bidirectionalZeroesMasked, repeats) => {
    const padded: Tensor = { shape: x.shape, data: Float32Array.from(x.data as Float32Array) };
    (padded.data as Float32Array).fill(0, 3 * 3, 4 * 3);
    const profile: Partial<Profile> = { bidirectionalZeroesMasked };
    const model = chainOf([open], [{ className: "Masking" }, wrapper({})], { profile });
    const y = numbers(model.run(padded)[0]!);
    const step = (t: number) => y.slice(t * 2 * UNITS, t * 2 * UNITS + UNITS);
    expect(step(3)).toEqual(repeats ? step(2) : new Array(UNITS).fill(0));
  });

  it("is refused in sessions, and with two layers of one direction", () => {
    const model = chainOf([open], [wrapper({})]);
    expect(() => model.planWith([[3, 6, 3]], new StateBlock())).toThrow(/from both ends/);
    const config = { backwardLayer: inner("GRU", { units: UNITS, returnSequences: true }) };
    expect(() => chainOf([open], [wrapper(config)])).toThrow(UnsupportedLayerError);
  });
});

describe("TimeDistributed", () => {
  it("applies a layer to every step, with the bits of the layer alone", () => {
    const dense = { units: 4, activation: "relu" };
    const wrapped = chainOf([open], [{ className: "TimeDistributed", config: { layer: inner("Dense", dense) } }]);
    const alone = chainOf([open], [{ className: "Dense", config: dense }]);
    expect(wrapped.run(x)[0]!.data).toEqual(alone.run(x)[0]!.data);
  });

  it("runs sequences inside sequences, with the mask of each", () => {
    const lines = randomTensor([2, 3, 6, 3], 5);
    (lines.data as Float32Array).fill(0, 3 * 4, 3 * 6);
    const config = { layer: inner("LSTM", { units: UNITS }) };
    const nested = chainOf(
      [{ shape: [null, null, 6, 3] }],
      [{ className: "Masking" }, { className: "TimeDistributed", config }],
    );
    const flat = chainOf([open], [{ className: "Masking" }, { className: "LSTM", config: { units: UNITS } }]);
    const got = nested.run(lines)[0]!;
    expect(got.shape).toEqual([2, 3, UNITS]);
    expect(got.data).toEqual(flat.run({ data: lines.data, shape: [6, 6, 3] })[0]!.data);
  });
});

/** h = x + h / 2, put out with the first constant added. */
class Leaky extends Cell {
  shapes() {
    return { output: [3], states: [[3]] };
  }

  override plan(p: Planner, [x, h, constant]: readonly Value[]): readonly Value[] {
    const next = binary(p, "add", x!, binary(p, "multiply", h!, 0.5));
    return [constant ? binary(p, "add", next, slice(p, constant, 1, 0, 1)) : next, next];
  }
}

describe("custom cells", () => {
  const customObjects = { Leaky };
  const rnn = (config: object, kwargs?: TestLayer["kwargs"]): TestLayer => ({
    className: "RNN",
    config: { cell: inner("my>Leaky", {}), returnSequences: true, ...config },
    ...(kwargs && { kwargs }),
  });

  it("run step by step", () => {
    const y = numbers(chainOf([open], [rnn({})], { customObjects }).run(x)[0]!);
    let h = [0, 0, 0];
    for (let t = 0; t < 6; t++) {
      h = h.map((value, i) => Math.fround((x.data[t * 3 + i] as number) + value / 2));
      expectClose(y.slice(t * 3, t * 3 + 3), h, "activation");
    }
  });

  it("skip masked steps, run backwards, keep states and see constants", () => {
    const padded: Tensor = { shape: x.shape, data: Float32Array.from(x.data as Float32Array) };
    (padded.data as Float32Array).fill(0, 0, 3);
    (padded.data as Float32Array).fill(0, 3 * 3, 4 * 3);
    const layers = [{ className: "Masking" }, rnn({ goBackwards: true, stateful: true }, { constants: [1] })];
    const model = chainOf([{ shape: [3, 6, 3] }, { shape: [3, 2] }], layers, { customObjects });
    const constant = randomTensor([3, 2], 4);
    const add = constant.data[0] as number;
    let h = [0, 0, 0];
    for (let round = 0; round < 2; round++) {
      const y = numbers(model.run([padded, constant])[0]!);
      let out = [0, 0, 0];
      for (let n = 0; n < 6; n++) {
        const t = 5 - n;
        if (t !== 0 && t !== 3) {
          h = h.map((value, i) => (padded.data[t * 3 + i] as number) + value / 2);
          out = h.map((value) => value + add);
        }
        expectClose(y.slice(n * 3, n * 3 + 3), out, "activation", `round ${round} step ${n}`);
      }
    }
  });

  it("are refused by name where they are not given", () => {
    expect(() => chainOf([open], [rnn({})])).toThrow(/my>Leaky/);
    const config = { cell: inner("Dense", { units: 3 }) };
    expect(() => chainOf([open], [{ className: "RNN", config }])).toThrow(/is not a cell/);
  });
});
