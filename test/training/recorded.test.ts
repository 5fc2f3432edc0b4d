import { describe, expect, it } from "vitest";
import type { Model } from "../../src/api/model.ts";
import {
  concatenate,
  dense,
  draft,
  functional,
  globalAveragePooling1D,
  input,
  lstm,
  masking,
  type SymbolicTensor,
} from "../../src/platform/training-node.ts";
import { sizeOf, type Tensor } from "../../src/tensor.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { expectGradients } from "../support/numeric-gradients.ts";
import { numbers } from "../support/random.ts";

/** Checks a model's loss and the gradients of all its weights, at random weights. */
function check(model: Model, x: { data: Float32Array; shape: number[] } | { data: Float32Array; shape: number[] }[]) {
  const random = model.getWeights().map(({ shape }, i) => ({ shape, data: numbers(sizeOf(shape), i + 3) }));
  model.setWeights(random);
  const trainer = new Trainer(model.inference, { loss: "mse", optimizer: "sgd", build: "simd" });
  const predicted = model.predict(x as never) as Tensor;
  const values = predicted.data as Float32Array;
  const y = { data: numbers(values.length, 9), shape: predicted.shape };
  expect(trainer.testOnBatch(x as never, y)["loss"]).toBeCloseTo(
    values.reduce((sum, p, i) => sum + (p - y.data[i]!) ** 2, 0) / y.data.length,
    4,
  );
  expectGradients(trainer, x as never, y, { h: 2e-3, slack: 4e-3 });
  model.dispose();
}

const op = (name: string, config: object, ...inputs: SymbolicTensor[]) => draft(`op:${name}`, { ...config })(inputs);
/** Positive values, away from where functions are steep. */
const safe = (x: SymbolicTensor) => dense(4, { activation: "softplus" })(x);
const plain = (x: SymbolicTensor) => dense(4)(x);

