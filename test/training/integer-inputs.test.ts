import { describe, expect, it } from "vitest";
import { dense, draft, functional, input } from "../../src/api/build.ts";
import { Trainer } from "../../src/training/trainer.ts";

describe("whole numbers as inputs of layers that multiply by weights", () => {
  const numbers = Array.from({ length: 2 * 3 * 4 }, (_, i) => ((i * 7) % 11) - 4);

  it.each(["Dense", "LSTM", "GRU", "SimpleRNN"])("%s trains on them as on floats", (name) => {
    const gradients = (dtype: "int32" | "float32") => {
      const x = input([3, 4], { dtype });
      const y = dense(1, { kernelInitializer: "ones" })(draft(name, { units: 2, kernelInitializer: "ones" })(x));
      const model = functional(x, y, { build: "simd" });
      const weights = model
        .getWeights()
        .map(({ data, shape }) => ({ data: new Float32Array(data.length).fill(0.1), shape }));
      model.setWeights(weights);
      const trainer = new Trainer(model.inference, { loss: "mse", optimizer: "sgd", build: "simd" });
      const data = dtype === "int32" ? Int32Array.from(numbers) : Float32Array.from(numbers);
      const target = new Float32Array(name === "Dense" ? 6 : 2).fill(1);
      const targets = { data: target, shape: name === "Dense" ? [2, 3, 1] : [2, 1] };
      return trainer.gradients({ data, shape: [2, 3, 4] }, targets).map((one) => [...one.data]);
    };
    expect(gradients("int32")).toEqual(gradients("float32"));
  });
});
