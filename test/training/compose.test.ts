import { describe, expect, test } from "vitest";
import {
  add,
  asLayer,
  attention,
  bidirectional,
  clearSession,
  concatenate,
  conv1d,
  dense,
  dropout,
  embedding,
  flatten,
  globalMaxPooling1d,
  gru,
  gruCell,
  input,
  lstm,
  lstmCell,
  type Model,
  model,
  repeatVector,
  reshape,
  rnn,
  sequential,
  simpleRnn,
  timeDistributed,
} from "../../src/platform/node.ts";

const shapes = (net: Model) => net.getWeights().map((weight) => weight.shape.join("x"));
const ones = (...shape: number[]) => ({ data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5), shape });

describe("sequential", () => {
  test("the classic post's model: Keras' names, shapes and starting values", () => {
    clearSession();
    const net = sequential(
      [
        embedding(50, 8, { inputLength: 6 }),
        lstm(4, { dropout: 0.2, recurrentDropout: 0.2 }),
        dense(1, { activation: "sigmoid" }),
      ],
      { seed: 7 },
    );
    expect(net.name).toBe("sequential");
    expect(net.layers.map((layer) => layer.name)).toEqual(["input_layer", "embedding", "lstm", "dense"]);
    expect(shapes(net)).toEqual(["50x8", "8x16", "4x16", "16", "4x1", "1"]);
    const [table, kernel, , bias] = net.getWeights();
    expect(Math.max(...(table!.data as Float32Array))).toBeLessThanOrEqual(0.05);
    expect(Math.max(...(kernel!.data as Float32Array))).toBeLessThanOrEqual(Math.fround(Math.sqrt(6 / 24)));
    expect([...(bias!.data as Float32Array)]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(net.predict([[1, 2, 3, 4, 5, 6]]).shape).toEqual([1, 1]);
  });

  test("the same seed gives the same weights, another one others", () => {
    const weights = (seed: number) =>
      sequential([gru(3, { inputShape: [null, 2] }), dense(2)], { seed })
        .getWeights()
        .flatMap(({ data }) => [...(data as Float32Array)]);
    expect(weights(1)).toEqual(weights(1));
    expect(weights(1)).not.toEqual(weights(2));
  });

  test("without an input shape it is built from its first data; timesteps stay open", () => {
    const net = sequential();
    net.add(simpleRnn(3));
    net.add(dense(1));
    expect(() => net.getWeights()).toThrow(/does not know its input's shape/);
    expect(net.predict(ones(2, 5, 4)).shape).toEqual([2, 1]);
    expect(net.inputs[0]!.shape).toEqual([null, null, 4]);
    expect(net.predict(ones(3, 9, 4)).shape).toEqual([3, 1]);
    expect(() => net.add(dense(1))).toThrow(/has its weights already/);
  });

  test("timesteps that weights follow are fixed by the data", () => {
    const net = sequential([embedding(9, 2), flatten(), dense(1)]);
    expect(net.predict([[1, 2, 3]]).shape).toEqual([1, 1]);
    expect(net.inputs[0]!.shape).toEqual([null, 3]);
    expect(shapes(net)).toEqual(["9x2", "6x1", "1"]);
  });

  test("Keras 1's words, and given weights", () => {
    const table = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] };
    const net = sequential([
      embedding({ input_dim: 2, output_dim: 2, inputLength: 3, weights: [table], trainable: false }),
      lstm({ outputDim: 3, dropout_W: 0.2, dropoutU: 0.2, innerActivation: "hardSigmoid", return_sequences: true }),
      dropout({ p: 0.5 }),
      lstm({ units: 2, goBackwards: true }),
    ]);
    expect([...(net.getWeights()[0]!.data as Float32Array)]).toEqual([1, 2, 3, 4]);
    expect(net.layers[2]!.config).toEqual({
      units: 3,
      dropout: 0.2,
      recurrentDropout: 0.2,
      recurrentActivation: "hard_sigmoid",
      returnSequences: true,
    });
    expect(net.layers[1]!.trainable).toBe(false);
  });

  test("refuses unknown options and classes by name", () => {
    expect(() => lstm(4, { returnSequence: true })).toThrow(/LSTM has no option `returnSequence`.*returnSequences/);
    expect(() => dense(0)).toThrow(/units/);
    expect(() => sequential([dense(2, { inputShape: [null] })]).getWeights()).toThrow(/needs a fixed size/);
  });
});

