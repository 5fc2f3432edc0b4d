import { describe, expect, it } from "vitest";
import { dense, lstm, sequential } from "../../src/platform/training-node.ts";
import { randomTensor } from "../support/one-layer.ts";

const make = (batch: number) =>
  sequential([lstm(4, { batchInputShape: [batch, 3, 1], stateful: true }), dense(1)], { build: "simd" });

describe("a stateful model", () => {
  it("takes rows in turns of batchSize, each going on from the states of those before", () => {
    const model = make(2);
    const x = randomTensor([6, 3, 1], 7);
    const rows = x.data as Float32Array;
    const turns = [0, 6, 12].flatMap((at) => [
      ...model.predict({ data: rows.slice(at, at + 6), shape: [2, 3, 1] }).data,
    ]);
    model.resetStates();
    const y = model.predict(x, { batchSize: 2 });
    expect(y.shape).toEqual([6, 1]);
    expect([...y.data]).toEqual(turns);
    model.resetStates();
    const out = new Float32Array(6);
    model.predictInto(out, x, { batchSize: 2 });
    expect([...out]).toEqual(turns);
    model.dispose();
  });

  it("refuses a batch that its states do not fit, says how to take turns, and keeps its states", () => {
    const model = make(1);
    const x = randomTensor([4, 3, 1], 7);
    const first = { data: x.data.slice(0, 3), shape: [1, 3, 1] };
    model.predict(first);
    expect(() => model.predict(x)).toThrow(
      /must be \[1, 3, 1\].*With \{ batchSize: 1 \} the rows are taken in turns\./,
    );
    expect(() => model.predict(x, { batchSize: 2 })).toThrow(/stateful: `batchSize` must be 1; got 2/);
    const pairs = make(2);
    expect(() => pairs.predict(randomTensor([3, 3, 1], 7), { batchSize: 2 })).toThrow(
      /its rows must be a multiple of `batchSize` 2; got 3/,
    );
    pairs.dispose();
    const going = model.predict(first).data[0];
    model.resetStates();
    model.predict(first);
    expect(model.predict(first).data[0]).toBe(going);
    model.dispose();
  });
});
