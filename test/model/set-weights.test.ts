import { expect, test } from "vitest";
import { WeightsError } from "../../src/errors.ts";
import { dense, input, lstm, sequential } from "../../src/platform/training-node.ts";
import { chainOf, randomTensor, type TestLayer } from "../support/one-layer.ts";

const model = () => sequential([input([4, 3]), lstm(2, { returnSequences: true }), dense(2)], { build: "simd" });

test("a list whose last weight is misshapen changes nothing", () => {
  const m = model();
  const x = randomTensor([1, 4, 3], 1);
  const before = [...m.predict(x).data];
  const weights = m.getWeights().map(({ data, shape }) => ({ data: (data as Float32Array).map((v) => v + 1), shape }));
  const last = weights.length - 1;
  expect(() => m.setWeights([...weights.slice(0, last), { data: new Float32Array(3), shape: [3] }])).toThrow(
    WeightsError,
  );
  expect(() => m.setWeights(weights.slice(1))).toThrow(/has \d+ weights; got/);
  expect([...m.predict(x).data]).toEqual(before);
  m.setWeights(weights);
  expect([...m.predict(x).data]).not.toEqual(before);
});

test("a layer's first weights settle the sizes that its config leaves open", () => {
  const m = model();
  for (const layer of m.inference.root.layers.filter((one) => one.weights.length > 0)) {
    const open = layer.weights.map(({ shape, data }) => ({ shape, data: data.slice() }));
    const [first, ...rest] = open as [(typeof open)[0], ...typeof open];
    const shape = [first.shape[0]! + 1, ...first.shape.slice(1)];
    const wider = { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
    expect(() => layer.setWeights([wider, ...rest])).toThrow(/must have the shape/);
    expect(layer.weights.map((weight) => [...weight.data])).toEqual(open.map((weight) => [...weight.data]));
    expect(layer.weights[0]!.shape).toEqual(first.shape);
  }
});

test.each<TestLayer>([
  { className: "LayerNormalization" },
  { className: "GroupNormalization", config: { groups: 2 } },
  { className: "PReLU" },
  { className: "Conv1D", config: { filters: 4, kernelSize: 2, groups: 2 } },
  { className: "Conv1DTranspose", config: { filters: 2, kernelSize: 2, strides: 2 } },
  { className: "DepthwiseConv1D", config: { kernelSize: 2 } },
])("weights set after a prediction are what the next one computes with: $className", (layer) => {
  const made = () => chainOf([{ shape: [2, 6, 4] }], [layer], { sizes: () => (layer.className === "Conv1D" ? 2 : 4) });
  const x = randomTensor([2, 6, 4], 1);
  const set = (model: ReturnType<typeof made>) => {
    for (const own of model.root.layers.filter((one) => one.weights.length > 0)) {
      own.setWeights(own.weights.map(({ shape, data }) => ({ shape, data: data.map((v) => 2 * v + 0.3) })));
    }
    model.refreshWeights();
    return [...model.run(x)[0]!.data];
  };
  const used = made();
  const before = [...used.run(x)[0]!.data];
  const after = set(used);
  expect(after).not.toEqual(before);
  expect(after).toEqual(set(made()));
});