describe("functional models", () => {
  test("wrappers and cells get their weights in Keras' order", () => {
    const x = input({ shape: [5, 3] });
    const both = bidirectional(lstm(2, { returnSequences: true }))(x);
    expect(both.shape).toEqual([null, 5, 4]);
    const stacked = rnn([lstmCell(3), gruCell(2)], { returnSequences: true })(both);
    const net = model(x, timeDistributed(dense(2))(stacked));
    expect(shapes(net)).toEqual([
      ...["3x8", "2x8", "8", "3x8", "2x8", "8"],
      ...["4x12", "3x12", "12", "3x6", "2x6", "2x6", "2x2", "2"],
    ]);
    expect(net.predict(ones(2, 5, 3)).shape).toEqual([2, 5, 2]);
  });

  test("states, several inputs and outputs", () => {
    const source = input({ shape: [null, 3], name: "source" });
    const target = input({ shape: [null, 2], name: "target" });
    const [, h, c] = lstm(4, { returnState: true })(source);
    const decoded = lstm(4, { returnSequences: true })(target, { initialState: [h!, c!] });
    const query = attention()([decoded, decoded]);
    const net = model([source, target], [dense(2)(concatenate()([decoded, query])), h!]);
    const [y, state] = net.predict([ones(2, 5, 3), ones(2, 7, 2)]);
    expect(y!.shape).toEqual([2, 7, 2]);
    expect(state!.shape).toEqual([2, 4]);
  });

  test("a layer called twice is shared; models are layers, too", () => {
    const shared = dense(3);
    const [a, b] = [input({ shape: [2] }), input({ shape: [2] })];
    const inner = model([a, b], add()([shared(a), shared(b)]));
    expect(shapes(inner)).toEqual(["2x3", "3"]);
    const [c, d] = [input({ shape: [2] }), input({ shape: [2] })];
    const outer = model([c, d], dense(1)(asLayer(inner)([c, d])));
    expect(shapes(outer)).toEqual(["2x3", "3", "3x1", "1"]);
    expect(outer.getWeights()[0]!.data).toEqual(inner.getWeights()[0]!.data);
  });

  test("convolutions and reshapes know their shapes", () => {
    const x = input({ shape: [10, 4] });
    const y = conv1d(6, 3, { padding: "causal", activation: "relu" })(x);
    expect(y.shape).toEqual([null, 10, 6]);
    expect(globalMaxPooling1d()(y).shape).toEqual([null, 6]);
    expect(reshape([5, 12])(y).shape).toEqual([null, 5, 12]);
    expect(repeatVector(3)(globalMaxPooling1d()(y)).shape).toEqual([null, 3, 6]);
    const open = input({ shape: [null, 4] });
    expect(conv1d(6, 3)(open).shape).toEqual([null, null, 6]);
  });

  test("an input that is not listed is refused", () => {
    const [a, b] = [input({ shape: [2] }), input({ shape: [2], name: "other" })];
    expect(() => model(a, add()([a, b]))).toThrow(/need the input "other"/);
  });
});

describe("training what was put together", () => {
  test("a line is learned, and predictions follow", async () => {
    const net = sequential([dense(1)], { seed: 1 });
    net.compile({ optimizer: { className: "SGD", config: { learningRate: 0.1 } }, loss: "mse" });
    const x = { data: Float32Array.from({ length: 64 }, (_, i) => i / 32 - 1), shape: [64, 1] };
    const y = { data: x.data.map((value) => 2 * value + 1), shape: [64, 1] };
    const { history } = await net.fit(x, y, { epochs: 40, batchSize: 16 });
    expect(history["loss"]!.at(-1)).toBeLessThan(1e-4);
    expect(net.predict([[0.5]]).data[0]).toBeCloseTo(2, 1);
  });
});
