import { describe, expect, it } from "vitest";
import * as k from "../../src/platform/training-node.ts";

const ones = (...shape: number[]) => ({ data: new Float32Array(shape.reduce((a, b) => a * b)).fill(1), shape });
const eye = (n: number) => ({
  data: Float32Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0)),
  shape: [n, n],
});

/**
 * What a layer makes of ones, and its slopes, told by one step of plain descent: before it stands an identity, behind
 * it a sum, so that the sum's weights move by 2 · error · output and the identity's by 2 · error · slope.
 */
async function seenInTraining(shape: readonly number[], layer: k.LayerDraft, x = ones(1, ...shape)) {
  const width = shape.at(-1)!;
  const all = shape.reduce((a, b) => a * b);
  const model = k.sequential([
    k.input(shape),
    k.dense(width, { useBias: false }),
    layer,
    k.flatten(),
    k.dense(1, { useBias: false }),
  ]);
  await model.compile({ loss: "mse", optimizer: k.optimizers.SGD({ learningRate: 1 }) });
  model.setWeights([eye(width), ones(all, 1)]);
  const { loss } = await model.trainOnBatch(x, { data: Float32Array.of(-1000), shape: [1, 1] });
  const pull = 2 * Math.sqrt(loss!);
  const [identity, sum] = model.getWeights();
  model.dispose();
  return {
    outputs: Array.from(sum!.data as Float32Array, (w) => (1 - w) / pull),
    /** Of one row alone: dy of the identity's kernel, its first row. */
    slopes: Array.from(identity!.data.slice(0, width) as Float32Array, (w, j) => (Number(j === 0) - w) / pull),
  };
}

describe("dropout of whole channels", () => {
  it.each([
    ["spatialDropout1D", [6, 16], k.spatialDropout1D(0.5)],
    ["spatialDropout2D", [3, 2, 16], k.spatialDropout2D(0.5)],
    ["spatialDropout3D", [3, 2, 1, 16], k.spatialDropout3D(0.5)],
    ["dropout with a noise shape", [6, 16], k.dropout(0.5, { noiseShape: [null, 1, null] })],
  ] as const)("%s draws once a channel", async (_, shape, layer) => {
    const { outputs } = await seenInTraining(shape, layer);
    const first = outputs.slice(0, 16).map((y) => Math.round(y));
    for (const [i, y] of outputs.entries()) expect(y).toBeCloseTo(first[i % 16]!, 3);
    expect(new Set(first)).toEqual(new Set([0, 2]));
  });

  it("takes the channels where the layer says they are", async () => {
    const { outputs } = await seenInTraining([8, 3, 2], k.spatialDropout2D(0.5, { dataFormat: "channels_first" }));
    for (let channel = 0; channel < 8; channel++) {
      const own = outputs.slice(channel * 6, channel * 6 + 6).map((y) => Math.round(y));
      expect(new Set(own).size).toBe(1);
    }
  });

  it("refuses a noise shape that does not fit", async () => {
    await expect(seenInTraining([6, 16], k.dropout(0.5, { noiseShape: [null, 2, null] }))).rejects.toThrow(
      /noise_shape \[any, 2, any\] does not fit an input of \[1, 6, 16\]/,
    );
  });
});

it("AlphaDropout puts SELU's floor in place of dropped values, and keeps mean and variance", async () => {
  const rate = 0.3;
  const floor = -1.7580993408473766;
  const scale = ((1 - rate) * (1 + rate * floor ** 2)) ** -0.5;
  const { outputs, slopes } = await seenInTraining([1, 64], k.alphaDropout(rate));
  const kept = scale - scale * rate * floor;
  const dropped = scale * floor - scale * rate * floor;
  for (const [i, y] of outputs.entries()) {
    const isKept = Math.abs(y - kept) < 1e-3;
    expect(y).toBeCloseTo(isKept ? kept : dropped, 3);
    expect(slopes[i]).toBeCloseTo(isKept ? scale : 0, 3);
  }
  expect(outputs.filter((y) => Math.abs(y - dropped) < 1e-3).length).toBeGreaterThan(8);
  const none = await seenInTraining([1, 8], k.alphaDropout(0));
  for (const y of none.outputs) expect(y).toBeCloseTo(1, 3);
});

it("attention drops shares, and their gradients with them", async () => {
  const n = 12;
  const x = k.input([n, n]);
  const [q, v] = [k.dense(n, { useBias: false }), k.dense(n, { useBias: false })];
  const y = k.attention({ dropout: 0.5 })([q(x), v(x)]);
  const model = k.functional(x, k.dense(1, { useBias: false })(k.flatten()(y)));
  await model.compile({ loss: "mse", optimizer: k.optimizers.SGD({ learningRate: 1 }) });
  // Queries of zeros share evenly; values are unit vectors, so that the outputs are the shares.
  model.setWeights([{ data: new Float32Array(n * n), shape: [n, n] }, eye(n), ones(n * n, 1)]);
  const identity = { data: eye(n).data, shape: [1, n, n] };
  const { loss } = await model.trainOnBatch(identity, { data: Float32Array.of(-1000), shape: [1, 1] });
  const pull = 2 * Math.sqrt(loss!);
  const [dq, dv, sum] = model.getWeights().map(({ data }) => data as Float32Array);
  model.dispose();
  const factors = Array.from(sum!, (w) => Math.round(((1 - w) / pull) * n));
  expect(new Set(factors)).toEqual(new Set([0, 2]));
  for (let row = 0; row < n; row++) {
    const own = factors.slice(row * n, row * n + n);
    const mean = own.reduce((a, b) => a + b) / n;
    for (let key = 0; key < n; key++) {
      expect(-dq![row * n + key]! / pull).toBeCloseTo((own[key]! - mean) / n, 4);
      const looks = factors.filter((_, i) => i % n === key).reduce((a, b) => a + b) / n;
      expect((Number(key === row) - dv![key * n + row]!) / pull).toBeCloseTo(looks, 4);
    }
  }
});

it("layers that change images at random leave them as they are, and the history says so", async () => {
  const model = k.sequential([k.input([2, 2, 1]), k.draft("RandomFlip", {}), k.flatten(), k.dense(1)]);
  await model.compile({ loss: "mse" });
  const { notes } = await model.fit(ones(2, 2, 2, 1), ones(2, 1));
  expect(notes).toEqual([expect.stringMatching(/^RandomFlip layer "random_flip" changes images in Keras' training/)]);
  model.dispose();
});
