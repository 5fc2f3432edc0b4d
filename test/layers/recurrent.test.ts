import { describe, expect, it } from "vitest";
import { ShapeError } from "../../src/errors.ts";
import type { Layer } from "../../src/layers/layer.ts";
import { KERAS3, type Profile } from "../../src/layers/profile.ts";
import { buildContext } from "../../src/layers/registry.ts";
import { allLayers } from "../../src/model/layer-tree.ts";
import type { InferenceModel } from "../../src/model/model.ts";
import { sizeOf, type Tensor } from "../../src/tensor.ts";
import { gruStep } from "../reference/gru.ts";
import { lstmStep } from "../reference/lstm.ts";
import { type RecurrentOptions, runSequence, type Step } from "../reference/recurrent.ts";
import { simpleRnnStep } from "../reference/simple-rnn.ts";
import { expectClose } from "../support/close.ts";
import { chainOf, inner, randomTensor } from "../support/one-layer.ts";

const FEATURES = 3;

/** The reference step of a layer or cell that holds weights. */
function stepOf(layer: Layer): { step: Step; states: number } {
  const [kernel, recurrent, bias] = layer.weights.map((weight) => weight.data);
  const units = layer.config["units"] as number;
  const part = (from: number, to: number) => bias!.subarray(from * units, to * units);
  if (layer.className.startsWith("LSTM")) return { step: lstmStep(kernel!, recurrent!, bias!), states: 2 };
  if (layer.className.startsWith("Simple")) return { step: simpleRnnStep(kernel!, recurrent!, bias!), states: 1 };
  const after = bias!.length === 6 * units;
  return { step: gruStep(kernel!, recurrent!, part(0, 3), after ? part(3, 6) : undefined), states: 1 };
}

/** Rows of one sequence of a batch. */
function sequence(x: Tensor, row: number): Float32Array[] {
  const [, timesteps, width] = x.shape as [number, number, number];
  const data = x.data as Float32Array;
  return Array.from({ length: timesteps }, (_, t) => {
    const at = (row * timesteps + t) * width;
    return data.subarray(at, at + width);
  });
}

interface ReferenceRun {
  readonly outputs: number[];
  readonly last: number[];
  readonly states: readonly number[][];
}

/** A layer over a batch, by the reference. */
function reference(
  layer: Layer,
  x: Tensor,
  options: Omit<RecurrentOptions, "units">,
  mask?: readonly (readonly boolean[])[],
  initial?: readonly Tensor[],
): ReferenceRun {
  const { step, states } = stepOf(layer);
  const units = layer.config["units"] as number;
  const outputs: number[] = [];
  const last: number[] = [];
  const finals: number[][] = Array.from({ length: states }, () => []);
  for (let row = 0; row < x.shape[0]!; row++) {
    const start = Array.from({ length: states }, (_, i) => {
      const given = initial?.[i]?.data as Float32Array | undefined;
      return given ? Float64Array.from(given.subarray(row * units, (row + 1) * units)) : new Float64Array(units);
    });
    const run = runSequence(step, sequence(x, row), start, { ...options, units }, mask?.[row]);
    for (const y of run.outputs) outputs.push(...y);
    last.push(...run.last);
    for (const [i, state] of run.states.entries()) finals[i]!.push(...state);
  }
  return { outputs, last, states: finals };
}

/** Zeros the masked steps of x, as Masking finds them. */
function withPadding(x: Tensor, mask: readonly (readonly boolean[])[]): Tensor {
  const data = Float32Array.from(x.data as Float32Array);
  const [, timesteps, width] = x.shape as [number, number, number];
  mask.forEach((row, b) => {
    row.forEach((keep, t) => {
      const at = (b * timesteps + t) * width;
      if (!keep) data.fill(0, at, at + width);
    });
  });
  return { data, shape: x.shape };
}

const MASK = [
  [true, true, false, true, false],
  [false, false, true, true, true],
  [false, false, false, false, false],
];

const layerNamed = (model: InferenceModel, className: string): Layer =>
  allLayers(model.root).find((layer) => layer.className === className)!;

const x = randomTensor([3, 5, FEATURES], 7);
const open = { shape: [null, null, FEATURES] };

