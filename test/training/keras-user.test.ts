import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadModel } from "../../src/platform/node.ts";
import {
  backupAndRestore,
  Callback,
  constraints,
  dense,
  EarlyStopping,
  functional,
  initializers,
  input,
  type Logs,
  lstm,
  optimizers,
  regularizers,
  schedules,
  sequential,
  timeDistributed,
} from "../../src/platform/training-node.ts";
import { small, tensor, weightNumbers, X, Y } from "../support/small-model.ts";

describe("a compiled model, as in Keras", () => {
  it("has an optimizer whose rate is read and set", async () => {
    const model = small();
    model.compile({ loss: "mse", metrics: ["mae"], optimizer: optimizers.Adam({ learning_rate: 0.25 }) });
    expect(model.optimizer.learningRate).toBe(0.25);
    model.optimizer.learningRate = 0;
    const before = weightNumbers(model);
    await model.fit(X, Y, { batchSize: 8 });
    expect(weightNumbers(model)).toEqual(before);
    expect(model.optimizer.iterations).toBe(2);
    expect(model.metricsNames).toEqual(["loss", "mae"]);
    expect(Object.keys(model.history!.history)).toEqual(["loss", "mae"]);
    const kept = model.optimizer.getWeights();
    model.optimizer.setWeights(kept);
    expect(model.optimizer.getWeights()).toEqual(kept);
  });

  it("tells unknown names to who waits for compile, and to the first call that trains", async () => {
    const model = small();
    await expect(model.compile({ loss: "mse", optimizer: "adm" })).rejects.toThrow(/Did you mean "adam"/);
    model.compile({ loss: "msq" });
    await expect(model.fit(X, Y)).rejects.toThrow(/"msq" is not known\. Did you mean "mse"/);
    await expect(model.compile({ loss: "mse", metrics: ["acuracy"] })).rejects.toThrow(/Did you mean "accuracy"/);
    await expect(model.compile({ loss: () => 0 })).rejects.toThrow(/cannot be a function/);
  });

  it("needs no compile where its file says how it was compiled", async () => {
    const folder = await mkdtemp(join(tmpdir(), "rnn-wasm-"));
    const model = small();
    model.compile({ loss: "mse", optimizer: "adam", metrics: ["mae"], build: "simd" });
    await model.fit(X, Y);
    for (const name of ["model.keras", "model.h5"]) {
      await model.save(join(folder, name));
      const loaded = await loadModel(join(folder, name));
      expect((await loaded.evaluate(X, Y))["loss"]).toBe((await model.evaluate(X, Y))["loss"]);
      await loaded.fit(X, Y);
    }
  });

  it("refuses options that it does not know, and takes Keras' spellings", async () => {
    const model = small();
    model.compile({ loss: "mse" });
    await expect(model.evaluate(X, Y, { batchsize: 4 })).rejects.toThrow(/Did you mean "batchSize"/);
    await expect(model.evaluate(X, Y, { batchSize: -1 })).rejects.toThrow(/must be a whole number ≥ 1; got -1/);
    await expect(model.trainOnBatch(X, Y, { classweight: {} } as object)).rejects.toThrow(/"classWeight"/);
    const { notes } = await model.fit(X, Y, {
      batch_size: 8,
      nb_epoch: 1,
      use_multiprocessing: false,
      callbacks: null,
    });
    expect(notes).toEqual([
      "`batch_size` is called `batchSize` here.",
      "`nb_epoch` is called `epochs` here.",
      "`use_multiprocessing` has no effect here.",
    ]);
  });
});

