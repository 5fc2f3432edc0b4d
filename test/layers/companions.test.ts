import { describe, expect, it } from "vitest";
import type { LayerConfig } from "../../src/layers/layer.ts";
import type { Profile } from "../../src/layers/profile.ts";
import type { Tensor } from "../../src/tensor.ts";
import { chainOf, randomTensor } from "../support/one-layer.ts";

interface Run {
  readonly model: ReturnType<typeof chainOf>;
  readonly x: Tensor;
  readonly y: Tensor;
}

/** One layer on random numbers, with what its open weight sizes are. */
function run(className: string, config: LayerConfig, shape: readonly number[], profile: Partial<Profile> = {}): Run {
  const last = shape[shape.length - 1]!;
  const model = chainOf([{ shape: [null, ...shape.slice(1)] }], [{ className, config }], {
    profile,
    sizes: () => last,
  });
  const x = randomTensor(shape, 11);
  return { model, x, y: model.run(x)[0]! };
}

const weight = ({ model }: Run, name: string) =>
  model.layers.flatMap((layer) => layer.weights).find((w) => w.name === name)!.data;

function expectClose(y: Tensor, want: (index: number) => number): void {
  const { data } = y;
  for (let i = 0; i < data.length; i++) {
    expect(Math.abs(Number(data[i]) - want(i)), `element ${i}`).toBeLessThan(1e-5 + 1e-5 * Math.abs(want(i)));
  }
}

const at = (x: Tensor, ...index: number[]): number =>
  Number(x.data[index.reduce((offset, i, axis) => offset * x.shape[axis]! + i, 0)]);

/** A cell of [batch, steps, channels], zero outside. */
const cell = (x: Tensor, b: number, t: number, c: number): number => (t >= 0 && t < x.shape[1]! ? at(x, b, t, c) : 0);

describe("Conv1D", () => {
  const [batch, steps, channels, filters] = [2, 9, 3, 4];
  const cases = [
    { padding: "valid", kernelSize: [3], strides: [1], dilationRate: [1], before: 0, count: 7 },
    { padding: "valid", kernelSize: [2], strides: [3], dilationRate: [1], before: 0, count: 3 },
    { padding: "same", kernelSize: [4], strides: [1], dilationRate: [1], before: 1, count: 9 },
    { padding: "same", kernelSize: [3], strides: [2], dilationRate: [1], before: 1, count: 5 },
    { padding: "causal", kernelSize: [3], strides: [1], dilationRate: [2], before: 4, count: 9 },
    { padding: "same", kernelSize: [4], strides: [1], dilationRate: [1], before: 2, count: 9, theano: true },
  ];

  it.each(cases)("$padding, kernel $kernelSize, stride $strides, dilation $dilationRate, theano $theano", (options) => {
    const { before, count, theano, ...config } = options;
    const shape = [batch, steps, channels];
    const done = run("Conv1D", { ...config, filters }, shape, theano ? { padding: "theano" } : {});
    const [size, stride, dilation] = [config.kernelSize[0]!, config.strides[0]!, config.dilationRate[0]!];
    const bias = done.model.layers.at(-1)!.weight("bias")!.data;
    const kernel = weight(done, "kernel");
    expect(done.y.shape).toEqual([batch, count, filters]);
    expectClose(done.y, (i) => {
      const [f, t, b] = [i % filters, Math.floor(i / filters) % count, Math.floor(i / filters / count)];
      let sum = bias[f]!;
      for (let k = 0; k < size; k++) {
        for (let c = 0; c < channels; c++) {
          sum += cell(done.x, b, t * stride - before + k * dilation, c) * kernel[(k * channels + c) * filters + f]!;
        }
      }
      return sum;
    });
  });

  it("does not depend on the batch, bit for bit", () => {
    const { model, x, y } = run("Conv1D", { filters: 4, kernelSize: [3], padding: "same" }, [3, 8, 5]);
    const width = 8 * 5;
    const one = model.run({ data: (x.data as Float32Array).slice(width, 2 * width), shape: [1, 8, 5] })[0]!;
    expect([...one.data]).toEqual([...y.data].slice(8 * 4, 2 * 8 * 4));
  });
});

describe("pooling", () => {
  it.each([
    { padding: "valid", size: 2, stride: 2, before: 0, count: 3, theano: false },
    { padding: "same", size: 3, stride: 2, before: 1, count: 4, theano: false },
    { padding: "same", size: 4, stride: 2, before: 3, count: 4, theano: true },
  ])("$padding, size $size, stride $stride, theano $theano", ({ padding, size, stride, before, count, theano }) => {
    const config = { poolSize: [size], strides: [stride], padding };
    for (const className of ["MaxPooling1D", "AveragePooling1D"]) {
      const { x, y } = run(className, config, [2, 7, 3], theano ? { padding: "theano" } : {});
      expect(y.shape).toEqual([2, count, 3]);
      expectClose(y, (i) => {
        const [c, o, b] = [i % 3, Math.floor(i / 3) % count, Math.floor(i / 3 / count)];
        const cells: number[] = [];
        for (let k = 0; k < size; k++) {
          const t = o * stride - before + k;
          if (t >= 0 && t < 7) cells.push(at(x, b, t, c));
        }
        return className === "MaxPooling1D" ? Math.max(...cells) : cells.reduce((a, v) => a + v) / cells.length;
      });
    }
  });

  it("averages the unmasked steps and never touches a masked NaN", () => {
    const model = chainOf(
      [{ shape: [null, 3, 2] }, { shape: [null, 3], dtype: "bool" }],
      [{ className: "GlobalAveragePooling1D", kwargs: { mask: [1] } }],
    );
    const x = { data: Float32Array.of(1, 2, Number.NaN, Number.NaN, 3, 6), shape: [1, 3, 2] };
    const mask = { data: Int32Array.of(1, 0, 1), shape: [1, 3] };
    expect([...model.run([x, mask])[0]!.data]).toEqual([2, 4]);
  });
});

