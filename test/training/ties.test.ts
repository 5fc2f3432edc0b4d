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
});