describe("layers of a trained model", () => {
  it("have the trained weights, and take others", async () => {
    const model = small();
    model.compile({ loss: "mse", optimizer: "adam" });
    const layer = model.getLayer("dense");
    const before = layer.getWeights()[0]!.data;
    await model.trainOnBatch(X, Y);
    expect(layer.getWeights()[0]!.data).not.toEqual(before);
    layer.setWeights([
      { data: new Float32Array(4), shape: [4, 1] },
      { data: Float32Array.of(0.5), shape: [1] },
    ]);
    expect(model.predict(X).data[0]).toBe(0.5);
    const { loss } = await model.testOnBatch(X, Y);
    expect(loss).toBeCloseTo(Y.data.reduce((sum, y) => sum + (y - 0.5) ** 2, 0) / 16, 6);
  });

  it("leave out a Sequential's input, and freeze one by one or all", async () => {
    const model = small();
    expect(model.layers.map(({ className }) => className)).toEqual(["LSTM", "Dense"]);
    model.layers[0]!.trainable = false;
    model.compile({ loss: "mse" });
    const [frozen, free] = [weightNumbers(model, 0), weightNumbers(model, 3)];
    await model.fit(X, Y);
    expect(weightNumbers(model, 0)).toEqual(frozen);
    expect(weightNumbers(model, 3)).not.toEqual(free);
    model.trainable = false;
    model.compile({ loss: "mse" });
    const all = weightNumbers(model, 3);
    await model.fit(X, Y);
    expect(weightNumbers(model, 3)).toEqual(all);
  });

  it("are shared by all models that hold them", async () => {
    const [source, target] = [input([null, 3]), input([null, 2])];
    const [encode, decode, top] = [
      lstm(5, { returnState: true }),
      lstm(5, { returnSequences: true, returnState: true }),
      dense(2),
    ];
    const [, h, c] = encode(source);
    const [steps] = decode(target, { initialState: [h!, c!] });
    const model = functional([source, target], top(steps!), { build: "simd" });
    const encoder = functional({ inputs: source, outputs: [h!, c!], build: "simd" });
    const states = [input([5]), input([5])] as const;
    const [next] = decode(target, { initialState: states });
    const decoder = functional([target, ...states], top(next!), { build: "simd" });
    const z = tensor([16, 4, 2], 5);
    const before = encoder.predict(X)[0]!.data[0];
    model.compile({ loss: "mse", optimizer: "adam" });
    await model.fit([X, z], z, { epochs: 2 });
    const [h1, c1] = encoder.predict(X);
    expect(h1!.data[0]).not.toBe(before);
    expect(decoder.predict([z, h1!, c1!])).toEqual(model.predict([X, z]));
  });

  it("may be models: called, listed, wrapped, loaded", async () => {
    const inner = sequential([input([5, 3]), lstm(4)], { name: "inner" });
    const [a, b] = [input([5, 3]), input([5, 3])];
    const twice = functional([a, b], dense(1)([inner(a), inner(b)].at(-1)!), { name: "outer" });
    twice.compile({ loss: "mse" });
    const before = weightNumbers(inner);
    await expect(twice.fit([X, X], Y)).resolves.toBeDefined();
    expect(weightNumbers(inner)).not.toEqual(before);
    const listed = sequential([inner, dense(1)]);
    expect(listed.predict(X).shape).toEqual([16, 1]);
    const step = sequential([input([3]), dense(2)]);
    const wrapped = sequential([input([5, 3]), timeDistributed(step), lstm(2)]);
    expect(weightNumbers(wrapped)).toEqual(weightNumbers(step));
    const folder = await mkdtemp(join(tmpdir(), "rnn-wasm-"));
    await listed.save(join(folder, "listed.keras"));
    const base = await loadModel(join(folder, "listed.keras"));
    expect(base.predict(X)).toEqual(listed.predict(X));
    base.trainable = false;
    const tuned = sequential([base, dense(1)]);
    tuned.compile({ loss: "mse", optimizer: "adam" });
    const kept = weightNumbers(base);
    await tuned.fit(X, Y);
    expect(weightNumbers(base)).toEqual(kept);
  });
});

