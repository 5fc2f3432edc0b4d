import { describe, expect, it } from "vitest";
import type { Model } from "../../src/api/model.ts";
import { weightOf } from "../../src/layers/custom.ts";
import { Layer, type WeightSpec } from "../../src/layers/layer.ts";
import { Cell } from "../../src/layers/recurrent/cell.ts";
import type { InferenceModel } from "../../src/model/model.ts";
import type { Value } from "../../src/plan/buffer.ts";
import type { Planner } from "../../src/plan/planner.ts";
import { binary, constant, matmul, unary } from "../../src/plan/tensor-ops.ts";
import * as k from "../../src/platform/training-node.ts";
import { sizeOf, type Tensor } from "../../src/tensor.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { expectGradients } from "../support/numeric-gradients.ts";
import { chainOf, inner } from "../support/one-layer.ts";
import { numbers } from "../support/random.ts";

type Given = { readonly data: Float32Array; readonly shape: number[] };
const given = (seed: number, ...shape: number[]): Given => ({ data: numbers(sizeOf(shape), seed), shape });

/** A trainer of a model at random weights, with targets of the right shape. */
function trainerOf(model: Model, x: Given | readonly Given[]) {
  model.setWeights(model.getWeights().map(({ shape }, i) => given(i + 3, ...shape)));
  const predicted = model.predict(x as never) as Tensor;
  const trainer = new Trainer(model.inference, { loss: "mse", optimizer: "sgd", build: "simd" });
  return { trainer, y: given(9, ...predicted.shape), predicted };
}

function check(model: Model, x: Given | readonly Given[]) {
  const { trainer, y, predicted } = trainerOf(model, x);
  const error = (predicted.data as Float32Array).reduce((sum, p, i) => sum + (p - y.data[i]!) ** 2, 0);
  expect(trainer.testOnBatch(x as never, y)["loss"]).toBeCloseTo(error / y.data.length, 4);
  expectGradients(trainer, x as never, y, { h: 2e-3, slack: 4e-3 });
  model.dispose();
}

describe("gradients of cells without training kernels, against differences of the loss", () => {
  const cells: Readonly<Record<string, (options: k.LayerOptions) => k.LayerDraft>> = {
    "LSTM with softmax": (options) => k.lstm(3, { activation: "softmax", recurrentActivation: "gelu", ...options }),
    "GRU with silu": (options) => k.gru(3, { activation: "silu", ...options }),
    "GRU, reset before": (options) => k.gru(3, { activation: "mish", resetAfter: false, useBias: false, ...options }),
    "SimpleRNN with leaky_relu": (options) => k.simpleRNN(3, { activation: "leaky_relu", ...options }),
    "a stack": (options) => k.rnn([k.lstmCell(2, { activation: "gelu" }), k.gruCell(3)], options),
  };
  for (const [name, make] of Object.entries(cells)) {
    for (const options of [{}, { returnSequences: true, goBackwards: true }, { zeroOutputForMask: true }]) {
      it(`${name}, masked, ${JSON.stringify(options)}`, () => {
        const [x, own] = [k.input([4, 2]), make(options)];
        const masked = given(5, 3, 4, 2);
        masked.data.fill(0, 2, 6);
        masked.data.fill(0, 12, 16);
        check(k.functional(x, k.dense(2)(k.flatten()(own(k.masking()(x)))), { build: "simd" }), masked);
      });
    }
    it(`${name}, both ways, with states of a layer`, () => {
      const [x, s] = [k.input([3, 2]), k.input([2])];
      const count = name.startsWith("LSTM") ? 4 : name === "a stack" ? 6 : 2;
      const widths = name === "a stack" ? [2, 2, 3, 2, 2, 3] : new Array<number>(count).fill(3);
      const states = widths.map((units) => k.dense(units)(s));
      const y = k.bidirectional(make({}), { mergeMode: "mul" })(x, { initialState: states });
      check(k.functional([x, s], y, { build: "simd" }), [given(5, 2, 3, 2), given(6, 2, 2)]);
    });
  }

  it("a GRU wide enough for the products of the training kernels", () => {
    const [x, own] = [k.input([3, 20]), k.gru(20, { activation: "silu" })];
    const scores = k.dot([2, 2])([k.dense(20)(x), k.dense(20)(x)]);
    const y = k.concatenate()([own(k.dense(20)(x)), k.flatten()(scores)]);
    check(k.functional(x, y, { build: "simd" }), given(5, 12, 3, 20));
  });

  it("ConvLSTM3D, and ConvLSTM2D both ways", () => {
    const x = k.input([3, 12]);
    const cube = k.reshape([3, 2, 3, 2, 1])(k.dense(12)(x));
    const y = k.convLSTM3D(1, [2, 1, 2], { returnSequences: true, padding: "same" })(cube);
    const flat = k.reshape([3, 2, 3, 2])(y);
    const both = k.bidirectional(k.convLSTM2D(2, [1, 2], { activation: "gelu" }), { mergeMode: "sum" })(flat);
    check(k.functional(x, both, { build: "simd" }), given(5, 2, 3, 12));
  });
});

