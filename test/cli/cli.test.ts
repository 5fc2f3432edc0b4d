import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readNpy, writeNpy } from "../../src/formats/npy.ts";
import { runCli, smallModel } from "./run-cli.ts";

const sentiment = fileURLToPath(new URL("../../models/sentiment", import.meta.url));
let folder: string;
let model: string;
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rnn-wasm cli "));
  model = at("small");
  mkdirSync(model);
  const { json, weights } = smallModel();
  writeFileSync(join(model, "model.json"), JSON.stringify(json));
  writeFileSync(join(model, "weights.safetensors"), weights);
  writeFileSync(at("x.json"), "[[1, 2], [3, 4]]");
  writeFileSync(at("x.npy"), writeNpy({ shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const expected = [
  [1.5, 4, 1],
  [3.5, 8, 1],
];

describe("rnn-wasm predict", () => {
  it("prints JSON for a JSON file, an .npy file and standard input", async () => {
    for (const input of ["x.json", "x.npy"]) {
      const { code, stdout, stderr } = await runCli(["predict", model, "--input", at(input)]);
      expect({ code, stderr, y: JSON.parse(stdout) }).toEqual({ code: 0, stderr: "", y: expected });
    }
    for (const input of [readFileSync(at("x.json")), readFileSync(at("x.npy"))]) {
      const { code, stdout } = await runCli(["predict", model, "--input", "-"], input);
      expect({ code, y: JSON.parse(stdout) }).toEqual({ code: 0, y: expected });
    }
  });

  it("takes an input by name", async () => {
    const { stdout } = await runCli(["predict", model, "--input", `input=${at("x.npy")}`]);
    expect(JSON.parse(stdout)).toEqual(expected);
    const object = await runCli(["predict", model, "--input", "-"], '{"input": [[1, 2]]}');
    expect(JSON.parse(object.stdout)).toEqual([expected[0]]);
  });

  it("writes .npy and .json, and overwrites only when told", async () => {
    const npy = at("y.npy");
    expect((await runCli(["predict", model, "-i", at("x.npy"), "-o", npy])).code).toBe(0);
    const { shape, data } = readNpy(readFileSync(npy));
    expect({ shape, data: [...data] }).toEqual({ shape: [2, 3], data: expected.flat() });
    const again = await runCli(["predict", model, "-i", at("x.npy"), "-o", npy]);
    expect(again).toMatchObject({ code: 2, stdout: "" });
    expect(again.stderr).toMatch(/^rnn-wasm: .*y\.npy exists already; pass --force to overwrite it\n$/);
    expect((await runCli(["predict", model, "-i", at("x.npy"), "-o", npy, "--force"])).code).toBe(0);
    await runCli(["predict", model, "-i", at("x.npy"), "-o", at("y.json")]);
    expect(JSON.parse(readFileSync(at("y.json"), "utf8"))).toEqual(expected);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("scores the 50 reviews of models/sentiment as Keras did", async () => {
    const { ImdbEncoder, padSequences } = await import("../../src/text/index.ts");
    const read = (name: string) => JSON.parse(readFileSync(join(sentiment, name), "utf8"));
    const { encoding } = read("card.json");
    const encoder = new ImdbEncoder(read("vocabulary.json"), encoding);
    const reviews = read("reviews.json") as { text: string; score: number }[];
    const x = padSequences(
      reviews.map(({ text }) => encoder.encode(text)),
      { maxlen: encoding.maxlen },
    );
    const ids = writeNpy({ shape: x.shape, data: x.data as Int32Array });
    const { code, stdout } = await runCli(["predict", sentiment, "--input", "-"], ids);
    const scores = (JSON.parse(stdout) as number[][]).map(([score]) => score!);
    expect(code).toBe(0);
    expect(scores).toHaveLength(50);
    scores.forEach((score, i) => {
      expect(Math.abs(score - reviews[i]!.score)).toBeLessThanOrEqual(2e-5);
    });
  });
});

describe("rnn-wasm inspect", () => {
  it("shows layers, shapes, parameters and the rules", async () => {
    const { code, stdout } = await runCli(["inspect", model]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/dense +Dense +\[any, 3\] +9/);
    expect(stdout).toContain("hardSigmoid: hardSigmoid6");
  });

  it("prints the same as JSON", async () => {
    const { stdout } = await runCli(["inspect", model, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      name: "small",
      era: "keras3",
      kerasVersion: "3.15.1",
      inputs: [{ name: "input", shape: [null, 2], dtype: "float32" }],
      outputs: [{ shape: [null, 3], dtype: "float32" }],
      layers: [{ name: "input" }, { name: "dense", className: "Dense", outputShapes: [[null, 3]], parameters: 9 }],
      parameters: 9,
    });
  });
});

describe("rnn-wasm convert and verify", () => {
  it("stores a pair that verify recomputes, in float32 and float16", async () => {
    for (const dtype of ["float32", "float16"]) {
      const out = at(`copy-${dtype}`);
      const converted = await runCli(["convert", model, out, "--dtype", dtype, "--verify-input", at("x.npy")]);
      expect(converted).toMatchObject({ code: 0, stderr: "" });
      const verified = await runCli(["verify", out]);
      expect(verified).toMatchObject({ code: 0, stderr: "" });
      expect(verified.stdout).toContain("reproduces its stored outputs");
    }
  });

  it("finds weights that were changed after the pair was stored", async () => {
    const out = at("changed");
    await runCli(["convert", model, out, "--verify-input", at("x.npy")]);
    const file = join(out, "weights.safetensors");
    const bytes = readFileSync(file);
    bytes.writeFloatLE(7, bytes.length - 36);
    writeFileSync(file, bytes);
    const { code, stderr } = await runCli(["verify", out]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^rnn-wasm: .*does not reproduce its stored outputs.*\n$/);
  });

  it("says so when there is nothing to verify", async () => {
    const { code, stdout } = await runCli(["verify", model]);
    expect(code).toBe(0);
    expect(stdout).toContain("carries no input/output pair");
  });

  it("writes .keras and .h5 files that give the same outputs", async () => {
    for (const name of ["copy.keras", "copy.h5"]) {
      expect(await runCli(["convert", model, at(name)])).toMatchObject({ code: 0 });
      const { code, stdout, stderr } = await runCli(["predict", at(name), "-i", at("x.npy")]);
      expect({ code, stderr, y: JSON.parse(stdout || "null") }).toEqual({ code: 0, stderr: "", y: expected });
    }
  });

  it("writes a .json with its weights beside it", async () => {
    expect((await runCli(["convert", model, at("named.json")])).code).toBe(0);
    expect(existsSync(at("named.json.safetensors"))).toBe(true);
    expect(JSON.parse((await runCli(["predict", at("named.json"), "-i", at("x.npy")])).stdout)).toEqual(expected);
  });

  it("refuses to overwrite without --force", async () => {
    const { code, stderr } = await runCli(["convert", model, model]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/exists already; pass --force/);
    expect((await runCli(["convert", model, model, "--force"])).code).toBe(0);
  });
});

describe("bad files and inputs: one line, exit 1", () => {
  async function refuses(args: readonly string[], pattern: RegExp, stdin?: string | Uint8Array) {
    const { code, stdout, stderr } = await runCli(args, stdin);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^rnn-wasm: [^\n]+\n$/);
    expect(stderr).not.toMatch(/internal error|\n {4}at /);
    expect(stderr).toMatch(pattern);
  }
  const bad = (name: string, bytes: Uint8Array | string) => {
    writeFileSync(at(name), bytes);
    return at(name);
  };
  const random = Uint8Array.from({ length: 4096 }, (_, i) => (i * 2654435761) >>> 13);

  it("missing, empty and random models", async () => {
    await refuses(["inspect", at("nothing.keras")], /nothing\.keras/);
    await refuses(["inspect", bad("empty.keras", "")], /empty/);
    await refuses(["inspect", bad("random.h5", random)], /random\.h5/);
    await refuses(["inspect", folder], /model\.json/);
  });

  it("truncated and renamed models", async () => {
    await runCli(["convert", model, at("whole.keras"), "--force"]);
    await runCli(["convert", model, at("whole.h5"), "--force"]);
    for (const name of ["whole.keras", "whole.h5"]) {
      const bytes = readFileSync(at(name));
      for (const share of [0.1, 0.5, 0.9]) {
        const cut = bad(`cut-${share}-${name}`, bytes.subarray(0, Math.floor(bytes.length * share)));
        await refuses(["predict", cut, "-i", at("x.npy")], /cut/);
      }
      // Another ending changes nothing: the content decides.
      const renamed = bad(`renamed-${name}.txt`, bytes);
      expect((await runCli(["predict", renamed, "-i", at("x.npy")])).code).toBe(0);
    }
    await refuses(
      ["inspect", bad("image.keras", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10))],
      /image\.keras/,
    );
    await refuses(["inspect", bad("x.keras", readFileSync(at("x.npy")))], /x\.keras/);
  });

  it("damaged and wrong-shaped models of our own format", async () => {
    const { json, weights } = smallModel();
    const write = (name: string, text: string, bytes?: Uint8Array) => {
      mkdirSync(at(name), { recursive: true });
      writeFileSync(join(at(name), "model.json"), text);
      if (bytes) writeFileSync(join(at(name), "weights.safetensors"), bytes);
      return at(name);
    };
    const text = JSON.stringify(json);
    await refuses(["inspect", write("cut-json", text.slice(0, 300), weights)], /JSON/);
    await refuses(["inspect", write("no-weights", text)], /weights\.safetensors/);
    await refuses(
      ["inspect", write("cut-weights", text, weights.subarray(0, weights.length - 8))],
      /weights|safetensors/,
    );
    await refuses(["inspect", write("wide", text.replace('"units":3', '"units":4'), weights)], /dense.*\[any, 4\]/);
    await refuses(["inspect", write("new", text.replace('"version":1', '"version":99'), weights)], /version 99/);
    await refuses(["inspect", write("unknown", text.replace('"Dense"', '"Tense"'), weights)], /Tense/);
  });

  it("wrong inputs", async () => {
    await refuses(["predict", model, "-i", at("none.npy")], /none\.npy cannot be read: there is no such file/);
    await refuses(["predict", model, "-i", "-"], /standard input is empty/, "");
    await refuses(["predict", model, "-i", "-"], /JSON/, "[[1, 2");
    await refuses(["predict", model, "-i", "-"], /\[any, 2\].*\[1, 3\]/, "[[1, 2, 3]]");
    await refuses(["predict", model, "-i", "-"], /rows differ in length/, "[[1, 2], [3]]");
    await refuses(["predict", model, "-i", "-"], /takes float32; got strings/, '[["a", "b"]]');
    await refuses(["predict", model, "-i", "-"], /inputs are input; got other/, '{"other": [[1, 2]]}');
    await refuses(["predict", model, "-i", bad("cut.npy", readFileSync(at("x.npy")).subarray(0, 90))], /cut\.npy/);
    await refuses(["predict", model, "-i", at("x.npy"), "-i", at("x.npy")], /input/);
    await refuses(["predict", sentiment, "-i", "-"], /20000|19999/, JSON.stringify([new Array(100).fill(20000)]));
  });
});

describe("wrong usage: exit 2", () => {
  it.each([
    [[], /Usage/],
    [["frobnicate"], /unknown command/],
    [["verify"], /missing required argument/],
    [["predict", "m"], /required option/],
    [["predict", "m", "-i", "x", "--colour"], /unknown option/],
    [["predict", "m", "-i", "x", "--build", "avx"], /build/],
    [["predict", "m", "-i", "x", "--batch-size", "0"], /whole number/],
    [["predict", "m", "-i", "x", "-o", "y.csv"], /\.npy, \.npz or \.json/],
    [["convert", "m", "out", "--format", "onnx"], /format/],
    [["convert", "m", "out", "--format", "keras"], /end in \.keras/],
    [["convert", "m", "out.keras", "--dtype", "float16"], /rnn-wasm/],
  ])("%j", async (args, pattern) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(pattern);
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  it("has help with examples for every command, exit 0", async () => {
    for (const command of [[], ["inspect"], ["predict"], ["verify"], ["convert"]]) {
      const { code, stdout, stderr } = await runCli([...command, "--help"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(command.length > 0 ? /Examples:\n {2}\$/ : /Exit codes/);
    }
    expect((await runCli(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("files as people of 2017 kept them", () => {
  const wild = (name: string) => fileURLToPath(new URL(`../fixtures/wild/keras-2.2.4-ctc/${name}`, import.meta.url));

  it("are an architecture and weights, which --weights joins; a JSON string of JSON is one too", async () => {
    writeFileSync(at("dumped.json"), JSON.stringify(readFileSync(wild("model.json"), "utf8")));
    for (const json of [wild("model.json"), at("dumped.json")]) {
      const args = ["inspect", json, "--weights", wild("weights.h5"), "--until", "softmax", "--json"];
      expect(JSON.parse((await runCli(args)).stdout).outputs[0].shape).toEqual([null, 6, 7]);
    }
    const alone = await runCli(["inspect", wild("model.json")]);
    expect(alone).toMatchObject({ code: 1, stderr: expect.stringMatching(/without weights\. .*--weights FILE\.\n$/) });
  });

  it("may be Python code in part: --until leaves that out, also of what convert writes", async () => {
    const refused = await runCli(["inspect", wild("model.h5")]);
    expect(refused.stderr).toMatch(/^rnn-wasm: model\.h5: .*Lambda \(layer "ctc"\).*--until softmax\.\n$/);
    expect((await runCli(["convert", wild("model.h5"), at("ctc"), "--until", "softmax"])).code).toBe(0);
    const { stdout } = await runCli(["inspect", at("ctc"), "--json"]);
    expect(JSON.parse(stdout).outputs[0].shape).toEqual([null, 6, 7]);
    const wrong = await runCli(["inspect", at("ctc"), "--until", "sofmax"]);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/no layer "sofmax"/) });
  });
});
