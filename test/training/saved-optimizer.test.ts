import { describe, expect, it } from "vitest";
import { loadModel } from "../../src/platform/node.ts";
import {
  dense,
  embedding,
  input,
  losses,
  lstm,
  metrics,
  optimizers,
  schedules,
  sequential,
} from "../../src/platform/training-node.ts";

const x = { data: Int32Array.from({ length: 16 * 5 }, (_, i) => (i * 31) % 20), shape: [16, 5] };
const y = { data: Float32Array.from({ length: 16 }, (_, i) => i % 2), shape: [16, 1] };
const options = { batchSize: 4, shuffle: false };
const bits = (weights: readonly { data: unknown }[]) => weights.map(({ data }) => [...(data as Float32Array)]);

const OPTIMIZERS: readonly unknown[] = [
  "adam",
  { className: "SGD", config: { learningRate: 0.05, momentum: 0.9 } },
  "rmsprop",
  { className: "AdamW", config: { beta1: 0.8, amsgrad: true } },
  "nadam",
  { className: "Adafactor", config: { learningRate: 0.05, beta2Decay: -0.7 } },
  "lamb",
  { className: "Muon", config: { learningRate: 0.02, adamBeta1: 0.8 } },
  "schedule_free_adam_w",
];

describe("a .keras file of a trained model", () => {
  for (const optimizer of OPTIMIZERS) {
    it(`holds the optimizer's state: ${JSON.stringify(optimizer)}`, async () => {
      const compile = { optimizer, loss: "binary_crossentropy", metrics: ["accuracy"], build: "simd" } as const;
      const layers = [embedding(20, 4, { inputLength: 5 }), lstm(3), dense(1, { activation: "sigmoid" })];
      const model = sequential(layers, { build: "simd" });
      model.compile(compile);
      await model.fit(x, y, { ...options, epochs: 2 });
      const { files } = await model.export("keras");
      const loaded = await loadModel(files[".keras"]!, { build: "simd" });
      expect(loaded.origin.trainingConfig).toMatchObject({ loss: "binary_crossentropy", metrics: ["accuracy"] });
      loaded.compile(compile);
      const fresh = await loadModel((await model.export("keras")).files[".keras"]!, { build: "simd" });
      fresh.compile({ ...compile, optimizer: "adagrad" });
      for (const each of [model, loaded, fresh]) await each.fit(x, y, options);
      expect(bits(loaded.getWeights())).toEqual(bits(model.getWeights()));
      // Another optimizer starts anew.
      expect(bits(fresh.getWeights())).not.toEqual(bits(model.getWeights()));
    });
  }
});

describe("a state of which a part is asked for", () => {
  const compile = { optimizer: "adam", loss: "binary_crossentropy", build: "simd" } as const;
  async function trained() {
    const layers = [embedding(20, 4, { inputLength: 5 }), lstm(3), dense(1, { activation: "sigmoid" })];
    const model = sequential(layers, { build: "simd" });
    model.compile(compile);
    expect((await model.fit(x, y, options)).notes).toEqual([]);
    return { model, bytes: (await model.export("keras")).files[".keras"]! };
  }

  it("is left out with a note if the optimizer has other options", async () => {
    const { bytes } = await trained();
    const loaded = await loadModel(bytes, { build: "simd" });
    loaded.compile({ ...compile, optimizer: { className: "Adam", config: { amsgrad: true } } });
    const { notes } = await loaded.fit(x, y, options);
    expect(notes).toEqual([
      expect.stringMatching(
        /^The file's optimizer state is left out, and Adam starts afresh\. .* no slot "velocity_hat"/,
      ),
    ]);
  });

  it("goes on for the layers that still train", async () => {
    const { model, bytes } = await trained();
    const loaded = await loadModel(bytes, { build: "simd" });
    loaded.layers.find(({ className }) => className === "LSTM")!.trainable = false;
    await loaded.compile(compile);
    const all = new Map(model.optimizer.getWeights().map(({ name, data }) => [name, data]));
    const kept = loaded.optimizer.getWeights();
    expect(kept).toHaveLength(2 + 2 * 3);
    for (const { name, data } of kept) expect(data, name).toEqual(all.get(name));
    expect(loaded.optimizer.notes).toEqual([]);
  });

  it("starts afresh, with a note, for layers that did not train before", async () => {
    const { model } = await trained();
    model.layers.find(({ className }) => className === "LSTM")!.trainable = false;
    model.compile(compile);
    await model.fit(x, y, options);
    const loaded = await loadModel((await model.export("keras")).files[".keras"]!, { build: "simd" });
    loaded.layers.find(({ className }) => className === "LSTM")!.trainable = true;
    await loaded.compile(compile);
    expect(loaded.optimizer.iterations).toBe(4);
    expect(loaded.optimizer.notes).toEqual([expect.stringMatching(/kernel, .*recurrentKernel, .*bias start afresh/)]);
  });

  it("keeps the learning rate that was compiled, and takes the file's if nothing was", async () => {
    const { model, bytes } = await trained();
    model.optimizer.learningRate = 0.25;
    const low = await loadModel(bytes, { build: "simd" });
    await low.compile({ ...compile, optimizer: { className: "Adam", config: { learningRate: 1e-5 } } });
    expect(low.optimizer.learningRate).toBe(Math.fround(1e-5));
    const own = await loadModel((await model.export("keras")).files[".keras"]!, { build: "simd" });
    await own.trainOnBatch(x, y);
    expect(own.optimizer.learningRate).toBe(0.25);
  });
});