describe("normalization", () => {
  it("BatchNormalization takes the stored statistics, with the epsilon of the era", () => {
    for (const deviation of [false, true]) {
      const config = { epsilon: 1e-3 };
      const model = chainOf([{ shape: [null, 4] }], [{ className: "BatchNormalization", config }], {
        profile: { batchNormDeviation: deviation },
        sizes: () => 4,
      });
      const layer = model.layers.at(-1)!;
      const rows = [
        [1, 2, 3, 4],
        [0.5, -1, 0, 2],
        [0.1, 0.2, -0.3, 0],
        [1, 0.25, 4, 0.01],
      ];
      layer.setWeights(rows.map((row) => ({ data: Float32Array.from(row), shape: [4] })));
      model.refreshWeights();
      const x = randomTensor([3, 4], 5);
      expectClose(model.run(x)[0]!, (i) => {
        const [gamma, beta, mean, spread] = rows.map((row) => row[i % 4]!) as [number, number, number, number];
        const scale = deviation ? spread + 1e-3 : Math.sqrt(spread + 1e-3);
        return ((Number(x.data[i]) - mean) / scale) * gamma + beta;
      });
    }
  });

  it("LayerNormalization over the last axis", () => {
    const done = run("LayerNormalization", {}, [2, 3, 5]);
    const [gamma, beta] = [weight(done, "gamma"), weight(done, "beta")];
    expectClose(done.y, (i) => {
      const row = [...done.x.data].slice(i - (i % 5), i - (i % 5) + 5).map(Number);
      const mean = row.reduce((a, b) => a + b) / 5;
      const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / 5;
      return ((row[i % 5]! - mean) / Math.sqrt(variance + 1e-3)) * gamma[i % 5]! + beta[i % 5]!;
    });
  });

  it("UnitNormalization gives length one", () => {
    const { y } = run("UnitNormalization", {}, [4, 6]);
    for (let row = 0; row < 4; row++) {
      let sum = 0;
      for (let i = 0; i < 6; i++) sum += at(y, row, i) ** 2;
      expect(sum).toBeCloseTo(1, 5);
    }
  });
});

describe("activation layers", () => {
  it.each([
    [
      "ReLU",
      { maxValue: 0.6, negativeSlope: 0.1, threshold: 0.05 },
      (v: number) => (v >= 0.6 ? 0.6 : v >= 0.05 ? v : 0.1 * (v - 0.05)),
    ],
    ["LeakyReLU", { negativeSlope: 0.3 }, (v: number) => (v > 0 ? v : 0.3 * v)],
    ["ELU", { alpha: 0.7 }, (v: number) => (v > 0 ? v : 0.7 * (Math.exp(v) - 1))],
    ["ThresholdedReLU", { theta: 0.2 }, (v: number) => (v > 0.2 ? v : 0)],
  ] as const)("%s", (className, config, f) => {
    const { x, y } = run(className, config, [2, 9]);
    expectClose(y, (i) => f(Number(x.data[i])));
  });

  it("Softmax over several axes sums to one", () => {
    const { y } = run("Softmax", { axis: [1, 2] }, [2, 3, 4]);
    for (let b = 0; b < 2; b++) {
      expect([...y.data].slice(b * 12, b * 12 + 12).reduce<number>((a, v) => a + Number(v), 0)).toBeCloseTo(1, 5);
    }
  });
});

describe("reshaping", () => {
  it.each([
    ["Flatten", {}, [2, 3, 4], [2, 12]],
    ["Reshape", { targetShape: [-1, 2] }, [2, 3, 4], [2, 6, 2]],
    ["Permute", { dims: [2, 1] }, [2, 3, 4], [2, 4, 3]],
    ["RepeatVector", { n: 5 }, [2, 4], [2, 5, 4]],
    ["ZeroPadding1D", { padding: [1, 2] }, [2, 3, 4], [2, 6, 4]],
    ["Cropping1D", { cropping: [1, 1] }, [2, 5, 4], [2, 3, 4]],
    ["UpSampling1D", { size: 3 }, [2, 5, 4], [2, 15, 4]],
    [
      "Cropping2D",
      {
        cropping: [
          [1, 0],
          [0, 2],
        ],
      },
      [2, 5, 6, 2],
      [2, 4, 4, 2],
    ],
  ] as const)("%s to its shape", (className, config, shape, want) => {
    expect(run(className, config as LayerConfig, shape).y.shape).toEqual(want);
  });
});
