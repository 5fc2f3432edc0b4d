import { describe, expect, it } from "vitest";
import { ShapeError, UnsupportedLayerError } from "../../src/errors.ts";
import type { InferenceModel } from "../../src/model/model.ts";
import { Session } from "../../src/model/session.ts";
import { expectSameBits } from "../support/close.ts";
import { chainOf, randomTensor } from "../support/one-layer.ts";

const features = 3;

function stack(batch: number | null = null): InferenceModel {
  const config = { units: 5, returnSequences: true };
  return chainOf(
    [{ shape: [batch, null, features] }],
    [
      { className: "Masking" },
      { className: "LSTM", config },
      { className: "GRU", config: { ...config, resetAfter: true } },
      { className: "SimpleRNN", config },
      { className: "Dense", config: { units: 2, activation: "softmax" } },
    ],
    { sizes: (layer) => (["layer1"].includes(layer.name) ? features : 5) },
  );
}

/** 11 steps, two of them masked (all zero), one at a chunk's border. */
function sequence(batch: number) {
  const x = randomTensor([batch, 11, features], 7);
  for (let b = 0; b < batch; b++)
    for (const t of [4, 5]) (x.data as Float32Array).fill(0, (b * 11 + t) * features, (b * 11 + t + 1) * features);
  return x;
}

function rows(data: Float32Array, batch: number, from: number, to: number): Float32Array {
  const parts = Array.from({ length: batch }, (_, b) =>
    data.subarray((b * 11 + from) * features, (b * 11 + to) * features),
  );
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

describe("Session", () => {
  it.each([[[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]], [[11]], [[4, 7]], [[5, 1, 5]], [[2, 3, 6]]])(
    "gives the bits of one long sequence in chunks of %s",
    (lengths) => {
      for (const batch of [1, 3]) {
        const model = stack();
        const x = sequence(batch);
        const whole = model.run(x)[0]!.data as Float32Array;
        const session = new Session(model, { batch });
        let at = 0;
        for (const length of lengths) {
          const data = rows(x.data as Float32Array, batch, at, at + length);
          const y =
            length === 1
              ? session.step(data).slice()
              : (session.process({ data, shape: [batch, length, features] }).data as Float32Array);
          const want = Array.from({ length: batch }, (_, b) => [
            ...whole.subarray((b * 11 + at) * 2, (b * 11 + at + length) * 2),
          ]);
          expectSameBits(y, Float32Array.from(want.flat()), `steps ${at} to ${at + length}`);
          at += length;
        }
      }
    },
  );

  it("starts again after reset, and goes on from a saved state", () => {
    const model = stack();
    const session = new Session(model);
    const x = sequence(1).data as Float32Array;
    const first = session.step(x.subarray(0, 3)).slice();
    const state = session.state;
    const second = session.step(x.subarray(3, 6)).slice();
    session.state = state;
    expectSameBits(session.step(x.subarray(3, 6)), second);
    session.reset();
    expectSameBits(session.step(x.subarray(0, 3)), first);
  });

  it("keeps sessions of one model apart", () => {
    const model = stack();
    const a = new Session(model);
    const x = sequence(1).data as Float32Array;
    const first = a.step(x.subarray(0, 3)).slice();
    const b = new Session(model, { batch: 1 });
    expectSameBits(b.step(x.subarray(0, 3)), first);
    model.run(sequence(4));
    const second = a.step(x.subarray(3, 6)).slice();
    expectSameBits(b.step(x.subarray(3, 6)), second);
  });

  it("takes no memory in a step", () => {
    const model = stack();
    const session = new Session(model);
    const frame = Float32Array.of(0.1, 0.2, 0.3);
    const result = session.step(frame);
    const { byteLength, scratchBase } = model.engine.memory;
    for (let i = 0; i < 1000; i++) expect(session.step(frame)).toBe(result);
    expect(model.engine.memory.byteLength).toBe(byteLength);
    expect(model.engine.memory.scratchBase).toBe(scratchBase);
  });

  it("refuses wrong frames and models that need the whole sequence", () => {
    const session = new Session(stack());
    expect(() => session.step([1, 2])).toThrow(ShapeError);
    expect(() => session.process([[[1, 2]]])).toThrow(ShapeError);
    const inner = { className: "LSTM", name: "inner", config: { units: 2 } };
    const both = chainOf(
      [{ shape: [null, null, features] }],
      [{ className: "Bidirectional", config: { layer: inner } }],
    );
    expect(() => new Session(both)).toThrow(UnsupportedLayerError);
  });
});
