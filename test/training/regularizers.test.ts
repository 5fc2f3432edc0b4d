import { describe, expect, it } from "vitest";
import { dense, embedding, input, lstm, sequential } from "../../src/api/build.ts";
import { expectClose } from "../support/close.ts";

/** What Keras 3.15.1 on TensorFlow computes: SGD(0.5), mse, train_on_batch's losses and the last weights. */
const KERAS = [
  {
    mode: "rows",
    losses: [1.0940090417861938, 0.5301609039306641, 0.34110575914382935, 0.2370103895664215],
    weights: [
      0.056674327701330185, 0.18603187799453735, 0.042852260172367096, -0.1631060242652893, -0.7455257773399353,
      -0.03620854765176773, 0.7261542677879333, 0.42469942569732666, -0.9253944754600525, -0.2918034791946411,
      0.769280195236206, 0.7033666372299194,
    ],
  },
  {
    mode: "columns",
    losses: [1.1098525524139404, 0.5742199420928955, 0.38456183671951294, 0.29319339990615845],
    weights: [
      0.1274244487285614, 0.20388025045394897, -0.0026862584054470062, -0.21936148405075073, -0.8164662718772888,
      0.1916816532611847, 0.7618494033813477, 0.45408397912979126, -0.8847177624702454, -0.11465023458003998,
      0.6636626720428467, 0.6998478770256042,
    ],
  },
];

describe("OrthogonalRegularizer", () => {
  for (const { mode, losses, weights } of KERAS) {
    it(`trains as in Keras, by ${mode}`, async () => {
      const kernelRegularizer = { className: "OrthogonalRegularizer", config: { factor: 0.3, mode } };
      const model = sequential([input([3]), dense(4, { useBias: false, kernelRegularizer })]);
      const first = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i * 1.3 + 0.2));
      model.setWeights([{ data: first, shape: [3, 4] }]);
      model.compile({ optimizer: { className: "SGD", config: { learningRate: 0.5 } }, loss: "mse" });
      const x = { data: Float32Array.from({ length: 6 }, (_, i) => Math.cos(i)), shape: [2, 3] };
      const y = { data: new Float32Array(8), shape: [2, 4] };
      for (const want of losses) {
        expectClose([(await model.trainOnBatch(x, y))["loss"]!], [want], "reduction", "loss");
      }
      expectClose(model.getWeights()[0]!.data as Float32Array, weights, "reduction", "kernel");
      model.dispose();
    });
  }

  it("is refused by name where it does not fit", async () => {
    const regularizer = (config: object) => ({ className: "OrthogonalRegularizer", config });
    const fit = (layer: ReturnType<typeof dense>) => {
      const model = sequential([embedding(5, 3), lstm(2), layer]);
      model.compile({ loss: "mse" });
      return model.fit([[1, 2]], [[0.5]]);
    };
    await expect(fit(dense(1, { biasRegularizer: regularizer({}) }))).rejects.toThrow(
      /takes a matrix of at least two rows; bias is \[1\]/,
    );
    await expect(fit(dense(1, { kernelRegularizer: regularizer({ mode: "columns" }) }))).rejects.toThrow(/two columns/);
    await expect(fit(dense(1, { kernelRegularizer: regularizer({ mode: "both" }) }))).rejects.toThrow(/mode must be/);
  });
});