describe("dropout of cells without training kernels", () => {
  /** Gradients against differences of the loss of a step whose random numbers are drawn again. */
  function checkDropped(model: Model, x: Given) {
    const { trainer, y } = trainerOf(model, x);
    const batch = trainer.readBatch(x, y, {});
    const loss = () => trainer.part(batch, { part: 0, step: 3, share: 1, stays: false }).losses[0]!;
    const { gradients } = trainer.part(batch, { part: 0, step: 3, share: 1, stays: false });
    expect(loss()).not.toBeCloseTo(trainer.testOnBatch(x, y)["loss"]!, 4);
    const { f32 } = trainer.engine.memory;
    const largest = Math.max(...gradients.flatMap(({ values }) => [...values].map(Math.abs)));
    for (const { parameter, values } of gradients) {
      const { value, size, name } = trainer.parameters.trainable[parameter]!;
      for (let i = 0; i < size; i += Math.max(1, Math.floor(size / 7))) {
        const at = (value.address >> 2) + i;
        const kept = f32[at]!;
        const shifted = (by: number) => {
          f32[at] = kept + by;
          return loss();
        };
        const h = 2e-3;
        const want = (8 * (shifted(h) - shifted(-h)) - (shifted(2 * h) - shifted(-2 * h))) / (12 * h);
        f32[at] = kept;
        const allowed = 1e-3 * Math.abs(want) + 4e-3 * largest;
        expect(Math.abs(values[i]! - want), `${name}[${i}]`).toBeLessThanOrEqual(allowed);
      }
    }
    model.dispose();
  }
  const both = { dropout: 0.3, recurrentDropout: 0.4 };
  const layers: Readonly<Record<string, () => k.LayerDraft>> = {
    "LSTM with gelu": () => k.lstm(4, { activation: "gelu", ...both }),
    "LSTM with gelu, input alone": () => k.lstm(4, { activation: "gelu", dropout: 0.4 }),
    "GRU with silu, reset before": () => k.gru(4, { activation: "silu", resetAfter: false, ...both }),
    "Bidirectional SimpleRNN": () => k.bidirectional(k.simpleRNN(4, { activation: "mish", ...both })),
  };
  for (const [name, make] of Object.entries(layers)) {
    it(`${name}: the gradients follow it`, () => {
      const model = k.sequential([k.input([4, 6]), k.dense(6), make(), k.dense(2)], { build: "simd" });
      checkDropped(model, given(5, 3, 4, 6));
    });
  }
  it("ConvLSTM1D: the gradients follow it", () => {
    const layer = k.convLSTM1D(2, 2, { ...both, returnSequences: true, padding: "same" });
    const model = k.sequential([k.input([4, 6]), k.dense(6), k.reshape([4, 3, 2]), layer], { build: "simd" });
    checkDropped(model, given(5, 2, 4, 6));
  });

  it("drops the same values at every step, and scales the others", () => {
    const [units, steps, rate] = [40, 4, 0.5];
    const options = { activation: "leaky_relu", useBias: false, returnSequences: true, dropout: rate };
    const model = k.sequential([k.input([steps, units]), k.simpleRNN(units, options)], { build: "simd" });
    const eye = Float32Array.from({ length: units * units }, (_, i) => Number(i % (units + 1) === 0));
    model.setWeights([
      { data: eye, shape: [units, units] },
      { data: new Float32Array(units * units), shape: [units, units] },
    ]);
    const trainer = new Trainer(model.inference, { loss: "mse", optimizer: "sgd", build: "simd" });
    const x = { data: new Float32Array(steps * units).fill(1), shape: [1, steps, units] };
    const which = { part: 0, step: 1, share: 1, stays: false };
    const [y] = trainer.part(trainer.readBatch(x, x, {}), which).outputs;
    const first = [...y!.data.slice(0, units)];
    expect(new Set(first)).toEqual(new Set([0, 1 / (1 - rate)]));
    for (let t = 1; t < steps; t++) expect([...y!.data.slice(t * units, (t + 1) * units)]).toEqual(first);
    model.dispose();
  });
});