for (const [className, states, extra] of [
  ["SimpleRNN", 1, {}],
  ["LSTM", 2, {}],
  ["GRU", 1, { resetAfter: true }],
  ["GRU", 1, { resetAfter: false }],
] as const) {
  describe(`${className} ${JSON.stringify(extra)}`, () => {
    const config = { units: 6, ...extra };

    it.each([true, false])("returns outputs and states; returnSequences %s", (returnSequences) => {
      const layer = { className, config: { ...config, returnSequences, returnState: true }, outputs: 1 + states };
      const model = chainOf([open], [layer]);
      const want = reference(layerNamed(model, className), x, {});
      const [y, ...finals] = model.run(x);
      expect(y!.shape).toEqual(returnSequences ? [3, 5, 6] : [3, 6]);
      expectClose(y!.data as Float32Array, returnSequences ? want.outputs : want.last, "sequence");
      for (const [i, state] of finals.entries()) expectClose(state.data as Float32Array, want.states[i]!, "sequence");
    });

    it("takes initial states and runs backwards", () => {
      const layer = {
        className,
        config: { ...config, goBackwards: true, returnSequences: true },
        kwargs: { initialState: states === 2 ? [1, 2] : [1] },
      };
      const given = Array.from({ length: states }, (_, i) => randomTensor([3, 6], 20 + i));
      const model = chainOf([open, ...given.map(() => ({ shape: [null, 6] }))], [layer]);
      const want = reference(layerNamed(model, className), x, { goBackwards: true }, undefined, given);
      const [y] = model.run([x, ...given]);
      expectClose(y!.data as Float32Array, want.outputs, "sequence");
    });

    it("keeps its state between runs if stateful, until it is reset", () => {
      const layer = { className, config: { ...config, stateful: true, returnSequences: true } };
      const model = chainOf([{ shape: [3, null, FEATURES] }], [layer]);
      const want = reference(layerNamed(model, className), x, {}).outputs;
      const part = (from: number, to: number): Tensor => ({
        data: Float32Array.from(
          [0, 1, 2].flatMap((row) =>
            sequence(x, row)
              .slice(from, to)
              .flatMap((v) => [...v]),
          ),
        ),
        shape: [3, to - from, FEATURES],
      });
      for (let round = 0; round < 2; round++) {
        const first = model.run(part(0, 2))[0]!.data as Float32Array;
        const second = model.run(part(2, 5))[0]!.data as Float32Array;
        const joined = [0, 1, 2].flatMap((row) => [
          ...first.subarray(row * 12, (row + 1) * 12),
          ...second.subarray(row * 18, (row + 1) * 18),
        ]);
        expectClose(joined, want, "sequence", `round ${round}`);
        model.resetStates();
      }
    });

    it.each([
      ["zeros", false],
      ["initialState", false],
      ["zeros", true],
    ] as const)("skips masked steps; the first put out %s; zeroOutputForMask %s", (first, zeroOutputForMask) => {
      const profile: Partial<Profile> = { firstMaskedOutput: first, initialStateLosesMask: false };
      const layer = {
        className,
        config: { ...config, returnSequences: true, returnState: true, zeroOutputForMask },
        kwargs: { initialState: states === 2 ? [1, 2] : [1] },
        outputs: 1 + states,
      };
      const given = Array.from({ length: states }, (_, i) => randomTensor([3, 6], 20 + i));
      const inputs = [open, ...given.map(() => ({ shape: [null, 6] }))];
      const model = chainOf(inputs, [{ className: "Masking" }, layer], { profile });
      const padded = withPadding(x, MASK);
      const options = { zeroOutputForMask, firstMaskedOutput: first === "zeros" ? "zeros" : "initial" } as const;
      const want = reference(layerNamed(model, className), padded, options, MASK, given);
      const [y, ...finals] = model.run([padded, ...given]);
      expectClose(y!.data as Float32Array, want.outputs, "sequence");
      for (const [i, state] of finals.entries()) expectClose(state.data as Float32Array, want.states[i]!, "sequence");
    });

    it("takes time first", () => {
      const timeFirst = (tensor: Tensor, width: number): Tensor => {
        const [a, b] = tensor.shape as [number, number];
        const data = new Float32Array(tensor.data.length);
        for (let i = 0; i < a; i++) {
          for (let j = 0; j < b; j++) {
            const from = (i * b + j) * width;
            data.set((tensor.data as Float32Array).subarray(from, from + width), (j * a + i) * width);
          }
        }
        return { data, shape: [b, a, width] };
      };
      const layer = { className, config: { ...config, timeMajor: true, returnSequences: true } };
      const model = chainOf([open], [layer]);
      const want = reference(layerNamed(model, className), x, {}).outputs;
      const [y] = model.run(timeFirst(x, FEATURES));
      expect(y!.shape).toEqual([5, 3, 6]);
      expectClose(timeFirst(y!, 6).data as Float32Array, want, "sequence");
    });

    it("is a cell inside RNN, with the same bits", () => {
      const layer = chainOf([open], [{ className, config }]);
      const cell = chainOf([open], [{ className: "RNN", config: { cell: inner(`${className}Cell`, config) } }]);
      expect(cell.run(x)[0]!.data).toEqual(layer.run(x)[0]!.data);
    });
  });
}

