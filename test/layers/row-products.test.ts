import { describe, expect, it } from "vitest";
import { loadModelSync } from "../../src/api/load-model.ts";
import type { Layer, LayerConfig } from "../../src/layers/layer.ts";
import { allLayers } from "../../src/model/layer-tree.ts";
import type { InferenceModel } from "../../src/model/model.ts";
import { Session } from "../../src/model/session.ts";
import { StateBlock } from "../../src/plan/state.ts";
import {
  dense,
  embedding,
  functional,
  gru,
  input,
  lstm,
  type Model,
  sequential,
  simpleRNN,
} from "../../src/platform/training-node.ts";
import { sizeOf } from "../../src/tensor.ts";
import { expectSameBits } from "../support/close.ts";
import { chainOf, inner, type TestLayer } from "../support/one-layer.ts";
import { Random } from "../support/random.ts";

const V = 65;
const FEATURES = 7;
/** Too many rows to be multiplied whole, whatever the cell. */
const MANY = 50_000;

/** A stack behind an Embedding; the same weights for any size of its table, as far as it goes. */
function stack(rows: number, layers: readonly TestLayer[], maskZero = false): InferenceModel {
  const config = { inputDim: rows, outputDim: FEATURES, maskZero };
  const model = chainOf([{ shape: [null, null], dtype: "int32" }], [{ className: "Embedding", config }, ...layers], {
    sizes: (layer) => (layer.name === "layer2" ? 6 : FEATURES),
  });
  setAll(model, 3);
  return model;
}

function layersWithWeights(model: InferenceModel): Layer[] {
  return [...allLayers(model.root)].filter((layer) => layer.weights.length > 0);
}

function setWeights(layer: Layer, seed: number): void {
  const random = new Random(seed);
  layer.setWeights(layer.weights.map(({ shape, data }) => ({ shape, data: random.floats(data.length, 0.7) })));
}

function setAll(model: InferenceModel, seed: number): void {
  for (const [i, layer] of layersWithWeights(model).entries()) setWeights(layer, seed + i);
  model.refreshWeights();
}

/** The same weights for any size of the tables, as far as they go. */
function seeded(model: Model): Model {
  const random = new Random(9);
  model.setWeights(
    model.getWeights().map(({ shape }) => {
      const data = new Float32Array(sizeOf(shape));
      data.set(random.floats(shape[0] === MANY ? V * shape[1]! : data.length, 0.7));
      return { shape, data };
    }),
  );
  return model;
}

/** The layers by themselves, on the rows that ids stand for: products at each step. */
function direct(
  embedded: InferenceModel,
  layers: readonly TestLayer[],
  batch: number,
  timesteps: number,
): Float32Array {
  const model = chainOf([{ shape: [null, null, FEATURES] }], layers, { sizes: () => FEATURES });
  for (const [i, layer] of layersWithWeights(model).entries()) setWeights(layer, 4 + i);
  model.refreshWeights();
  const table = layersWithWeights(embedded)[0]!.weights[0]!.data;
  const data = [...idsOf(batch, timesteps)].flatMap((id) => [...table.subarray(id * FEATURES, (id + 1) * FEATURES)]);
  return model.run({ data: Float32Array.from(data), shape: [batch, timesteps, FEATURES] })[0]!.data as Float32Array;
}

function idsOf(batch: number, timesteps: number): Int32Array {
  return new Random(batch + timesteps).integers(batch * timesteps, V);
}

function run(model: InferenceModel, batch: number, timesteps: number): Float32Array {
  return model.run({ data: idsOf(batch, timesteps), shape: [batch, timesteps] })[0]!.data as Float32Array;
}

function kernelsOf(model: InferenceModel, batch = 2, timesteps = 20): string[] {
  const { ops } = model.planWith([[batch, timesteps]], new StateBlock()).plan;
  return ops.map((op) => ("kernel" in op ? op.kernel : "host"));
}

