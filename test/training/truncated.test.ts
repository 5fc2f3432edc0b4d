import { describe, expect, it } from "vitest";
import { dense, gru, input, lstm, sequential, timeDistributed } from "../../src/api/build.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { randomTensor } from "../support/one-layer.ts";

const [BATCH, STEPS, WIDTH] = [2, 6, 3];
const x = randomTensor([BATCH, STEPS, WIDTH], 3);
const y = randomTensor([BATCH, STEPS, 1], 4);

/** Timesteps from..to − 1 of every row. */
function piece({ data, shape }: typeof x, from: number, to: number) {
  const width = shape[2]!;
  const rows = Array.from({ length: BATCH }, (_, b) => {
    const at = (b * STEPS + from) * width;
    return [...(data as Float32Array).subarray(at, at + (to - from) * width)];
  });
  return { data: Float32Array.from(rows.flat()), shape: [BATCH, to - from, width] };
}

function made(stateful: boolean) {
  const layers = [
    input([null, WIDTH], { batchSize: BATCH } as never),
    lstm(4, { stateful, returnSequences: true }),
    gru(3, { stateful, returnSequences: true }),
    timeDistributed(dense(1)),
  ];
  const model = sequential(layers, { seed: 6, build: "simd" });
  return { model, trainer: new Trainer(model.inference, { optimizer: "sgd", loss: "mse", build: "simd" }) };
}

const sum = (lists: readonly (readonly Float32Array[])[]) =>
  lists[0]!.map((first, i) => Float32Array.from(first, (_, k) => lists.reduce((s, list) => s + list[i]![k]!, 0)));

describe("truncated backpropagation through time", () => {
  it("carries states from piece to piece and ends gradients between them", () => {
    const whole = made(false);
    const pieces = made(true);
    const gradients = ({ trainer }: typeof whole, a: typeof x, b: typeof x) =>
      trainer.gradients(a, b).map(({ data }) => data);
    const [first, second] = [
      gradients(pieces, piece(x, 0, 3), piece(y, 0, 3)),
      gradients(pieces, piece(x, 3, 6), piece(y, 3, 6)),
    ];
    const full = gradients(whole, x, y);
    // The output layer's gradient knows no time: the pieces' mean is the whole's, so the states went on.
    const mean = sum([first, second]).map((values) => values.map((value) => value / 2));
    const [kernel, bias] = [full.at(-2)!, full.at(-1)!];
    for (const [i, value] of mean.at(-2)!.entries()) expect(value).toBeCloseTo(kernel[i]!, 6);
    expect(mean.at(-1)![0]).toBeCloseTo(bias[0]!, 6);
    // The recurrent ones lack what would have gone back across the border.
    const recurrent = mean[1]!.map((value, i) => Math.abs(value - full[1]![i]!));
    expect(Math.max(...recurrent)).toBeGreaterThan(1e-4);
    // From fresh states the second piece is another.
    pieces.trainer.resetStates();
    const fresh = gradients(pieces, piece(x, 3, 6), piece(y, 3, 6));
    expect(Math.max(...fresh.at(-2)!.map((value, i) => Math.abs(value - second.at(-2)![i]!)))).toBeGreaterThan(1e-4);
  });
});