describe("gradients of what has no rule of its own, against differences of the loss", () => {
  const cases: Readonly<Record<string, (x: SymbolicTensor) => SymbolicTensor>> = {
    "add, multiply, subtract": (x) =>
      op("Subtract", {}, op("Multiply", {}, plain(x), safe(x)), op("Add", { x2: 2 }, plain(x))),
    "a value with itself": (x) => {
      const y = plain(x);
      return op("Multiply", {}, y, y);
    },
    divide: (x) => op("TrueDivide", {}, plain(x), op("Add", { x2: 1 }, safe(x))),
    "broadcast over time": (x) => op("Multiply", {}, plain(x), op("Mean", { axis: 1, keepdims: true }, safe(x))),
    "mean over time": (x) => op("Mean", { axis: 1 }, safe(x)),
    "sum over several axes": (x) => op("Sum", { axis: [1, 2], keepdims: true }, safe(x)),
    "largest over time": (x) => op("Max", { axis: 1 }, plain(x)),
    "maximum, minimum": (x) => op("Maximum", {}, op("Minimum", {}, plain(x), safe(x)), op("Negative", {}, safe(x))),
    "slices joined": (x) => {
      const y = plain(x);
      const slice = (start: number | null, stop: number | null) => ({
        key: [
          { className: "__slice__", config: {} },
          { className: "__slice__", config: { start, stop } },
        ],
      });
      return concatenate({ axis: 1 })([op("GetItem", slice(1, 4), y), op("GetItem", slice(null, 2), y), y]);
    },
    "reshape, transpose, expand, squeeze": (x) => {
      const y = op("Transpose", { axes: [0, 2, 1] }, plain(x));
      return op("Squeeze", { axis: 1 }, op("ExpandDims", { axis: 1 }, op("Reshape", { newshape: [-1, 20] }, y)));
    },
    matmul: (x) => op("Matmul", {}, plain(x), op("Transpose", { axes: [0, 2, 1] }, safe(x))),
    "exp, log, sqrt, square": (x) => {
      const y = op("Add", { x2: 0.5 }, safe(x));
      return op("Add", {}, op("Log", {}, op("Sqrt", {}, y)), op("Square", {}, op("Exp", {}, op("Negative", {}, y))));
    },
    "powers, abs, sin": (x) =>
      op("Add", {}, op("Power", { x2: 3 }, safe(x)), op("Sin", {}, op("Absolute", {}, plain(x)))),
    "softmax over time": (x) => op("Softmax", { axis: 1 }, plain(x)),
    "relu, gelu, tanh, sigmoid": (x) =>
      op("Relu", {}, op("Gelu", {}, op("Tanh", {}, op("Add", {}, op("Sigmoid", {}, plain(x)), plain(x))))),
    variance: (x) => op("Var", { axis: 1 }, safe(x)),
    "where, clip": (x) => {
      const y = plain(x);
      return op("Where", {}, op("Greater", { x2: 0.1 }, y), op("Clip", { xMin: -0.5, xMax: 0.8 }, y), safe(x));
    },
    "cumulative sum, roll, flip": (x) =>
      op("Flip", { axis: 1 }, op("Roll", { shift: 2, axis: 1 }, op("Cumsum", { axis: 1 }, plain(x)))),
    "Dot layer": (x) => draft("Dot", { axes: [1, 1], normalize: true })([plain(x), safe(x)]),
    "merges of other shapes": (x) =>
      draft("Multiply", {})([plain(x), op("Mean", { axis: 1, keepdims: true }, safe(x))]),
    "Maximum of three": (x) => draft("Maximum", {})([plain(x), safe(x), plain(x)]),
    "padding, cropping, upsampling": (x) =>
      draft("Cropping1D", { cropping: [1, 2] })(
        draft("UpSampling1D", { size: 2 })(draft("ZeroPadding1D", { padding: [1, 0] })(plain(x))),
      ),
    "grouped Conv1D": (x) => draft("Conv1D", { filters: 4, kernelSize: [2], groups: 2, activation: "tanh" })(plain(x)),
    "separable and depthwise Conv1D": (x) =>
      draft("SeparableConv1D", { filters: 3, kernelSize: [3], depthMultiplier: 2, padding: "same" })(
        draft("DepthwiseConv1D", { kernelSize: [2], strides: [1], depthMultiplier: 2, activation: "sigmoid" })(
          plain(x),
        ),
      ),
    "Conv2D, pooling": (x) => {
      const image = op("Reshape", { newshape: [-1, 5, 4, 1] }, plain(x));
      const y = draft("Conv2D", { filters: 2, kernelSize: [3, 2], padding: "same", dilationRate: [2, 1] })(image);
      const pooled = draft("MaxPooling2D", { poolSize: [2, 2], padding: "same" })(y);
      return draft("GlobalAveragePooling2D", {})(draft("AveragePooling2D", { poolSize: [2, 1] })(pooled));
    },
    "strided Conv2D, SeparableConv2D": (x) => {
      const image = op("Reshape", { newshape: [-1, 5, 4, 1] }, plain(x));
      const y = draft("Conv2D", { filters: 2, kernelSize: [2, 2], strides: [2, 1], activation: "relu6" })(image);
      return draft("SeparableConv2D", { filters: 2, kernelSize: [2, 2] })(
        draft("DepthwiseConv2D", { kernelSize: [1, 2] })(y),
      );
    },
    "transposed Conv1D, spread and cut": (x) =>
      draft("Conv1DTranspose", { filters: 2, kernelSize: [3], strides: [2], padding: "same", outputPadding: [1] })(
        draft("Conv1DTranspose", { filters: 3, kernelSize: [2], strides: [3], activation: "tanh" })(plain(x)),
      ),
    "transposed Conv2D, channels first": (x) => {
      const image = op("Reshape", { newshape: [-1, 5, 2, 2] }, plain(x));
      const options = { filters: 2, kernelSize: [2, 3], strides: [1, 2], dataFormat: "channels_first" };
      return draft("Conv2DTranspose", options)(image);
    },
    "Conv3D, pooling 3D, transposed Conv3D": (x) => {
      const cube = op("Reshape", { newshape: [-1, 5, 2, 2, 1] }, plain(x));
      const y = draft("Conv3D", { filters: 2, kernelSize: [3, 2, 1], strides: [2, 1, 1], padding: "same" })(cube);
      const pooled = draft("MaxPooling3D", { poolSize: [2, 1, 2], padding: "same" })(y);
      return draft("Conv3DTranspose", { filters: 1, kernelSize: [1, 2, 2], activation: "softplus" })(pooled);
    },
    "MultiHeadAttention over two axes, GroupedQueryAttention": (x) => {
      const square = op("Reshape", { newshape: [-1, 5, 2, 2] }, plain(x));
      const y = draft("MultiHeadAttention", { numHeads: 2, keyDim: 2, attentionAxes: [1, 2] })([square, square]);
      const flat = op("Reshape", { newshape: [-1, 5, 4] }, y);
      return draft("GroupQueryAttention", { headDim: 2, numQueryHeads: 4, numKeyValueHeads: 2 })([flat, plain(x)]);
    },
    "sorting and picking by computed numbers": (x) => {
      const y = plain(x);
      const picked = op("TakeAlongAxis", { axis: 2 }, safe(x), op("Argmax", { axis: 2, keepdims: true }, y));
      const parts = [
        op("Sort", { axis: -1 }, y),
        op("TopK", { k: 2 }, y),
        op("Median", { axis: 2, keepdims: true }, y),
      ];
      return concatenate()([...parts, picked]);
    },
    angles: (x) => op("Add", {}, op("Arctan2", {}, plain(x), safe(x)), op("Arcsin", {}, op("Tanh", {}, plain(x)))),
    "ConvLSTM1D of both ends": (x) => {
      const steps = op("Reshape", { newshape: [-1, 5, 4, 1] }, plain(x));
      const y = draft("ConvLSTM1D", { filters: 2, kernelSize: [2], padding: "same", returnSequences: true })(steps);
      return draft("ConvLSTM1D", { filters: 1, kernelSize: [2], goBackwards: true, useBias: false })(y);
    },
    ConvLSTM2D: (x) => {
      const steps = op("Reshape", { newshape: [-1, 5, 2, 2, 1] }, plain(x));
      return draft("ConvLSTM2D", { filters: 2, kernelSize: [2, 1], recurrentActivation: "hard_sigmoid" })(steps);
    },
    "GroupNormalization, RMSNormalization": (x) =>
      draft("RMSNormalization", {})(draft("GroupNormalization", { groups: 2 })(plain(x))),
    "LayerNormalization of two axes, shared PReLU": (x) =>
      draft("PReLU", { sharedAxes: [1], alphaInitializer: "ones" })(
        draft("LayerNormalization", { axis: [1, 2] })(plain(x)),
      ),
    "LayerNormalization by the root of squares": (x) => draft("LayerNormalization", { rmsScaling: true })(plain(x)),
    "Softmax over time": (x) => draft("Softmax", { axis: 1 })(plain(x)),
    UnitNormalization: (x) => draft("UnitNormalization", { axis: -1 })(safe(x)),
  };
  for (const [name, make] of Object.entries(cases)) {
    for (const batch of [3, 1]) {
      it(`${name}, batch ${batch}`, () => {
        const x = input([5, 3]);
        check(functional(x, make(x), { build: "simd" }), { data: numbers(batch * 15, 5), shape: [batch, 5, 3] });
      });
    }
  }

  // A masked step takes no part beside an unmasked one (Keras 3.4 and later).
  for (const name of ["Maximum", "Minimum", "Multiply"]) {
    it(`${name} of inputs with masks of their own`, () => {
      const xs = [input([4, 2]), input([4, 2])];
      const branches = xs.map((x) => lstm(3, { returnSequences: true })(masking()(x)));
      const model = functional(xs, globalAveragePooling1D()(draft(name, {})(branches)), { build: "simd" });
      const data = [5, 8].map((seed) => numbers(2 * 4 * 2, seed));
      const masked = [
        [0, 3, 4],
        [2, 3, 4, 7],
      ];
      masked.forEach((steps, i) => {
        for (const step of steps) data[i]!.fill(0, 2 * step, 2 * step + 2);
      });
      check(
        model,
        data.map((values) => ({ data: values, shape: [2, 4, 2] })),
      );
    });
  }

  it("refuses what has none, by name", async () => {
    const x = input([5, 3]);
    const model = functional(x, op("Sparsemax", {}, plain(x)));
    model.compile({ loss: "mse" });
    await expect(
      model.trainOnBatch({ data: numbers(15, 5), shape: [1, 5, 3] }, { data: numbers(20, 7), shape: [1, 5, 4] }),
    ).rejects.toThrow(/Sparsemax.*a step in JavaScript has no gradient/);
  });
});
