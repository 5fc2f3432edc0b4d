import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  csvLogger,
  dense,
  dropout,
  embedding,
  type FitOptions,
  functional,
  input,
  losses,
  lstm,
  metrics,
  optimizers,
  schedules,
  sequential,
} from "../../src/platform/training-node.ts";
import { small, tensor, weightNumbers, X, Y } from "../support/small-model.ts";

const classes = Array.from({ length: 16 }, (_, i) => i % 3);

/** A classifier of three classes. */
function classifier() {
  const model = small(3);
  model.compile({ loss: losses.SparseCategoricalCrossentropy({ fromLogits: true }), optimizer: "sgd" });
  return model;
}

describe("wrong data", () => {
  const refused: readonly [string, unknown, FitOptions, RegExp][] = [
    ["a label in the last batch", [...classes.slice(0, 15), 3], {}, /0 to 2; got 3.*samples 12 to 15 of x/],
    [
      "a label of the validation data",
      classes,
      { validationData: [X, [...classes.slice(0, 15), 7]] },
      /got 7.*of validationData/,
    ],
    ["a label that is held back", [...classes.slice(0, 15), 4], { validationSplit: 0.5 }, /got 4.*validationSplit/],
    ["one-hot validation data", classes, { validationData: [X, tensor([16, 3])] }, /one-hot rows belong/],
    [
      "validation data of other features",
      classes,
      { validationData: [tensor([16, 5, 2]), classes] },
      /got \[16, 5, 2\]/,
    ],
    [
      "weights that are NaN",
      classes,
      { sampleWeight: classes.map((c, i) => (i === 9 ? Number.NaN : c)) },
      /NaN \(number 9\)/,
    ],
    ["class weights by name", classes, { classWeight: "balanced" as never }, /numbers by class.*got "balanced"/],
    ["class weights that are NaN", classes, { classWeight: { 0: 1, 2: Number.NaN } }, /got NaN for the class 2/],
    ["a signal that is none", classes, { signal: true as never }, /must be an AbortSignal/],
    ["a seed that is none", classes, { seed: "x" as never }, /`seed` must be a whole number/],
    ["a seed between two", classes, { seed: 1.5 }, /`seed` must be a whole number/],
    ["a checkpoint that is none", classes, { resume: new Uint8Array(10) }, /checkpoint is damaged, or is none/],
    ["a checkpoint that is not there", classes, { resume: "nowhere.checkpoint" }, /no checkpoint nowhere\.checkpoint/],
    ["a checkpoint of another kind", classes, { resume: 7 as never }, /a checkpoint's bytes or its path; got 7/],
  ];
  it.each(refused)("is refused before anything is trained: %s", async (_, y, options, message) => {
    const model = classifier();
    const before = weightNumbers(model);
    await expect(model.fit(X, y, { batchSize: 4, shuffle: false, ...options })).rejects.toThrow(message);
    expect(weightNumbers(model)).toEqual(before);
    expect(model.optimizer.iterations).toBe(0);
    model.dispose();
  });

  it("is found in the ids of the last batch, too", async () => {
    const model = sequential([embedding(9, 2), lstm(2), dense(1)]);
    model.compile({ loss: "mse" });
    const ids = Array.from({ length: 8 }, (_, i) => [1, i === 7 ? 9 : 2]);
    const fitted = model.fit(ids, new Float32Array(8), { batchSize: 2, shuffle: false });
    await expect(fitted).rejects.toThrow(/index 9.*samples 6 to 7 of x/);
    expect(model.optimizer.iterations).toBe(0);
  });

  it("changes nothing in what is trained with right data", async () => {
    const [one, two] = [classifier(), classifier()];
    await one.fit(X, classes, { batchSize: 5, validationData: [X, classes] });
    await two.fit(X, classes, { batchSize: 5 });
    expect(weightNumbers(one)).toEqual(weightNumbers(two));
  });
});

describe("a model's life", () => {
  const until = async (batches: number, act: () => unknown) => {
    let seen = 0;
    return { onBatchEnd: () => void (++seen === batches && act()) };
  };

  it("has one fit at a time", async () => {
    const model = classifier();
    const first = model.fit(X, classes, { epochs: 3 });
    await expect(model.fit(X, classes)).rejects.toThrow(/another fit trains this model/);
    expect((await first).epoch).toEqual([0, 1, 2]);
    expect((await model.fit(X, classes)).epoch).toEqual([0]);
  });

  it("ends a fit when it is disposed of, and trains no more", async () => {
    const model = classifier();
    const stops = await until(2, () => model.dispose());
    await expect(model.fit(X, classes, { epochs: 50, callbacks: [stops] })).rejects.toThrow(
      /disposed of, or compiled anew/,
    );
    await expect(model.fit(X, classes)).rejects.toThrow(/disposed of/);
    await expect(model.evaluate(X, classes)).rejects.toThrow(/disposed of/);
  });

  it("ends a fit when it is compiled anew", async () => {
    const model = classifier();
    const stops = await until(2, () => model.compile({ loss: "mse" }));
    await expect(model.fit(X, classes, { epochs: 50, callbacks: [stops] })).rejects.toThrow(/compiled anew/);
    expect((await model.fit(X, tensor([16, 3]))).epoch).toEqual([0]);
  });
});

describe("wrong names and layers", () => {
  it("refuses layers left out of Muon by what is no pattern", async () => {
    const model = small();
    const compiled = model.compile({ loss: "mse", optimizer: optimizers.Muon({ excludeLayers: ["dense", "["] }) });
    await expect(compiled.then(() => model.fit(X, Y))).rejects.toThrow(/Muon: `excludeLayers` holds regular.*"\["/);
  });

  it("are refused where objects are made", () => {
    expect(() => optimizers.Adam({ learningrate: 1 })).toThrow(/Adam has no option `learningrate`.*"learningRate"/);
    expect(() => losses.Huber({ dleta: 1 })).toThrow(/Did you mean "delta"/);
    expect(() => metrics.AUC({ numThreshold: 5 })).toThrow(/Did you mean "numThresholds"/);
    expect(() => schedules.CosineDecay(0.1, 10, { warmupStep: 2 })).toThrow(/Did you mean "warmupSteps"/);
    expect(optimizers.Adam({ learning_rate: 0.1, beta_1: 0.8, amsgrad: true, clipnorm: 1 }).config).toHaveProperty(
      "beta_1",
    );
  });

  it("are refused where models are put together", () => {
    expect(() => sequential([input([2]), "lstm" as never])).toThrow(/A layer must be one like lstm\(32\)/);
    expect(() => functional(input([2]), dense(1) as never)).toThrow(/dense\(1\)\(x\), not dense\(1\)/);
    expect(() => dropout(1.2)).toThrow(/`rate` must be a number from 0 to 1; got 1.2/);
    expect(dropout({ rate: 0.5 }).config).toEqual({ rate: 0.5 });
  });

  it("are not those of Keras' lstm_stateful: batchSize beside inputShape", async () => {
    const model = sequential([lstm(3, { input_shape: [1, 2], batch_size: 4, stateful: true }), dense(1)]);
    expect(model.inputs[0]!.shape).toEqual([4, 1, 2]);
    model.compile({ loss: "mse" });
    await model.fit(tensor([8, 1, 2]), new Float32Array(8), { batch_size: 4, shuffle: false, show_accuracy: true });
  });
});

describe("csvLogger of a run that was killed", () => {
  it("keeps the rows before the checkpoint, each once", async () => {
    const folder = await mkdtemp(join(tmpdir(), "rnn-wasm-"));
    const path = join(folder, "log.csv");
    let kept: Uint8Array | undefined;
    const model = small();
    model.compile({ loss: "mse", build: "simd" });
    const keeps = {
      onBatchEnd(batch: number, _: unknown, run: { checkpoint(): Uint8Array }) {
        if (batch === 3) kept = run.checkpoint();
      },
    };
    await model.fit(X, Y, { batchSize: 4, epochs: 3, callbacks: [csvLogger(path), keeps] });
    const whole = await readFile(path, "utf8");
    // The row of the last epoch was written after the checkpoint, and another one in part.
    for (const log of [whole, `${whole}3,0.`]) {
      await writeFile(path, log);
      const again = small();
      again.compile({ loss: "mse", build: "simd" });
      await again.fit(X, Y, { batchSize: 4, epochs: 3, callbacks: [csvLogger(path)], resume: kept! });
      expect(await readFile(path, "utf8")).toBe(whole);
    }
  });
});
