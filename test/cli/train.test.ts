import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeNpy, writeNpz } from "../../src/formats/npy.ts";
import { loadModel } from "../../src/platform/node.ts";
import { modelFromJson } from "../../src/platform/training-node.ts";
import { runCli } from "./run-cli.ts";

let folder: string;
const at = (name: string) => join(folder, name);
const SAMPLES = 24;
const x = Float32Array.from({ length: SAMPLES * 6 }, (_, i) => Math.sin(i * 1.7));
const y = Float32Array.from({ length: SAMPLES }, (_, i) => Math.sign(x[i * 6]!) / 2 + 0.5);
const LAYERS = [
  { className: "GRU", units: 4, inputShape: [3, 2] },
  { className: "Dense", units: 1, activation: "sigmoid" },
];
const BASE = {
  model: LAYERS as unknown,
  data: { x: "x.npy", y: "y.npy" } as unknown,
  compile: { optimizer: "adam", loss: "binary_crossentropy", metrics: ["accuracy"] },
  fit: { batchSize: 8, epochs: 2 },
  output: "out.keras",
  seed: 3,
};
/** Keras 3.15's to_json() of a Sequential. */
const ARCHITECTURE = {
  module: "keras",
  class_name: "Sequential",
  config: {
    name: "sequential",
    layers: [
      { module: "keras.layers", class_name: "InputLayer", config: { batch_shape: [null, 3, 2], name: "in" } },
      { module: "keras.layers", class_name: "GRU", config: { name: "gru", units: 4 } },
      { module: "keras.layers", class_name: "Dense", config: { name: "dense", units: 1, activation: "sigmoid" } },
    ],
  },
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rnn-wasm train "));
  mkdirSync(at("sub"));
  writeFileSync(at("x.npy"), writeNpy({ shape: [SAMPLES, 3, 2], data: x }));
  writeFileSync(at("y.npy"), writeNpy({ shape: [SAMPLES, 1], data: y }));
  const arrays = { x: { shape: [SAMPLES, 3, 2], data: x }, y: { shape: [SAMPLES, 1], data: y } };
  writeFileSync(at("d.npz"), writeNpz(Object.entries(arrays)));
  const rows = Array.from({ length: SAMPLES }, (_, i) => [...x.subarray(i * 6, i * 6 + 6), y[i]].join(";"));
  writeFileSync(at("d.csv"), `${["a", "b", "c", "d", "e", "f", '"out"'].join(";")}\n${rows.join("\r\n")}\n`);
  writeFileSync(at("x.json"), JSON.stringify(Array.from({ length: SAMPLES }, (_, i) => pairs(i))));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function pairs(sample: number): number[][] {
  return [0, 1, 2].map((step) => [...x.subarray(sample * 6 + step * 2, sample * 6 + step * 2 + 2)]);
}

/** Runs `train` with a config; its file's name is that of every message. */
async function train(config: object, ...flags: string[]) {
  writeFileSync(at("config.json"), JSON.stringify(config));
  return runCli(["train", at("config.json"), "--verbose", "0", "--build", "simd", ...flags]);
}

async function weights(file: string) {
  const model = await loadModel(at(file), { build: "simd" });
  const all = model.getWeights().map(({ data }) => [...(data as Float32Array)]);
  model.dispose();
  return all;
}

describe("rnn-wasm train", () => {
  it("trains the same weights from every kind of file and of model", async () => {
    const columns = ["a", "b", "c", "d", "e", "f"];
    const variants: object[] = [
      BASE,
      { ...BASE, data: { x: { file: "d.npz", array: "x" }, y: { file: "d.npz", array: "y" } } },
      { ...BASE, data: { x: { file: "d.csv", columns, shape: [3, 2] }, y: { file: "d.csv", columns: "out" } } },
      { ...BASE, data: { x: "x.json", y: [...y].map((value) => [value]) } },
      { ...BASE, model: ARCHITECTURE, data: { x: { in: "x.npy" }, y: "y.npy" } },
      { ...BASE, model: "architecture.json", validation: BASE.data, test: BASE.data },
    ];
    writeFileSync(at("architecture.json"), JSON.stringify(ARCHITECTURE));
    let first: number[][] | undefined;
    for (const config of variants) {
      const { code, stdout, stderr } = await train(config, "--force");
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/out\.keras: 2 epochs, loss 0\.\d+, accuracy [\d.]+/);
      first ??= await weights("out.keras");
      expect(await weights("out.keras")).toEqual(first);
    }
    expect((await train(variants.at(-1)!, "--force")).stdout).toMatch(/val_loss 0\.\d+, .*test_loss 0\.\d+/);
  });

  it("goes on from a model file with the optimizer that it holds, and leaves frozen layers alone", async () => {
    await train(BASE, "--force");
    const before = await weights("out.keras");
    const { compile, ...rest } = BASE;
    expect(compile.loss).toBe("binary_crossentropy");
    const fine = { ...rest, model: "out.keras", output: "sub/fine.h5", trainable: { gru: false } };
    const { code, stderr } = await train(fine);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^note: The .h5 file holds the opt/) });
    const after = await weights("sub/fine.h5");
    expect(after.slice(0, 3)).toEqual(before.slice(0, 3));
    expect(after.slice(3)).not.toEqual(before.slice(3));
  });

  it("resumes from its checkpoint to the bits of an uninterrupted run", async () => {
    await train({ ...BASE, fit: { batchSize: 8, epochs: 4 } }, "--force");
    const whole = await weights("out.keras");
    const config = { ...BASE, checkpoint: { file: "run.checkpoint", everyBatches: 2 }, output: "again.keras" };
    await train(config);
    expect(existsSync(at("run.checkpoint"))).toBe(true);
    const more = { ...config, fit: { batchSize: 8, epochs: 4 } };
    const refused = await train(more, "--resume");
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toMatch(/again\.keras exists already/);
    rmSync(at("again.keras"));
    expect((await train(more)).stderr).toMatch(/run\.checkpoint exists already; pass --resume to go on from it/);
    expect(await train(more, "--resume")).toMatchObject({ code: 0, stderr: "" });
    expect(await weights("again.keras")).toEqual(whole);
  });

  it("names the key that is wrong, and guesses which one was meant", async () => {
    const cases: [object, RegExp][] = [
      [{ ...BASE, optimizer: "adam" }, /config\.json: the key "optimizer" is not known\. Known: model, data/],
      [{ ...BASE, outptu: "x" }, /the key "outptu" is not known\. Did you mean "output"\?/],
      [{ ...BASE, data: { x: "x.npy" } }, /config\.json: data: "y" is missing/],
      [{ ...BASE, data: { X: "x.npy", y: "y.npy" } }, /data: the key "X" is not known\. Did you mean "x"\?/],
      [{ ...BASE, data: { x: "no.npy", y: "y.npy" } }, /no\.npy cannot be read: there is no such file/],
      [{ ...BASE, data: { x: { file: "d.npz", array: "z" }, y: "y.npy" } }, /d\.npz has no array "z"; it has x, y/],
      [
        { ...BASE, data: { x: { file: "d.csv", columns: ["a", "g"] }, y: "y.npy" } },
        /d\.csv has no column "g"; its columns are a, b, c, d, e, f, out/,
      ],
      [
        { ...BASE, data: { x: { file: "d.csv", colums: ["a"] }, y: "y.npy" } },
        /data\.x: the key "colums" is not known\. Did you mean "columns"\?/,
      ],
      [{ ...BASE, fit: { bathSize: 3 } }, /the option `bathSize` is not known\. Did you mean "batchSize"\?/],
      [{ ...BASE, fit: { validationData: [] } }, /fit: "validationData" goes into "validation"/],
      [{ ...BASE, compile: { ...BASE.compile, metricss: [] } }, /compile: the option `metricss` is not known\./],
      [
        { ...BASE, callbacks: [{ EarlyStopping: { patienc: 1 } }] },
        /callbacks\[0\]: earlyStopping: the option `patienc` is not known\. Did you mean "patience"\?/,
      ],
      [{ ...BASE, callbacks: ["EarlyStoping"] }, /callbacks\[0\]: .*EarlyStoping is not known by name\. Did you mean/],
      [{ ...BASE, model: [{ className: "GRU", unit: 4 }] }, /unit/],
      [{ ...BASE, trainable: { lstm: false } }, /trainable: the model has no layer "lstm"; its layers are .*gru/],
      [{ ...BASE, checkpoint: "out.keras" }, /a checkpoint is no model/],
    ];
    for (const [config, message] of cases) {
      const { code, stderr, stdout } = await train(config, "--force");
      expect({ stdout, stderr }).toEqual({ stdout: "", stderr: expect.stringMatching(message) });
      expect(stderr).toMatch(/^rnn-wasm: .*\n$/);
      expect(code, stderr).toBe(/cannot be read/.test(stderr) ? 1 : 2);
    }
  });

  it("names the line and column of a .csv file that is no number", async () => {
    writeFileSync(at("bad.csv"), "a,b\n1,2\n3,four\n");
    const { code, stderr } = await train({ ...BASE, data: { x: "bad.csv", y: "y.npy" } }, "--force");
    expect(code).toBe(1);
    expect(stderr).toMatch(/bad\.csv, line 3, column "b": "four" is not a number/);
  });

  it("writes Keras' lines to standard error unless told otherwise", async () => {
    writeFileSync(at("config.json"), JSON.stringify(BASE));
    const { stderr } = await runCli(["train", at("config.json"), "--force"]);
    expect(stderr).toMatch(/^Epoch 1\/2\n3\/3 - \d+s - \d+(ms|us)\/step - accuracy: .*\nEpoch 2\/2\n/);
    const { stdout, code } = await runCli(["train", "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/validation\s+the same, for val_loss/);
  });
});

describe("modelFromJson", () => {
  it("gives weights by the seed, and refuses an architecture without an input shape", async () => {
    const bits = async (seed: number) =>
      (await modelFromJson(JSON.stringify(ARCHITECTURE), { seed }))
        .getWeights()
        .map(({ data }) => [...(data as never)]);
    expect(await bits(1)).toEqual(await bits(1));
    expect(await bits(1)).not.toEqual(await bits(2));
    const layers = ARCHITECTURE.config.layers.slice(2);
    const open = { ...ARCHITECTURE, config: { ...ARCHITECTURE.config, layers } };
    await expect(modelFromJson(open)).rejects.toThrow(/does not say the shape of its input/);
  });
});
