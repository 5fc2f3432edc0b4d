import { describe, expect, it } from "vitest";
import { dense, dropout, embedding, gru, input, lstm, sequential } from "../../src/api/build.ts";
import { earlyStopping, terminateOnNaN } from "../../src/training/callbacks/callbacks.ts";
import { filledPath, modelCheckpoint } from "../../src/training/callbacks/model-checkpoint.ts";

const SAMPLES = 40;
const x = { data: Int32Array.from({ length: SAMPLES * 7 }, (_, i) => (i * 31) % 20), shape: [SAMPLES, 7] };
const y = { data: Float32Array.from({ length: SAMPLES }, (_, i) => i % 2), shape: [SAMPLES] };

function build(seed = 3) {
  const layers = [
    embedding(20, 6),
    lstm(5, { dropout: 0.3, recurrentDropout: 0.3 }),
    dropout(0.2),
    dense(1, { activation: "sigmoid" }),
  ];
  const model = sequential(layers, { seed, build: "simd" });
  model.compile({ optimizer: "adam", loss: "binary_crossentropy", metrics: ["accuracy"], seed });
  return model;
}

const bits = (model: ReturnType<typeof build>) => model.getWeights().map(({ data }) => [...(data as Float32Array)]);

describe("fit", () => {
  it("gives the same bits for the same seed, and others for another", async () => {
    const [a, b, c] = [build(), build(), build()];
    for (const [model, seed] of [
      [a, 1],
      [b, 1],
      [c, 2],
    ] as const) {
      await model.fit(x, y, { batchSize: 8, epochs: 2, seed });
    }
    expect(bits(a)).toEqual(bits(b));
    expect(bits(a)).not.toEqual(bits(c));
  });

  it("continues from a checkpoint in the middle of an epoch, bit for bit", async () => {
    const whole = build();
    let kept: Uint8Array | undefined;
    const checkpoint = modelCheckpoint({
      everyBatches: 3,
      save: (bytes, { epoch }) => {
        if (epoch === 1) kept ??= bytes.slice();
      },
    });
    await whole.fit(x, y, { batchSize: 8, epochs: 3, callbacks: [checkpoint] });
    const resumed = build(99);
    resumed.compile({ optimizer: "adam", loss: "binary_crossentropy", metrics: ["accuracy"], seed: 3 });
    await resumed.fit(x, y, { batchSize: 8, epochs: 3, resume: kept! });
    expect(bits(resumed)).toEqual(bits(whole));
  });

  it("weighs no sample of the validation split by its class", async () => {
    const model = build();
    const options = { batchSize: 8, epochs: 1, validationSplit: 0.25, classWeight: { 0: 1, 1: 5 } };
    const { history } = await model.fit(x, y, options);
    const held = { data: y.data.subarray(30), shape: [10] };
    const logs = await model.evaluate({ data: x.data.subarray(30 * 7), shape: [10, 7] }, held, { batchSize: 8 });
    expect(history["val_loss"]![0]).toBe(logs["loss"]);
  });

  it("refuses to cut batches whose loss is a mean over unmasked steps", async () => {
    const layers = [embedding(20, 4, { maskZero: true }), gru(3, { returnSequences: true }), dense(1)];
    const model = sequential(layers, { build: "simd" });
    model.compile({ loss: "mse" });
    const steps = { data: new Float32Array(SAMPLES * 7), shape: [SAMPLES, 7, 1] };
    await expect(model.fit(x, steps, { shards: 2 })).rejects.toThrow(/mse leaves masked timesteps out of its mean/);
  });

  it("refuses a checkpoint of another data order or model", async () => {
    const model = build();
    let kept: Uint8Array | undefined;
    const save = (bytes: Uint8Array) => {
      kept = bytes.slice();
    };
    await model.fit(x, y, { batchSize: 8, epochs: 1, callbacks: [modelCheckpoint({ save })] });
    await expect(build().fit(x, y, { batchSize: 4, epochs: 2, resume: kept! })).rejects.toThrow(/its data is/);
    const other = sequential([embedding(20, 6), gru(5), dense(1)], { build: "simd" });
    other.compile({ optimizer: "adam", loss: "mse", seed: 3 });
    await expect(other.fit(x, y, { batchSize: 8, epochs: 2, resume: kept! })).rejects.toThrow(/its model is/);
  });

  it("hands the trained weights to predict, also after callbacks have restored them", async () => {
    const model = build();
    model.predict(x);
    const { history, stopped } = await model.fit(x, y, {
      batchSize: 8,
      epochs: 20,
      validationData: [x, y],
      callbacks: [earlyStopping({ monitor: "val_loss", patience: 1, minDelta: 1, restoreBestWeights: true })],
    });
    expect(stopped).toBe("callback");
    const p = model.predict(x);
    let loss = 0;
    for (let i = 0; i < SAMPLES; i++)
      loss -= Math.log(y.data[i] === 1 ? (p.data[i]! as number) : 1 - (p.data[i]! as number));
    expect(loss / SAMPLES).toBeCloseTo(history["val_loss"]![0]!, 4);
  });

  it("stops at a batch border when its signal aborts, and keeps what was learned", async () => {
    const model = build();
    const controller = new AbortController();
    const before = bits(model);
    const { stopped, epoch } = await model.fit(x, y, {
      batchSize: 8,
      epochs: 5,
      signal: controller.signal,
      callbacks: [{ onBatchEnd: (batch) => (batch === 1 ? controller.abort() : undefined) }],
    });
    expect(stopped).toBe("aborted");
    expect(epoch).toEqual([]);
    expect(bits(model)).not.toEqual(before);
  });

  it("lets the event loop run between batches, so that a timer can abort it", async () => {
    const model = build();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 30);
    const { stopped } = await model.fit(x, y, { batchSize: 8, epochs: 2000, signal: controller.signal });
    expect(stopped).toBe("aborted");
  });

  it("takes generators of batches", async () => {
    const model = build();
    function* batches() {
      for (let i = 0; i < 3; i++) {
        yield [
          { data: x.data.subarray(0, 70), shape: [10, 7] },
          { data: y.data.subarray(0, 10), shape: [10] },
        ];
      }
    }
    const { history } = await model.fit(batches, undefined, { epochs: 2 });
    expect(history["loss"]).toHaveLength(2);
  });

  it("resumes a function of the epoch bit for bit, and refuses batches that came in another order", async () => {
    const batch = (i: number) => [
      { data: x.data.subarray(i * 70, i * 70 + 70), shape: [10, 7] },
      { data: y.data.subarray(i * 10, i * 10 + 10), shape: [10] },
    ];
    const ordered = (epoch: number) => [0, 1, 2, 3].map((i) => batch((i + epoch) % 4));
    const kept = new Map<string, Uint8Array>();
    const save = (bytes: Uint8Array, { epoch }: { epoch: number }) => {
      kept.set(`${epoch} ${kept.size}`, bytes.slice());
    };
    const whole = build();
    await whole.fit(ordered, undefined, { epochs: 3, callbacks: [modelCheckpoint({ everyBatches: 2, save })] });
    expect([...kept.keys()]).toEqual(["0 0", "0 1", "0 2", "1 3", "1 4", "1 5", "2 6", "2 7", "2 8"]);
    for (const at of ["0 0", "0 1", "0 2", "1 3", "1 4", "1 5"]) {
      const resumed = build();
      await resumed.fit(ordered, undefined, { epochs: 3, resume: kept.get(at)! });
      expect(bits(resumed), at).toEqual(bits(whole));
    }
    const others: [string, (epoch: number) => unknown[], RegExp][] = [
      ["1 3", (epoch) => ordered(epoch).reverse(), /another order \(the first 2 batches of epoch 2 are others\)/],
      ["1 4", (epoch) => ordered(epoch).reverse(), /the first 4 batches of epoch 2/],
      ["1 4", (epoch) => ordered(epoch).slice(0, 3), /the first 4 batches of epoch 2/],
      ["1 5", () => ordered(0), /the first batch of epoch 2 are others\).*a function of the epoch/],
    ];
    for (const [at, batches, message] of others) {
      const resumed = build();
      await expect(resumed.fit(batches, undefined, { epochs: 3, resume: kept.get(at)! })).rejects.toThrow(message);
    }
  });

  it("lets the event loop run while it evaluates", async () => {
    const model = build();
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const many = { data: new Int32Array(7 * 120_000), shape: [120_000, 7] };
    await model.evaluate(many, { data: new Float32Array(120_000), shape: [120_000] }, { batchSize: 64 });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(1);
  });

  it("reports divergence and leaves the weights as they were", async () => {
    const model = sequential([input([3, 1]), gru(2), dense(1)], { build: "simd" });
    model.compile({ optimizer: "sgd", loss: "mse" });
    const bad = { data: Float32Array.of(1, Number.NaN, 0), shape: [1, 3, 1] };
    const before = model.getWeights();
    await expect(model.trainOnBatch(bad, [[1]])).rejects.toThrow(/step 1: the loss is not a finite number/);
    expect(model.getWeights()).toEqual(before);
  });

  it("names the first layer whose numbers are not finite, forwards and backwards", async () => {
    const model = sequential([input([3, 1]), gru(2, { name: "memory" }), dense(1, { activation: "exponential" })]);
    model.compile({ optimizer: "sgd", loss: "mse" });
    const ones = { data: Float32Array.of(1, 1, 1), shape: [1, 3, 1] };
    await model.trainOnBatch(ones, [[1]]);
    const [w, u, b, kernel, bias] = model.getWeights();
    const huge = { data: Float32Array.of(200), shape: [1] };
    model.setWeights([w!, u!, b!, kernel!, huge]);
    const before = model.getWeights();
    await expect(model.trainOnBatch(ones, [[1]])).rejects.toThrow(
      /step 2: the loss .* first value that is not finite is the output of Dense layer "dense"/,
    );
    expect(model.getWeights()).toEqual(before);
    // A finite loss of 2e38, whose gradient overflows.
    model.setWeights([w!, u!, b!, kernel!, { data: Float32Array.of(37), shape: [1] }]);
    model.compile({ optimizer: "sgd", loss: "mse", lossWeights: 5e6 });
    await expect(model.trainOnBatch(ones, [[1]])).rejects.toThrow(/the gradient is not a finite number/);
    expect(model.getWeights().at(-1)!.data[0]).toBe(37);
    model.setWeights([w!, u!, b!, kernel!, bias!]);
    model.dispose();
  });

  it("ends instead of throwing with terminateOnNaN", async () => {
    const model = sequential([input([3, 1]), gru(2), dense(1)], { build: "simd" });
    model.compile({ optimizer: "sgd", loss: "mse" });
    const data = { data: Float32Array.of(1, 1, 1, 1, Number.NaN, 0), shape: [2, 3, 1] };
    const options = { batchSize: 1, epochs: 3, shuffle: false, callbacks: [terminateOnNaN()] };
    const { stopped, epoch } = await model.fit(data, [[1], [1]], options);
    expect(stopped).toBe("callback");
    expect(epoch).toEqual([0]);
    expect(model.getWeights().every(({ data: values }) => [...(values as Float32Array)].every(Number.isFinite))).toBe(
      true,
    );
    model.dispose();
  });

  it("fills path templates as Python does", () => {
    expect(filledPath("w-{epoch:02d}-{val_loss:.2f}.keras", { epoch: 3, val_loss: 0.4567 })).toBe("w-03-0.46.keras");
    expect(filledPath("{epoch}/{loss:.3e}", { epoch: 12, loss: 1234.56 })).toBe("12/1.235e+03");
    expect(() => filledPath("{val_acc}", { epoch: 1, loss: 2 })).toThrow(/no value "val_acc"/);
  });

  it("refuses unknown options by name", async () => {
    await expect(build().fit(x, y, { epoch: 3 })).rejects.toThrow(/`epoch` is not known/);
    expect(() => build().compile({ optimizer: "adagradd", loss: "mse" })).not.toThrow();
    const model = build();
    model.compile({ optimiser: "adam", loss: "mse" });
    await expect(model.trainOnBatch(x, y)).rejects.toThrow(/`optimiser` is not known. Did you mean "optimizer"/);
    model.compile({ optimizer: "adagradd", loss: "mse" });
    await expect(model.trainOnBatch(x, y)).rejects.toThrow(/optimizer "adagradd" is not known/);
  });
});
