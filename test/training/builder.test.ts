import { describe, expect, it } from "vitest";
import * as build from "../../src/api/build.ts";
import { initialValues } from "../../src/training/builder/initializers.ts";

const { bidirectional, dense, draft, embedding, flatten, lstm, sequential } = build;
const batch = { data: Float32Array.from({ length: 4 * 6 * 3 }, (_, i) => (i % 7) / 7), shape: [4, 6, 3] };

describe("spellings of Keras 1", () => {
  it("takes the options of the post with a note", () => {
    const model = sequential([
      embedding(50, 8, { input_length: 12, init: "uniform" }),
      lstm(4, { dropout_W: 0.2, dropout_U: 0.3, inner_activation: "hard_sigmoid", inner_init: "orthogonal" }),
      dense(1, { activation: "sigmoid", W_regularizer: "l2" }),
    ]);
    const { config } = model.layers[1]!;
    expect(config).toMatchObject({ dropout: 0.2, recurrentDropout: 0.3, recurrentActivation: "hard_sigmoid" });
    expect(model.inputs[0]!.shape).toEqual([null, 12]);
    expect(model.origin.notes).toContain("`dropout_W` is called `dropout` here.");
    expect(model.origin.notes.join()).toContain("`W_regularizer` is called `kernelRegularizer`");
    model.dispose();
  });

  it("takes classes by name with output_dim, input_dim and input_length", () => {
    const model = sequential([draft("GRU", {}, { output_dim: 5, input_dim: 3, input_length: 6 })]);
    expect(model.inputs[0]!.shape).toEqual([null, 6, 3]);
    expect(model.predict(batch).shape).toEqual([4, 5]);
    model.dispose();
  });

  it("refuses unknown options by name and says what is near", () => {
    expect(() => lstm(4, { recurentDropout: 0.1 })).toThrow(/`recurentDropout`.*Did you mean "recurrentDropout"/);
    expect(() => dense(4, { returnSequences: true })).toThrow(/Dense has no option `returnSequences`/);
  });
});

describe("a Sequential without an input shape", () => {
  it("is built line by line, from the first data", async () => {
    const model = sequential();
    model.add(bidirectional(lstm(4)));
    model.add(dense(1));
    expect(model.built).toBe(false);
    expect(() => model.summary()).toThrow(/does not know its input yet/);
    model.compile({ loss: "mse", optimizer: "adam" });
    await model.fit(batch, { data: new Float32Array(4), shape: [4, 1] });
    expect(model.inputs[0]!.shape).toEqual([null, null, 3]);
    expect(() => model.add(dense(1))).toThrow(/weights already/);
    model.dispose();
  });

  it("fixes the timesteps where a layer needs them, and takes a generator's first batch", async () => {
    const model = sequential([flatten(), dense(1)]);
    model.compile({ loss: "mse", optimizer: "sgd" });
    let batches = 0;
    function* data() {
      for (let i = 0; i < 3; i++, batches++) yield [batch, { data: new Float32Array(4), shape: [4, 1] }];
    }
    await model.fit(data());
    expect(batches).toBe(3);
    expect(model.inputs[0]!.shape).toEqual([null, 6, 3]);
    expect(model.getWeights()[0]!.shape).toEqual([18, 1]);
    model.dispose();
  });

  it("is built by build(), once", () => {
    const model = sequential([lstm(2)]);
    model.build([null, 6, 3]);
    expect(model.predict(batch).shape).toEqual([4, 2]);
    expect(() => model.build([null, 6, 4])).toThrow(/takes \[null,6,3\]/);
    model.dispose();
  });

  it("starts from given weights", () => {
    const table = { data: Float32Array.from({ length: 6 }, (_, i) => i), shape: [3, 2] };
    const model = sequential([embedding(3, 2, { weights: [table], trainable: false })]);
    expect([...(model.predict([[2, 0]]).data as Float32Array)]).toEqual([4, 5, 0, 1]);
    expect(() => sequential([embedding(3, 3, { weights: [table] })])).toThrow(/embeddings/);
    model.dispose();
  });
});

describe("initializers", () => {
  const spread = (values: Float32Array) => Math.sqrt(values.reduce((a, b) => a + b * b, 0) / values.length);

  it("scale by their fans", () => {
    const shape = [200, 50];
    const of = (name: unknown) => initialValues(name, shape, 1, 1);
    expect(spread(of("he_normal"))).toBeCloseTo(Math.sqrt(2 / 200), 2);
    expect(spread(of("lecun_uniform"))).toBeCloseTo(Math.sqrt(1 / 200), 2);
    expect(spread(of("glorot_normal"))).toBeCloseTo(Math.sqrt(2 / 250), 2);
    const config = { scale: 3, mode: "fan_out", distribution: "untruncated_normal" };
    expect(spread(of({ className: "VarianceScaling", config }))).toBeCloseTo(Math.sqrt(3 / 50), 2);
    expect(Math.max(...of("truncated_normal"))).toBeLessThanOrEqual(0.1);
  });

  it("draw orthogonal rows, identities, and by their own seed", () => {
    const q = initialValues({ className: "Orthogonal", config: { gain: 2 } }, [3, 5], 1, 1);
    const dot = (a: number, b: number) =>
      [...q.slice(a * 5, a * 5 + 5)].reduce((sum, value, i) => sum + value * q[b * 5 + i]!, 0);
    expect(dot(0, 0)).toBeCloseTo(4, 5);
    expect(dot(0, 2)).toBeCloseTo(0, 5);
    expect([...initialValues("identity", [2, 3], 1, 1)]).toEqual([1, 0, 0, 0, 1, 0]);
    const seeded = { className: "RandomNormal", config: { seed: 7 } };
    expect(initialValues(seeded, [4], 1, 1)).toEqual(initialValues(seeded, [4], 2, 9));
    expect(initialValues("random_normal", [4], 1, 1)).not.toEqual(initialValues("random_normal", [4], 1, 2));
    expect(() => initialValues("he_norml", [4], 1, 1)).toThrow(/Did you mean "henormal"/);
  });
});

it("layers whose operations do not fit are named, with what they were given", () => {
  const x = build.input([6, 3]);
  expect(() => build.functional(x, build.add()([x, lstm(2)(x)]))).toThrow(
    /^Add layer "add" of \[2, 6, 3\] and \[2, 2\]: the shapes \[2, 6, 3\] and \[2, 1, 2\] do not fit each other\.$/,
  );
  expect(() => build.functional(x, build.permute([2, 3])(x))).toThrow(
    /^Permute layer "permute" of \[2, 6, 3\]: the axis 3 does not exist in a tensor of 3 dimensions\.$/,
  );
});
