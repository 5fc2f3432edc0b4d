import { describe, expect, it } from "vitest";
import {
  type Callback,
  csvLogger,
  dense,
  earlyStopping,
  input,
  modelCheckpoint,
  reduceLROnPlateau,
  sequential,
  tensorBoard,
} from "../../src/platform/training-node.ts";
import { callbackOf } from "../../src/training/callbacks/callback-config.ts";

const X = { data: Float32Array.from({ length: 16 }, (_, i) => Math.fround(i / 16)), shape: [8, 2] };
const Y = { data: Float32Array.from({ length: 8 }, (_, i) => i % 2), shape: [8, 1] };

function fit(callbacks: unknown, epochs = 2) {
  const model = sequential([input([2]), dense(1)]);
  model.compile({ loss: "mse", optimizer: "sgd" });
  return model.fit(X, Y, { epochs, callbacks: callbacks as Callback[] }).finally(() => model.dispose());
}

describe("options of callbacks", () => {
  it.each<[string, () => unknown, RegExp]>([
    ["earlyStopping", () => earlyStopping({ patince: 3 } as object), /^earlyStopping: .*`patince`.*"patience"\?/],
    [
      "reduceLROnPlateau",
      () => reduceLROnPlateau({ minLR: 1 } as object),
      /`minLR` is not known\. Did you mean "minLr"/,
    ],
    ["modelCheckpoint", () => modelCheckpoint({ filepath: "x", best: true } as object), /`best` is not known/],
    ["modelCheckpoint", () => modelCheckpoint(7 as never), /modelCheckpoint takes its options as an object/],
    ["tensorBoard", () => tensorBoard({ log_dirs: "x" } as object), /Did you mean "logDir"/],
    ["csvLogger", () => csvLogger("x.csv", { separater: ";" } as object), /Did you mean "separator"/],
    ["TerminateOnNaN by name", () => callbackOf("TerminateOnNaN", { patience: 1 }), /Known: none\./],
  ])("%s refuses one that it does not know", (_, make, message) => {
    expect(make).toThrow(message);
  });

  it("are taken in Keras' spelling", async () => {
    const seen: number[][] = [];
    const model = sequential([input([2]), dense(1)]);
    model.compile({ loss: "mse", optimizer: { className: "SGD", config: { learningRate: 5 } } });
    await model.fit(X, Y, {
      epochs: 3,
      callbacks: [
        { onEpochEnd: (_, __, run) => void seen.push([...run.trainer.weightArrays()[0]!]) },
        earlyStopping({ monitor: "loss", restore_best_weights: true, verbose: 1, patience: 9 } as object),
      ],
    });
    const [best, , last] = seen;
    expect([...(model.getWeights()[0]!.data as Float32Array)]).toEqual(best);
    expect(last).not.toEqual(best);
    model.dispose();
  });

  it.each([
    ["earlyStopping", earlyStopping({ monitor: "val_los" }), /"val_los" to monitor\. Give fit `validationData`/],
    ["earlyStopping", earlyStopping({ monitor: "los" }), /"los" to monitor\. Did you mean "loss"\? There are: loss\./],
    ["reduceLROnPlateau", reduceLROnPlateau(), /^reduceLROnPlateau: there is no value "val_loss"/],
    ["modelCheckpoint", modelCheckpoint({ save() {}, saveBestOnly: true }), /^modelCheckpoint: there is no value/],
  ])("%s says what there is to monitor", async (_, callback, message) => {
    await expect(fit([callback])).rejects.toThrow(message);
  });
});

describe("the callbacks of fit", () => {
  it("may be a single one", async () => {
    const epochs: number[] = [];
    await fit({ onEpochEnd: (epoch: number) => void epochs.push(epoch) });
    expect(epochs).toEqual([0, 1]);
  });

  it.each<[string, unknown, RegExp]>([
    ["a function", [() => {}], /takes objects with hooks.*got a function/],
    ["snake case", [{ on_epoch_end() {} }], /hook `on_epoch_end`\. Did you mean "onEpochEnd"\?/],
    [
      "a class's method",
      new (class {
        onEpochFinish() {}
      })(),
      /hook `onEpochFinish`/,
    ],
  ])("refuses %s, which nobody would call", async (_, callbacks, message) => {
    await expect(fit(callbacks)).rejects.toThrow(message);
  });
});
