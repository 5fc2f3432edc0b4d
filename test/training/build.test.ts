import { describe, expect, it } from "vitest";
import {
  bidirectional,
  concatenate,
  dense,
  dropout,
  embedding,
  functional,
  gru,
  input,
  lstm,
  sequential,
} from "../../src/api/build.ts";

describe("models built here", () => {
  it("runs the classic post's code line for line", async () => {
    const model = sequential([
      embedding(50, 8),
      lstm(8, { dropout: 0.2, recurrentDropout: 0.2 }),
      dense(1, { activation: "sigmoid" }),
    ]);
    model.compile({ loss: "binary_crossentropy", optimizer: "adam", metrics: ["accuracy"] });
    const samples = 64;
    const x = { data: Int32Array.from({ length: samples * 12 }, (_, i) => (i * 7919) % 50), shape: [samples, 12] };
    // The label is whether the first token is below 25.
    const y = {
      data: Float32Array.from({ length: samples }, (_, i) => Number(x.data[i * 12]! < 25)),
      shape: [samples],
    };
    const { history, notes } = await model.fit(x, y, { batch_size: 16, nb_epoch: 12, validation_data: [x, y] });
    expect(Object.keys(history)).toEqual(["loss", "accuracy", "val_loss", "val_accuracy"]);
    expect(notes).toHaveLength(3);
    expect(history["loss"]!.at(-1)).toBeLessThan(history["loss"]![0]!);
    const { loss, accuracy } = await model.evaluate(x, y);
    expect(loss).toBeCloseTo(history["val_loss"]!.at(-1)!, 5);
    expect(accuracy).toBeCloseTo(history["val_accuracy"]!.at(-1)!, 6);
    expect(model.predict(x).shape).toEqual([samples, 1]);
    model.dispose();
  });

  it("builds graphs with shared layers, states and several inputs", async () => {
    const [a, b] = [input([6, 3]), input([4, 3])];
    const [, h] = gru(5, { returnState: true })(a);
    const y = gru(5, { returnSequences: true })(b, { initialState: h! });
    const both = bidirectional(lstm(4))(concatenate()([y, y]));
    const model = functional([a, b], dense(2)(dropout(0.5)(both)));
    model.compile({ optimizer: "sgd", loss: "mse" });
    const x = [
      { data: new Float32Array(2 * 18).fill(0.5), shape: [2, 6, 3] },
      { data: new Float32Array(2 * 12).fill(0.1), shape: [2, 4, 3] },
    ];
    const logs = await model.trainOnBatch(x, { data: new Float32Array(4), shape: [2, 2] });
    expect(logs["loss"]).toBeGreaterThan(0);
    model.dispose();
  });
});