describe("callbacks of fit", () => {
  it("may be classes that know the model, and stop it", async () => {
    const model = small();
    model.compile({ loss: "mse", optimizer: "sgd" });
    const called: string[] = [];
    class Watch extends Callback {
      override onTrainBatchEnd(batch: number, logs: Logs) {
        called.push(`batch ${batch} ${typeof logs["loss"]}`);
      }
      override onTestEnd() {
        called.push("test");
      }
      override onEpochEnd(epoch: number) {
        called.push(`epoch ${epoch} of ${this.params!.epochs}`);
        this.model!.stopTraining = true;
      }
    }
    const { epoch, stopped } = await model.fit(X, Y, { epochs: 3, validationData: [X, Y], callbacks: [new Watch()] });
    expect([epoch, stopped]).toEqual([[0], "callback"]);
    expect(called).toEqual(["batch 0 number", "test", "epoch 0 of 3"]);
  });

  it("are taken as Keras serialises them, and by new", async () => {
    const model = small();
    model.compile({ loss: "mse", optimizer: optimizers.SGD(0) });
    const stops = { class_name: "EarlyStopping", config: { monitor: "loss", patience: 1 } };
    expect((await model.fit(X, Y, { epochs: 9, callbacks: [stops] })).epoch).toHaveLength(2);
    const made = new EarlyStopping({ monitor: "loss", patience: 2 });
    expect((await model.fit(X, Y, { epochs: 9, callbacks: [made] })).epoch).toHaveLength(3);
  });

  it("keep a backup from which the next fit goes on", async () => {
    const folder = await mkdtemp(join(tmpdir(), "rnn-wasm-"));
    const compiled = () => {
      const model = small();
      model.compile({ loss: "mse", optimizer: "adam", build: "simd" });
      return model;
    };
    const [whole, broken, rest] = [compiled(), compiled(), compiled()];
    await whole.fit(X, Y, { batchSize: 4, epochs: 4 });
    const fails = {
      onEpochEnd(epoch: number) {
        if (epoch === 2) throw new Error("power cut");
      },
    };
    const options = { batchSize: 4, epochs: 4 };
    const backup = () => backupAndRestore(folder, { saveFreq: 3 });
    await expect(broken.fit(X, Y, { ...options, callbacks: [backup(), fails] })).rejects.toThrow("power cut");
    const { epoch } = await rest.fit(X, Y, { ...options, callbacks: [backup()] });
    expect(epoch).toEqual([2, 3]);
    expect(weightNumbers(rest)).toEqual(weightNumbers(whole));
    expect((await rest.fit(X, Y, { ...options, callbacks: [backup()] })).epoch).toEqual([0, 1, 2, 3]);
  });
});

describe("Keras' objects by name", () => {
  it("take what Keras takes by place, with and without new", () => {
    expect(optimizers.SGD(0.1, 0.9)).toEqual({ className: "SGD", config: { learningRate: 0.1, momentum: 0.9 } });
    expect(new optimizers.Adam({ clipnorm: 1 })).toEqual({ className: "Adam", config: { clipnorm: 1 } });
    expect(() => optimizers.SGD(1, 2, true, 4)).toThrow(/SGD takes learningRate, momentum, nesterov and options/);
  });

  it("are taken by layers and compile", async () => {
    const model = sequential([
      input([5, 3]),
      lstm(4, { kernelRegularizer: regularizers.L2(0.1), recurrentInitializer: initializers.Orthogonal(0.5) }),
      dense(1, { kernelConstraint: constraints.MaxNorm(0.1), kernelInitializer: initializers.Constant(2) }),
    ]);
    expect(weightNumbers(model, 3)).toEqual([2, 2, 2, 2]);
    const rate = schedules.PiecewiseConstantDecay([1], [0.5, 0.25]);
    model.compile({ loss: "mse", optimizer: optimizers.SGD(rate) });
    await model.fit(X, Y, { batchSize: 8, epochs: 2 });
    expect(model.optimizer.learningRate).toBe(0.25);
    expect(Math.hypot(...weightNumbers(model, 3))).toBeLessThanOrEqual(0.1 + 1e-6);
  });
});
