import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadModel, loadModelSync, type Model } from "../../src/platform/node.ts";

/** A model whose table of words is 10 MB of the file's 11. */
const SENTIMENT = fileURLToPath(new URL("../../models/sentiment/", import.meta.url));
const FILES = ["model.json", "weights.safetensors"] as const;
const REVIEW = [Array.from({ length: 100 }, (_, t) => (t * 197) % 20000)];

/** A hash of all weights: millions of numbers take a test's comparison seconds. */
const weightsHash = (model: Model): string => {
  const hash = createHash("sha256");
  for (const { data } of model.getWeights()) hash.update(data as Float32Array);
  return hash.digest("hex");
};

/** Some batches look up so many words that the whole table is read for them. */
const MANY = Array.from({ length: 10 }, (_, row) => Array.from({ length: 100 }, (_, t) => row * 1900 + t * 19));

describe("a model whose table is read when its rows are asked for", () => {
  let folder: string;
  let weights: string;
  const fromBytes = () => {
    const [json, bytes] = FILES.map((name) => readFileSync(join(SENTIMENT, name)));
    return loadModelSync({ json: json!, weights: bytes! });
  };
  const isOpen = () =>
    readdirSync("/proc/self/fd").some((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(weights);
      } catch {
        return false;
      }
    });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rnn-wasm-late-"));
    weights = join(folder, "weights.safetensors");
    for (const name of FILES) copyFileSync(join(SENTIMENT, name), join(folder, name));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("gives the bits of one whose bytes were there: at once, for many rows, and once all is read", async () => {
    const whole = fromBytes();
    for (const x of [REVIEW, MANY]) {
      const late = await loadModel(folder);
      expect(late.predict(x).data).toEqual(whole.predict(x).data);
      expect(late.predict(MANY).data).toEqual(whole.predict(MANY).data);
      const read = await loadModel(folder);
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(read.predict(x).data).toEqual(whole.predict(x).data);
    }
  });

  it("has its whole weights to give and to replace, before and after a prediction", async () => {
    const expected = fromBytes().getWeights();
    const model = await loadModel(folder);
    expect(weightsHash(model)).toEqual(weightsHash(fromBytes()));
    const other = await loadModel(folder);
    const before = other.predict(REVIEW).data[0]!;
    expect(weightsHash(other)).toEqual(weightsHash(fromBytes()));
    other.setWeights(
      expected.map(({ data, shape }) => ({ shape, data: Float32Array.from(data as Float32Array, (w) => -w) })),
    );
    expect(other.predict(REVIEW).data[0]).not.toBe(before);
  });

  it("goes on when the file is deleted", async () => {
    const model = await loadModel(folder);
    rmSync(folder, { recursive: true });
    expect(model.predict(REVIEW).data).toEqual(fromBytes().predict(REVIEW).data);
    expect(weightsHash(model)).toEqual(weightsHash(fromBytes()));
  });

  it("refuses to mix in what another writes over the file", async () => {
    const model = await loadModel(folder);
    writeFileSync(weights, new Uint8Array(readFileSync(weights).length));
    expect(() => model.predict(MANY)).toThrow(/weights\.safetensors cannot be read: it was written to while/);
    expect(() => model.getWeights()).toThrow(/load the model again/);
  });

  it("tells of a file that has become shorter, also in the background", async () => {
    const model = await loadModel(folder);
    writeFileSync(weights, new Uint8Array(5));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(() => model.predict(REVIEW)).toThrow(/it was written to while/);
  });

  it.skipIf(process.platform !== "linux")("closes the file when all is read, and after a fault", async () => {
    await loadModel(folder);
    expect(isOpen()).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(isOpen()).toBe(false);
    (await loadModel(folder)).getWeights();
    const json = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
    json.graph.layers.find(({ className }: { className: string }) => className === "LSTM").config.units = 7;
    writeFileSync(join(folder, "model.json"), JSON.stringify(json));
    await expect(loadModel(folder)).rejects.toThrow(/must have the shape/);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(isOpen()).toBe(false);
  });
});