describe("recurrent layers", () => {
  it("stack cells as layers one above the other", () => {
    const cells = [inner("LSTMCell", { units: 4 }), inner("GRUCell", { units: 6 })];
    const stacked = { className: "RNN", config: { cell: inner("StackedRNNCells", { cells }) } };
    const sizes = (layer: Layer) => (layer.className.startsWith("LSTM") ? FEATURES : 4);
    const model = chainOf([open], [{ className: "Masking" }, stacked], { sizes });
    const two = chainOf(
      [open],
      [
        { className: "Masking" },
        { className: "LSTM", config: { units: 4, returnSequences: true } },
        { className: "GRU", config: { units: 6 } },
      ],
      { sizes },
    );
    const padded = withPadding(x, MASK);
    expect(model.run(padded)[0]!.data).toEqual(two.run(padded)[0]!.data);
  });

  it("order the states of a stack by profile", () => {
    const cells = [inner("LSTMCell", { units: 4 }), inner("GRUCell", { units: 6 })];
    const config = { cell: inner("StackedRNNCells", { cells }), returnState: true };
    const sizes = (layer: Layer) => (layer.className.startsWith("LSTM") ? FEATURES : 4);
    const shapes = (stackedStates: "natural" | "reversed") => {
      const model = chainOf([open], [{ className: "RNN", config, outputs: 4 }], { profile: { stackedStates }, sizes });
      return model.run(x).map((tensor) => tensor.shape[1]);
    };
    expect(shapes("natural")).toEqual([6, 4, 4, 6]);
    expect(shapes("reversed")).toEqual([6, 6, 4, 4]);
  });

  it("lose the implicit mask beside initial states in Keras 3", () => {
    const layer = { className: "GRU", config: { units: 6 }, kwargs: { initialState: [1] } };
    const h = randomTensor([3, 6], 9);
    const model = chainOf([open, { shape: [null, 6] }], [{ className: "Masking" }, layer]);
    const padded = withPadding(x, MASK);
    const want = reference(layerNamed(model, "GRU"), padded, {}, undefined, [h]);
    expectClose(model.run([padded, h])[0]!.data as Float32Array, want.last, "sequence");
  });

  it("never let a masked NaN in", () => {
    const poisoned = { data: Float32Array.from(x.data as Float32Array), shape: x.shape };
    (poisoned.data as Float32Array).fill(Number.NaN, FEATURES, 2 * FEATURES);
    const mask = { data: Int32Array.from({ length: 15 }, (_, i) => Number(i !== 1)), shape: [3, 5] };
    const layer = { className: "LSTM", config: { units: 6, returnSequences: true }, kwargs: { mask: [1] } };
    const model = chainOf([open, { shape: [null, null], dtype: "bool" }], [layer]);
    const want = reference(layerNamed(model, "LSTM"), poisoned, {}, [
      [true, false, true, true, true],
      [true, true, true, true, true],
      [true, true, true, true, true],
    ]);
    expectClose(model.run([poisoned, mask])[0]!.data as Float32Array, want.outputs, "sequence");
  });

  it.each([[[6]], [[2, 6]]])("learn reset_after from a bias of %j where the config is silent", (shape) => {
    const context = buildContext(KERAS3, {}, () => {
      throw new Error("no nested models here");
    });
    const layer = context.create({ className: "GRU", name: "gru", config: { units: 2 }, trainable: true });
    const array = (own: readonly number[]) => ({ shape: own, data: new Float32Array(sizeOf(own)) });
    layer.setWeights([array([3, 6]), array([2, 6]), array(shape)]);
    expect(layer.weight("bias")!.shape).toEqual(shape);
  });

  it("name the layer when states do not fit", () => {
    const layer = { className: "LSTM", config: { units: 6 }, kwargs: { initialState: [1] } };
    expect(() => chainOf([open, { shape: [null, 6] }], [layer])).toThrow(ShapeError);
    expect(() => chainOf([open, { shape: [null, 6] }], [layer])).toThrow(/LSTM layer "layer0".*2 initial states/);
  });
});
