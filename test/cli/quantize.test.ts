import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accuracyOf } from "../../src/cli/accuracy.ts";
import { ImdbEncoder, padSequences } from "../../src/text/index.ts";
import { runCli, smallModel } from "./run-cli.ts";

const FOLDER = new URL("../../models/sentiment/", import.meta.url);
const sentiment = fileURLToPath(FOLDER);
let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rnn-wasm quantize "));
  const json = (name: string) => JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));
  const { encoding } = json("card.json");
  const encoder = new ImdbEncoder(json("vocabulary.json") as string[], encoding);
  const ids = (json("reviews.json") as { text: string }[]).map((review) => encoder.encode(review.text));
  const { data, shape } = padSequences(ids, { maxlen: encoding.maxlen });
  const rows = Array.from({ length: shape[0]! }, (_, row) => [...data.slice(row * shape[1]!, (row + 1) * shape[1]!)]);
  writeFileSync(at("reviews.json"), JSON.stringify(rows));
  mkdirSync(at("small"));
  const small = smallModel();
  writeFileSync(join(at("small"), "model.json"), JSON.stringify(small.json));
  writeFileSync(join(at("small"), "weights.safetensors"), small.weights);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("rnn-wasm convert --quantize", () => {
  it("writes a quarter of the bytes and reports the accuracy on samples", async () => {
    const out = at("int8");
    const given = ["--samples", at("reviews.json"), "--verify-input", at("reviews.json")];
    const { code, stdout, stderr } = await runCli(["convert", sentiment, out, "--quantize", "int8", ...given]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("accuracy on 50 samples against the original\n");
    expect(stdout).toMatch(/output 0: difference at most \S+, mean \S+; decisions changed: 0 of 50 \(0\.00%\)\n/);
    await runCli(["convert", sentiment, at("float32"), "--dtype", "float32"]);
    const bytes = (name: string) => statSync(join(at(name), "weights.safetensors")).size;
    expect(bytes("int8") / bytes("float32")).toBeLessThanOrEqual(0.27);
    expect((await runCli(["verify", out])).code).toBe(0);
    expect((await runCli(["verify", out, "--build", "simd"])).code).toBe(0);
  });

  it("says what it does not know without samples, and halves with float16", async () => {
    for (const dtype of ["int8", "float16"]) {
      const { code, stderr } = await runCli(["convert", at("small"), at(`small-${dtype}`), "--quantize", dtype]);
      expect(code).toBe(0);
      expect(stderr).toMatch(/^note: pass inputs of yours as --samples/);
    }
  });

  it("is called wrongly with --dtype or for another format", async () => {
    const both = await runCli(["convert", at("small"), at("no"), "--quantize", "int8", "--dtype", "float16"]);
    expect(both).toMatchObject({ code: 2, stderr: "rnn-wasm: give --dtype or --quantize, not both\n" });
    const keras = await runCli(["convert", at("small"), at("no.keras"), "--quantize", "int8"]);
    expect(keras.code).toBe(2);
  });
});

describe("the accuracy report", () => {
  const tensor = (data: number[], width: number) => ({
    data: Float32Array.from(data),
    shape: [data.length / width, width],
  });

  it("counts changed decisions by the largest entry, or the side of 0.5", () => {
    expect(accuracyOf(tensor([0.4, 0.9], 1), tensor([0.6, 0.8], 1))).toMatchObject({ changed: 1, decisions: 2 });
    const rows = accuracyOf(tensor([1, 2, 3, 4, 5, 0], 3), tensor([1, 3.5, 3, 4, 5, 0], 3));
    expect(rows).toEqual({ maximum: 1.5, mean: 0.25, changed: 1, decisions: 2 });
  });

  it("does not call a NaN close", () => {
    expect(accuracyOf(tensor([1], 1), tensor([Number.NaN], 1)).maximum).toBe(Number.POSITIVE_INFINITY);
  });
});