/** y = tanh(x · W + h ⊙ u + c · V), with constants c where the call has some. */
class Own extends Cell {
  override weightSpecs(): readonly WeightSpec[] {
    const shapes = { kernel: [3, 3], decay: [3], constants: [2, 3] };
    return Object.entries(shapes).map(([name, shape]) => ({ name, shape, trainable: true }));
  }

  shapes() {
    return { output: [3], states: [[3]] };
  }

  override plan(p: Planner, [x, h, c]: readonly Value[]): readonly Value[] {
    const given = matmul(p, x!, weightOf(p, this, "kernel"));
    const sum = binary(p, "add", given, binary(p, "multiply", h!, weightOf(p, this, "decay")));
    const next = unary(p, "tanh", c ? binary(p, "add", sum, matmul(p, c, weightOf(p, this, "constants"))) : sum);
    return [next, next];
  }
}

describe("what a user makes", () => {
  const open = [{ shape: [null, 4, 3] }, { shape: [null, 2] }, { shape: [null, 3] }];
  const given3 = [given(5, 2, 4, 3), given(6, 2, 2), given(7, 2, 3)];
  const trainerFor = (model: InferenceModel) => new Trainer(model, { loss: "mse", optimizer: "sgd", build: "simd" });

  it("cells train, masked and backwards, with constants and initial states", () => {
    const kwargs = { constants: [1], initialState: [2] };
    const config = { cell: inner("my>Own", {}), goBackwards: true, returnSequences: true };
    const layers = [
      { className: "Masking" },
      { className: "Dense", config: { units: 3 } },
      { className: "RNN", config, kwargs },
    ];
    const trainer = trainerFor(chainOf(open, layers, { customObjects: { Own } }));
    const x = given(5, 2, 4, 3);
    x.data.fill(0, 0, 3);
    expectGradients(trainer, [x, ...given3.slice(1)], given(9, 2, 4, 3), { h: 2e-3, slack: 4e-3 });
  });

  it("layers with weights train; weights that do not enter as they are are refused", () => {
    class Scaled extends Layer {
      override weightSpecs(): readonly WeightSpec[] {
        return [{ name: "scale", shape: [3], trainable: true }];
      }

      override plan(p: Planner, [x]: readonly Value[]): readonly Value[] {
        const scale = this.config["packed"]
          ? constant(p, this, "double", () => this.needWeight("scale").data.map((w) => 2 * w), [3])
          : weightOf(p, this, "scale");
        return [unary(p, "sin", binary(p, "multiply", x!, scale))];
      }
    }
    const chain = (packed: boolean) =>
      chainOf(
        open.slice(0, 1),
        [
          { className: "Dense", config: { units: 3 } },
          { className: "my>Scaled", config: { packed } },
        ],
        {
          customObjects: { Scaled },
        },
      );
    expectGradients(trainerFor(chain(false)), given3[0]!, given(9, 2, 4, 3), { h: 2e-3, slack: 4e-3 });
    expect(() => trainerFor(chain(true)).gradients(given3[0]!, given(9, 2, 4, 3))).toThrow(
      /Scaled.*"layer1" cannot be trained here: its weight scale does not enter its operations as it is/,
    );
  });
});

describe("layers of older Kerases", () => {
  it.each([
    ["LSTM with peepholes", { className: "RNN", config: { cell: inner("PeepholeLSTMCell", { units: 3 }) } }],
    ["LSTM, time first", { className: "LSTM", config: { units: 3, timeMajor: true, activation: "gelu" } }],
    ["Highway", { className: "Highway", config: { activation: "tanh" } }],
  ] as const)("%s", (_, layer) => {
    const before = { className: "Dense", config: { units: 3 } };
    const profile = { era: "tf-keras" } as const;
    const model = chainOf([{ shape: [null, 4, 3] }], [before, layer], { profile });
    const x = given(5, 2, 4, 3);
    const [y] = model.run(x);
    const trainer = new Trainer(model, { loss: "mse", optimizer: "sgd", build: "simd" });
    expectGradients(trainer, x, given(9, ...y!.shape), { h: 2e-3, slack: 4e-3 });
  });
});