/** The greatest distance of two lists of weights. */
function distance(a: number[][], b: number[][]): number {
  return Math.max(...a.flatMap((array, i) => array.map((value, k) => Math.abs(value - b[i]![k]!))));
}

describe("the optimizer's state in other formats", () => {
  const layers = () => [embedding(20, 4, { inputLength: 5 }), lstm(3), dense(1, { activation: "sigmoid" })];
  for (const optimizer of OPTIMIZERS) {
    const compile = { optimizer, loss: "binary_crossentropy", metrics: ["accuracy"], build: "simd" } as const;

    it(`goes on to the same bits from our own format: ${JSON.stringify(optimizer)}`, async () => {
      const model = sequential(layers(), { build: "simd" });
      model.compile(compile);
      await model.fit(x, y, { ...options, epochs: 2 });
      const { "model.json": json, ...weights } = (await model.export("rnn-wasm")).files;
      expect(Object.keys(weights)).toEqual(["weights.safetensors", "optimizer.safetensors"]);
      const loaded = await loadModel({ json: json!, weights }, { build: "simd" });
      expect(loaded.origin.trainingConfig).toMatchObject({ loss: "binary_crossentropy" });
      loaded.compile(compile);
      // Who predicts alone leaves the state out.
      const bare = await loadModel({ json: json!, weights: weights["weights.safetensors"]! }, { build: "simd" });
      expect(bare.predict(x)).toEqual(model.predict(x));
      for (const each of [model, loaded]) await each.fit(x, y, options);
      expect(bits(loaded.getWeights())).toEqual(bits(model.getWeights()));
      const lean = await model.export("rnn-wasm", { includeOptimizer: false });
      expect(Object.keys(lean.files)).toEqual(["model.json", "weights.safetensors"]);
    });

    it(`goes on to the same bits from .h5: ${JSON.stringify(optimizer)}`, async () => {
      const model = sequential(layers(), { build: "simd" });
      model.compile(compile);
      await model.fit(x, y, { ...options, epochs: 4 });
      const { files } = await model.export("h5");
      const loaded = await loadModel(files[".h5"]!, { build: "simd" });
      const lean = await model.export("h5", { includeOptimizer: false });
      const fresh = await loadModel(lean.files[".h5"]!, { build: "simd" });
      expect(loaded.origin.optimizerWeights![0]).toMatchObject({ shape: [], data: Float32Array.of(16) });
      for (const each of [loaded, fresh]) each.compile(compile);
      for (const each of [model, loaded, fresh]) await each.fit(x, y, options);
      const want = bits(model.getWeights());
      expect(bits(loaded.getWeights())).toEqual(want);
      expect(distance(bits(fresh.getWeights()), want)).toBeGreaterThan(1e-3);
    });
  }
});

describe("a compile config that Keras reads", () => {
  it("says where the classes of losses, metrics and schedules are, and leaves out functions", async () => {
    const model = sequential([input([3]), dense(2)], { name: "told" });
    const own = (_: unknown, predicted: { data: ArrayLike<number> }) => predicted.data[0]!;
    model.compile({
      loss: losses.Huber(0.7),
      metrics: [metrics.AUC({ numThresholds: 5 }), "mae", own],
      weightedMetrics: [metrics.MeanSquaredError({ name: "w" })],
      optimizer: optimizers.SGD(schedules.ExponentialDecay(0.1, 5, 0.9)),
    });
    await model.trainOnBatch([[1, 2, 3]], [[0, 1]]);
    const { files } = await model.export("keras");
    const { origin } = await loadModel(files[".keras"]!);
    const { loss, metrics: written, weighted_metrics, optimizer } = origin.trainingConfig as Record<string, unknown>;
    const registered_name = null;
    expect(loss).toEqual({ module: "keras.losses", registered_name, class_name: "Huber", config: { delta: 0.7 } });
    const auc = { module: "keras.metrics", registered_name, class_name: "AUC", config: { num_thresholds: 5 } };
    expect(written).toEqual([auc, "mae"]);
    expect(weighted_metrics).toMatchObject([{ module: "keras.metrics", class_name: "MeanSquaredError" }]);
    expect(optimizer).toMatchObject({ config: { learning_rate: { module: "keras.optimizers.schedules" } } });
    model.dispose();
  });
});
