import { describe, expect, it } from "vitest";
import { StateBlock } from "../../src/plan/state.ts";
import type { Tensor } from "../../src/tensor.ts";
import { convLstm, type Picture } from "../reference/conv-lstm.ts";
import { expectClose } from "../support/close.ts";
import { chainOf, randomTensor } from "../support/one-layer.ts";

const [BATCH, STEPS, ROWS, COLUMNS, CHANNELS, FILTERS] = [2, 3, 5, 4, 3, 2];

function pictures(x: Tensor, row: number): Picture[] {
  const size = ROWS * COLUMNS * CHANNELS;
  return Array.from({ length: STEPS }, (_, t) => {
    const at = (row * STEPS + t) * size;
    return {
      shape: [ROWS, COLUMNS, CHANNELS],
      data: Float64Array.from((x.data as Float32Array).subarray(at, at + size)),
    };
  });
}

const x = randomTensor([BATCH, STEPS, ROWS, COLUMNS, CHANNELS], 3);
const open = { shape: [null, null, ROWS, COLUMNS, CHANNELS] };

describe("ConvLSTM2D", () => {
  it.each([
    { kernelSize: [3, 3], strides: [1, 1], dilationRate: [1, 1], padding: "same" },
    { kernelSize: [2, 3], strides: [1, 1], dilationRate: [1, 1], padding: "valid" },
    { kernelSize: [2, 2], strides: [2, 1], dilationRate: [1, 1], padding: "same" },
    { kernelSize: [2, 2], strides: [1, 1], dilationRate: [2, 1], padding: "valid" },
  ] as const)("equals the reference: %j", (config) => {
    const layer = {
      className: "ConvLSTM2D",
      config: { filters: FILTERS, returnSequences: true, returnState: true, ...config },
      outputs: 3,
    };
    const model = chainOf([open], [layer], { sizes: () => CHANNELS });
    const [kernel, recurrent, bias] = model.layers.at(-1)!.weights.map((weight) => weight.data);
    const [y, h, c] = model.run(x);
    for (let row = 0; row < BATCH; row++) {
      const options = { ...config, filters: FILTERS, dilation: config.dilationRate };
      const want = convLstm(pictures(x, row), kernel!, recurrent!, bias!, options);
      const size = want.h.length;
      const part = (tensor: Tensor, count: number) =>
        (tensor.data as Float32Array).subarray(row * count, (row + 1) * count);
      expectClose(
        part(y!, STEPS * size),
        want.outputs.flatMap((output) => [...output]),
        "sequence",
      );
      expectClose(part(h!, size), want.h, "sequence");
      expectClose(part(c!, size), want.c, "sequence");
    }
  });

  it("takes channels first", () => {
    const channelsFirst = { shape: [BATCH, STEPS, CHANNELS, ROWS, COLUMNS], data: new Float32Array(x.data.length) };
    for (let i = 0, step = 0; step < BATCH * STEPS; step++)
      for (let at = 0; at < ROWS * COLUMNS; at++)
        for (let n = 0; n < CHANNELS; n++)
          channelsFirst.data[(step * CHANNELS + n) * ROWS * COLUMNS + at] = x.data[i++] as number;
    const config = { filters: FILTERS, kernelSize: [3, 3], padding: "same" };
    const last = chainOf([open], [{ className: "ConvLSTM2D", config }], { sizes: () => CHANNELS });
    const first = chainOf(
      [{ shape: [null, null, CHANNELS, ROWS, COLUMNS] }],
      [{ className: "ConvLSTM2D", config: { ...config, dataFormat: "channels_first" } }],
      { sizes: () => CHANNELS },
    );
    const want = last.run(x)[0]!.data;
    const got = first.run(channelsFirst)[0]!;
    expect(got.shape).toEqual([BATCH, FILTERS, ROWS, COLUMNS]);
    for (let b = 0; b < BATCH; b++)
      for (let f = 0; f < FILTERS; f++)
        for (let at = 0; at < ROWS * COLUMNS; at++)
          expect(got.data[(b * FILTERS + f) * ROWS * COLUMNS + at]).toBe(want[(b * ROWS * COLUMNS + at) * FILTERS + f]);
  });

  it("is refused in sessions by name", () => {
    const config = { filters: FILTERS, kernelSize: [3, 3], padding: "same", returnSequences: true };
    const model = chainOf([open], [{ className: "ConvLSTM2D", config }], { sizes: () => CHANNELS });
    expect(() => model.planWith([x.shape], new StateBlock())).toThrow(
      /ConvLSTM2D layer "layer0" cannot run in a session/,
    );
  });
});
