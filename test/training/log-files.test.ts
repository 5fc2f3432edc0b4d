import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { sequential as inMemory } from "../../src/api/build.ts";
import { crc32c, scalarEvent } from "../../src/formats/tfevents.ts";
import { loadModel } from "../../src/platform/node.ts";
import {
  type Callback,
  csvLogger,
  dense,
  input,
  learningRateScheduler,
  modelCheckpoint,
  sequential,
  tensorBoard,
} from "../../src/platform/training-node.ts";

const folder = mkdtempSync(join(tmpdir(), "rnn-wasm-logs-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const x = { data: Float32Array.from({ length: 24 * 3 }, (_, i) => Math.sin(i)), shape: [24, 3] };
const y = { data: Float32Array.from({ length: 24 }, (_, i) => i % 2), shape: [24, 1] };

function build(make = sequential) {
  const model = make([input([3]), dense(1, { activation: "sigmoid" })], { build: "simd" });
  model.compile({ optimizer: "sgd", loss: "mse", metrics: ["accuracy"], build: "simd" });
  return model;
}

const fit = (callbacks: Callback[], epochs = 2, more = {}) =>
  build().fit(x, y, { batchSize: 8, epochs, callbacks, ...more });

/** The records of an event file, checksums checked, as [step, { tag: value }]. */
function events(bytes: Uint8Array): [number, Record<string, number>][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const unmasked = (crc: number) => {
    const rotated = (crc - 0xa282ead8) >>> 0;
    return ((rotated << 15) | (rotated >>> 17)) >>> 0;
  };
  const found: [number, Record<string, number>][] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    expect(unmasked(view.getUint32(at + 8, true))).toBe(crc32c(bytes.subarray(at, at + 8)));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(unmasked(view.getUint32(at + 12 + length, true))).toBe(crc32c(data));
    const { 2: step = [0], 5: summaries = [] } = fields(data);
    const scalars = summaries.flatMap((summary) => fields(summary as Uint8Array)[1] ?? []);
    const entries = scalars.map((value) => {
      const { 1: tag, 2: number } = fields(value as Uint8Array);
      return [new TextDecoder().decode(tag![0] as Uint8Array), number![0] as number];
    });
    found.push([step[0] as number, Object.fromEntries(entries) as Record<string, number>]);
    at += 16 + length;
  }
  return found;
}

/** A message's fields by number. */
function fields(bytes: Uint8Array): Record<number, (number | Uint8Array)[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const out: Record<number, (number | Uint8Array)[]> = {};
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const take = (size: number) => {
    at += size;
    return at - size;
  };
  while (at < bytes.length) {
    const key = varint();
    out[key >> 3] ??= [];
    const list = out[key >> 3]!;
    if ((key & 7) === 0) list.push(varint());
    else if ((key & 7) === 1) list.push(view.getFloat64(take(8), true));
    else if ((key & 7) === 5) list.push(view.getFloat32(take(4), true));
    else {
      const length = varint();
      const start = take(length);
      list.push(bytes.subarray(start, start + length));
    }
  }
  return out;
}

describe("tensorBoard", () => {
  it("has the checksum of RFC 3720", () => {
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  });

  it("writes Keras' tags in the runs train and validation", async () => {
    const callbacks = [learningRateScheduler((epoch) => 0.5 / (epoch + 1)), tensorBoard({ logDir: at("tb/a") })];
    const { history } = await fit(callbacks, 2, { validationData: [x, y] });
    for (const run of ["train", "validation"]) {
      const names = readdirSync(at(`tb/a/${run}`));
      expect(names).toEqual([expect.stringMatching(/^events\.out\.tfevents\.\d{10}\.rnn-wasm\.\w{8}\.v2$/)]);
      const [start, ...steps] = events(readFileSync(at(`tb/a/${run}/${names[0]}`)));
      expect(start).toEqual([0, {}]);
      const value = (key: string, epoch: number) =>
        Math.fround(history[run === "train" ? key : `val_${key}`]?.[epoch] ?? Number.NaN);
      expect(steps).toEqual(
        [0, 1].map((epoch) => {
          const rate = run === "train" && { epoch_learning_rate: value("learning_rate", epoch) };
          return [epoch, { epoch_loss: value("loss", epoch), epoch_accuracy: value("accuracy", epoch), ...rate }];
        }),
      );
    }
  });

  it("writes batches when asked, and gives the bytes where there are no files", async () => {
    const parts: Uint8Array[] = [];
    const write = (run: string, bytes: Uint8Array) => {
      if (run === "train") parts.push(bytes);
    };
    await build(inMemory).fit(x, y, { batchSize: 8, epochs: 2, callbacks: [tensorBoard({ updateFreq: 2, write })] });
    const [, ...all] = events(new Uint8Array(Buffer.concat(parts)));
    const batches = all.filter(([, scalars]) => "batch_loss" in scalars);
    expect(batches.map(([step]) => step)).toEqual([0, 2, 4]);
    await expect(build(inMemory).fit(x, y, { callbacks: [tensorBoard()] })).rejects.toThrow(/no files here; take the/);
    expect(() => tensorBoard({ updateFreq: "step" as "batch" })).toThrow(/`updateFreq` must be/);
    expect(events(scalarEvent(0, 2 ** 40 + 5, { a: 1 }))[0]).toEqual([2 ** 40 + 5, { a: 1 }]);
  });
});

describe("csvLogger", () => {
  it("writes a file anew, or goes on in the columns of one", async () => {
    const file = at("logs/run.csv");
    await fit([csvLogger(file)], 2);
    expect(readFileSync(file, "utf8")).toMatch(
      /^epoch,accuracy,loss,val_accuracy,val_loss\r\n(\d,0\.\d+,0\.\d+,NA,NA\r\n){2}$/,
    );
    await fit([csvLogger(file, { append: true })], 4, { initialEpoch: 2, validationData: [x, y] });
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => line.split(",")[0])).toEqual(["epoch", "0", "1", "2", "3"]);
    expect(lines.at(-1)!.split(",")).toHaveLength(5);
    await fit([csvLogger(file, { separator: ";" })], 1);
    expect(readFileSync(file, "utf8")).toMatch(/^epoch;accuracy;loss;val_accuracy;val_loss\r\n0;[^\n]*\n$/);
    // A run that was killed while it wrote leaves a part of a line.
    writeFileSync(file, "epoch,accuracy,loss\n0,0.5");
    await fit([csvLogger(file, { append: true })], 2, { initialEpoch: 1 });
    expect(readFileSync(file, "utf8")).toMatch(/^epoch,accuracy,loss\n0,0\.5\r\n1,[\d.]+,[\d.]+\r\n$/);
  });

  it("writes numbers as Python does", async () => {
    const values = [1, 0, 0.25, 1e-5, 0.0001, 1.5e-7, 123456789012345680000, Number.NaN, [0.5, 1]];
    const lines: string[] = [];
    const one = csvLogger((line) => void lines.push(line));
    await one.onEpochEnd!(
      3,
      Object.fromEntries(values.map((value, i) => [`val_${i}`, value])) as never,
      undefined as never,
    );
    // csv.DictWriter's row of these values, by Keras 3.15.1.
    expect(lines[1]).toBe('3,1.0,0.0,0.25,1e-05,0.0001,1.5e-07,1.2345678901234568e+20,nan,"""[0.5, 1.0]"""\r\n');
  });

  it("hands lines to a function, and says so where there are no files", async () => {
    const lines: string[] = [];
    await build(inMemory).fit(x, y, { callbacks: [csvLogger((line) => void lines.push(line))] });
    expect(lines).toHaveLength(2);
    await expect(build(inMemory).fit(x, y, { callbacks: [csvLogger("a.csv")] })).rejects.toThrow(/give a function/);
  });
});

describe("modelCheckpoint with saveWeightsOnly", () => {
  it("writes a .weights.h5 file that goes back into the architecture", async () => {
    const model = build();
    const filepath = at("best-{epoch:02d}.weights.h5");
    await model.fit(x, y, { epochs: 1, callbacks: [modelCheckpoint({ filepath, saveWeightsOnly: true })] });
    expect(existsSync(at("best-01.weights.h5"))).toBe(true);
    const config = {
      module: "keras",
      class_name: "Sequential",
      config: {
        name: "sequential",
        layers: [
          { module: "keras.layers", class_name: "InputLayer", config: { batch_shape: [null, 3], name: "in" } },
          { module: "keras.layers", class_name: "Dense", config: { name: "dense", units: 1, activation: "sigmoid" } },
        ],
      },
    };
    const weights = new Uint8Array(readFileSync(at("best-01.weights.h5")));
    const loaded = await loadModel({ json: config, weights }, { build: "simd" });
    expect(loaded.predict(x)).toEqual(model.predict(x));
    expect(() => modelCheckpoint({ filepath: "a.h5", saveWeightsOnly: true })).toThrow(/must end in \.weights\.h5/);
  });
});
