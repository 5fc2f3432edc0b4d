import { describe, expect, it } from "vitest";
import { dense, draft, functional, globalMaxPooling1D, input, sequential, simpleRNN } from "../../src/api/build.ts";
import { Trainer } from "../../src/training/trainer.ts";

/** A model's gradients by the name of the weight. */
function gradients(model: { inference: never }, x: never, y: never) {
  const trainer = new Trainer(model.inference, { loss: "mse", optimizer: "sgd", build: "simd" });
  return trainer.gradients(x, y).map(({ parameter, data }) => [`${parameter.layer.name} ${parameter.name}`, [...data]]);
}

describe("the gradient of equal values, as TensorFlow gives it", () => {
  it("goes to the first input of Maximum and Minimum", () => {
    for (const name of ["Maximum", "Minimum"]) {
      const x = input([2]);
      const [a, b] = ["a", "b"].map((own) => dense(1, { name: own, useBias: false, kernelInitializer: "zeros" })(x));
      const model = functional(x, draft(name, {})([a!, b!]), { build: "simd" });
      const found = Object.fromEntries(gradients(model as never, [[1, 2]] as never, [[1]] as never));
      expect(found).toEqual({ "a kernel": [-2, -4], "b kernel": [0, 0] });
    }
  });

  it("is shared by the greatest steps of GlobalMaxPooling1D", () => {
    const layers = [
      input([3, 1]),
      simpleRNN(1, {
        returnSequences: true,
        activation: "linear",
        kernelInitializer: "ones",
        recurrentInitializer: "zeros",
      }),
      globalMaxPooling1D(),
    ];
    const model = sequential(layers, { build: "simd" });
    // Steps 0 and 2 are the greatest; step 0 has no step before, step 2 follows 1.
    const found = Object.fromEntries(gradients(model as never, [[[3], [1], [3]]] as never, [[2]] as never));
    expect(found["simple_rnn kernel"]).toEqual([2 * (1.5 + 1.5)]);
    expect(found["simple_rnn recurrentKernel"]).toEqual([1]);
  });

  // Masked and padded steps make exact zeros. Slopes of keras.activations in Keras 3.15.1 on TensorFlow 2.21.
  it.each([
    ["relu", 0],
    ["elu", 1],
    ["selu", 1.0507],
    ["celu", 2],
    ["relu6", 0],
    ["hard_sigmoid", 0.16667],
    ["hard_tanh", 1],
    ["hard_silu", 0.5],
    ["gelu", 0.5],
    ["softplus", 0.5],
    ["silu", 0.5],
    ["mish", 0.6],
    ["softsign", 1],
    ["tanh_shrink", 0],
    ["soft_shrink", 0],
    ["hard_shrink", 0],
    ["sparse_plus", 0.5],
    ["squareplus", 0.5],
    ["log_sigmoid", 0.5],
    ["sparse_sigmoid", 0.5],
  ])("has the slope of %s at zero", (activation, slope) => {
    const model = sequential([input([1]), dense(1, { activation, kernelInitializer: "zeros" })], { build: "simd" });
    const atZero = model.predict([[1]]).data[0] as number;
    const found = Object.fromEntries(gradients(model as never, [[1]] as never, [[atZero - 0.5]] as never));
    expect(found["dense bias"]![0]).toBeCloseTo(slope, 4);
  });
});