const units = { units: 6 };
const cells: readonly [string, LayerConfig][] = [
  ["LSTM", units],
  ["LSTM", { ...units, useBias: false, goBackwards: true }],
  ["GRU", { ...units, resetAfter: true }],
  ["GRU", { ...units, resetAfter: true, useBias: false }],
  ["GRU", { ...units, resetAfter: false, recurrentActivation: "hard_sigmoid" }],
  ["SimpleRNN", { ...units, goBackwards: true }],
  ["SimpleRNN", { ...units, stateful: true }],
  ["RNN", { cell: inner("LSTMCell", units) }],
  ["Bidirectional", { layer: inner("GRU", { ...units, resetAfter: true, returnSequences: true }) }],
  ["Bidirectional", { layer: inner("LSTM", units) }],
];

describe("a cell behind a small Embedding", () => {
  it.each(cells)(
    "computes with a table of products, with the bits of rows met one by one and of products at each step: %s %j",
    (className, config) => {
      for (const maskZero of [false, true]) {
        const layer = {
          className,
          config: className === "Bidirectional" ? config : { returnSequences: true, ...config },
        };
        const folded = stack(V, [layer], maskZero);
        const plain = stack(MANY, [layer], maskZero);
        for (const [batch, timesteps] of [
          [1, 1],
          [1, 40],
          [32, 1],
          [32, 25],
        ] as const) {
          for (const model of [folded, plain]) model.resetStates();
          const y = run(folded, batch, timesteps);
          expectSameBits(y, run(plain, batch, timesteps), `${batch} x ${timesteps}`);
          if (!maskZero) {
            expectSameBits(y, direct(folded, [layer], batch, timesteps), `${batch} x ${timesteps}, direct`);
          }
        }
      }
    },
  );

  it("looks nothing up in an Embedding that nothing else reads", () => {
    const layer = { className: "LSTM", config: units };
    for (const rows of [V, MANY]) expect(kernelsOf(stack(rows, [layer]))).not.toContain("gatherRows");
    const hosts = (model: InferenceModel) => kernelsOf(model).filter((name) => name === "host").length;
    expect(hosts(stack(MANY, [layer])) - hosts(stack(V, [layer]))).toBe(1);
  });

  it("keeps the embedding's own values where something else reads them", () => {
    const before = stack(V, []);
    const table = before.layers.at(-1)!.weights[0]!.data;
    const y = run(before, 1, 12);
    idsOf(1, 12).forEach((id, t) => {
      expectSameBits(y.slice(t * FEATURES, (t + 1) * FEATURES), table.slice(id * FEATURES, (id + 1) * FEATURES));
    });
  });

  it("keeps products of rows met, in 4 MiB, and makes others anew: the bits are the same", () => {
    // 1 KiB a row: 4096 find room.
    const config = { inputDim: MANY, outputDim: FEATURES };
    const layers = [
      { className: "Embedding", config },
      { className: "LSTM", config: { units: 64 } },
    ];
    const made = () => chainOf([{ shape: [null, null], dtype: "int32" }], layers, { sizes: () => FEATURES });
    const call = (model: InferenceModel, from: number, batch: number) =>
      model.run({
        data: Int32Array.from({ length: batch * 1500 }, (_, i) => (from + i * 7) % MANY),
        shape: [batch, 1500],
      })[0]!.data as Float32Array;
    const used = made();
    const { engine } = used;
    for (const [from, batch] of [
      [0, 1],
      [500, 2],
      [4000, 2],
      [30_000, 2],
      [0, 1],
      [4000, 2],
    ] as const) {
      expectSameBits(call(used, from, batch), call(made(), from, batch), `from ${from}`);
    }
    const { byteLength, scratchBase } = engine.memory;
    call(used, 9000, 2);
    expect([engine.memory.byteLength, engine.memory.scratchBase]).toEqual([byteLength, scratchBase]);
  });

  it("gives a session the bits of the whole sequence, in steps and chunks", () => {
    const layers = [
      { className: "GRU", config: { ...units, returnSequences: true } },
      { className: "LSTM", config: { units: 5, returnSequences: true } },
    ];
    for (const batch of [1, 3]) {
      const model = stack(V, layers, true);
      const whole = run(stack(MANY, layers, true), batch, 11);
      const ids = idsOf(batch, 11);
      const part = (from: number, to: number) => {
        const data = Array.from({ length: batch }, (_, b) => [...ids.subarray(b * 11 + from, b * 11 + to)]).flat();
        return { data: Int32Array.from(data), shape: [batch, to - from] };
      };
      const session = new Session(model, { batch });
      for (const [from, to] of [
        [0, 1],
        [1, 9],
        [9, 10],
        [10, 11],
      ] as const) {
        const { data } = part(from, to);
        const y = to - from === 1 ? session.step(data) : (session.process(part(from, to)).data as Float32Array);
        const want = Array.from({ length: batch }, (_, b) => [
          ...whole.subarray((b * 11 + from) * 5, (b * 11 + to) * 5),
        ]);
        expectSameBits(Float32Array.from(y), Float32Array.from(want.flat()), `steps ${from} to ${to}`);
      }
    }
  });

  it.each(cells)("follows new weights of either layer: %s %j", (className, config) => {
    const [used, plain] = [V, MANY].map((rows) => stack(rows, [{ className, config }])) as [
      InferenceModel,
      InferenceModel,
    ];
    let before = run(used, 2, 9);
    for (const [i, layer] of layersWithWeights(used).entries()) {
      const twin = layersWithWeights(plain)[i]!;
      setWeights(layer, 50 + i);
      setWeights(twin, 50 + i);
      for (const model of [used, plain]) {
        model.refreshWeights();
        model.resetStates();
      }
      const after = run(used, 2, 9);
      expect([...after]).not.toEqual([...before]);
      expectSameBits(after, run(plain, 2, 9), `after ${layer}`);
      before = after;
    }
  });

  it("keeps the tables of two Embeddings that feed one layer apart", () => {
    const [folded, plain] = [V, MANY].map((rows) => {
      const x = input([null], { dtype: "int32" });
      const shared = lstm(5);
      const model = functional(x, [shared(embedding(rows, 4)(x)), shared(embedding(rows, 4)(x))], { build: "simd" });
      return seeded(model).predict({ data: idsOf(1, 9), shape: [1, 9] }) as unknown as { data: Float32Array }[];
    }) as [{ data: Float32Array }[], { data: Float32Array }[]];
    folded.forEach(({ data }, i) => {
      expectSameBits(data, plain[i]!.data);
    });
    expect([...folded[0]!.data]).not.toEqual([...folded[1]!.data]);
  });

  it("follows training", async () => {
    const made = () => sequential([embedding(V, 8), gru(6), dense(1)], { build: "simd" });
    const model = made();
    model.compile({ loss: "mse", optimizer: "adam" });
    const x = { data: idsOf(16, 9), shape: [16, 9] };
    const y = { data: new Random(1).floats(16), shape: [16, 1] };
    const before = [...model.predict(x).data];
    await model.fit(x, y, { epochs: 2, batchSize: 8 });
    const after = [...model.predict(x).data];
    expect(after).not.toEqual(before);
    const fresh = made();
    fresh.setWeights(model.getWeights());
    expect(after).toEqual([...fresh.predict(x).data]);
    await model.fit(x, y, { epochs: 1, batchSize: 8 });
    fresh.setWeights(model.getWeights());
    expect([...model.predict(x).data]).toEqual([...fresh.predict(x).data]);
  });

  it.each([
    ["LSTM", () => lstm(6)],
    ["GRU", () => gru(6)],
    ["GRU, reset before", () => gru(6, { resetAfter: false })],
    ["SimpleRNN", () => simpleRNN(6)],
  ])("computes with int8 weights as products at each step do: %s", async (_, layer) => {
    const [folded, plain] = await Promise.all(
      [V, MANY].map(async (rows) => {
        const model = seeded(sequential([embedding(rows, 8), layer(), dense(2)], { build: "simd" }));
        const { files } = await model.export("rnn-wasm", { quantize: "int8" });
        const parts = { json: files["model.json"]!, weights: files["weights.safetensors"]! };
        return loadModelSync(parts, { build: "simd" }).predict({ data: idsOf(3, 9), shape: [3, 9] })
          .data as Float32Array;
      }),
    );
    expectSameBits(folded!, plain!);
  });
});
