import { describe, expect, it } from "vitest";
import { ShapeError } from "../../src/errors.ts";
import { chainOf, inner, randomTensor } from "../support/one-layer.ts";

describe("Embedding", () => {
  const embedding = { className: "Embedding", config: { inputDim: 7, outputDim: 3, maskZero: true } };
  const ids = [
    [1, 6, 0, 3],
    [0, 0, 2, 2],
  ];

  it.each(["int32", "float32"] as const)("looks rows up by %s numbers", (dtype) => {
    const model = chainOf([{ shape: [null, null], dtype }], [embedding]);
    const table = model.layers.at(-1)!.weights[0]!.data;
    const y = model.run(ids)[0]!;
    expect(y.shape).toEqual([2, 4, 3]);
    const rows = ids.flat().flatMap((id) => [...table.subarray(3 * id, 3 * id + 3)]);
    expect([...(y.data as Float32Array)]).toEqual(rows);
  });

  it("masks number 0", () => {
    const model = chainOf(
      [{ shape: [null, null], dtype: "int32" }],
      [embedding, { className: "GRU", config: { units: 4 } }],
    );
    const padded = model.run([[1, 6, 3, 0]])[0]!;
    expect(padded.data).toEqual(model.run([[1, 6, 3]])[0]!.data);
  });

  it.each([7, -1, Number.NaN])("names the layer and the place of the number %s before anything runs", (bad) => {
    const model = chainOf(
      [{ shape: [null, null] }],
      [embedding, { className: "GRU", config: { units: 4, stateful: true } }],
    );
    const good = model.run(ids)[0]!;
    model.resetStates();
    expect(() => model.run([ids[0]!, [0, bad, 0, 0]])).toThrow(ShapeError);
    expect(() => model.run([ids[0]!, [0, bad, 0, 0]])).toThrow(/layer0.*at \[1, 1\].*7 rows/);
    expect(model.run(ids)[0]!.data).toEqual(good.data);
  });
});

describe("a recurrent layer behind an Embedding", () => {
  const embedding = { className: "Embedding", config: { inputDim: 7, outputDim: 3, maskZero: true } };
  const ids = Array.from({ length: 4 }, (_, row) => Array.from({ length: 9 }, (_, t) => (row * 5 + t * t) % 7));

  // Whether many steps share a row or few.
  it.each([
    ["LSTM", {}],
    ["GRU", { goBackwards: true }],
    ["SimpleRNN", {}],
  ])("multiplies each row once, with the same bits: %s %j", (className, options) => {
    const layer = { className, config: { units: 6, returnSequences: true, ...options } };
    const model = chainOf([{ shape: [null, null], dtype: "int32" }], [embedding, layer]);
    const whole = model.run(ids)[0]!.data;
    const single = ids.flatMap((row) => [...(model.run([row])[0]!.data as Float32Array)]);
    expect([...(whole as Float32Array)]).toEqual(single);
  });

  it("does so in both directions", () => {
    const config = { layer: inner("LSTM", { units: 6 }) };
    const model = chainOf(
      [{ shape: [null, null], dtype: "int32" }],
      [embedding, { className: "Bidirectional", config }],
    );
    const whole = model.run(ids)[0]!.data;
    const single = ids.flatMap((row) => [...(model.run([row])[0]!.data as Float32Array)]);
    expect([...(whole as Float32Array)]).toEqual(single);
  });
});

describe("Masking", () => {
  it("masks the steps that hold the value alone, and makes them zero", () => {
    const x = randomTensor([1, 4, 2], 2);
    (x.data as Float32Array).fill(-1.5, 2, 4);
    (x.data as Float32Array)[4] = -1.5;
    const masking = { className: "Masking", config: { maskValue: -1.5 } };
    const y = chainOf([{ shape: [null, null, 2] }], [masking]).run(x)[0]!;
    const want = [...(x.data as Float32Array)];
    want[2] = 0;
    want[3] = 0;
    expect([...(y.data as Float32Array)]).toEqual(want);
    const gru = { className: "GRU", config: { units: 3 } };
    const model = chainOf([{ shape: [null, null, 2] }], [masking, gru], { sizes: () => 2 });
    const without = { data: Float32Array.from([...want.slice(0, 2), ...want.slice(4)]), shape: [1, 3, 2] };
    expect(model.run(x)[0]!.data).toEqual(model.run(without)[0]!.data);
  });
});
