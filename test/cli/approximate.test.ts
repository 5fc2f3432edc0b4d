import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bidirectional, embedding, input, lstm, sequential } from "../../src/platform/training-node.ts";
import { runCli } from "./run-cli.ts";

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "rnn-wasm approximate "));
  // An LSTM applies its activation to the cell state, too: no weight carries slope 1/6 over to Keras 2's 0.2.
  const hard = sequential([input([null, 3]), lstm(4, { activation: "hard_sigmoid" })], { build: "simd" });
  await hard.save(at("hard.keras"));
  // Keras 1 repeats the last output at padded positions, Keras 3 puts out zeros.
  const masked = sequential(
    [
      input([null], { dtype: "int32" }),
      embedding(9, 3, { maskZero: true }),
      bidirectional(lstm(2, { returnSequences: true })),
    ],
    { build: "simd" },
  );
  await masked.save(at("masked.keras"));
  writeFileSync(at("x.json"), "[[[0, 0, 0], [1, 1, 1]]]");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const largest = (stdout: string) => Number(/difference at most ([\d.e+-]+)/.exec(stdout)?.[1]);

describe("rnn-wasm convert --approximate", () => {
  it("refuses without it and writes nothing", async () => {
    const { code, stderr } = await runCli(["convert", at("hard.keras"), at("hard.h5")]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/hard_sigmoid has another slope.*--approximate/);
    expect(existsSync(at("hard.h5"))).toBe(false);
  });

  it("warns of a hard sigmoid and measures the difference, on random samples and on given ones", async () => {
    const random = await runCli(["convert", at("hard.keras"), at("hard.h5"), "--approximate"]);
    expect(random.code).toBe(0);
    expect(random.stderr).toMatch(/^warning: .*hard_sigmoid/m);
    expect(random.stdout).toMatch(/accuracy on 8 random samples against the original/);
    expect(largest(random.stdout)).toBeGreaterThan(1e-4);
    expect(largest(random.stdout)).toBeLessThan(0.5);
    const given = ["convert", at("hard.keras"), at("hard.h5"), "--approximate", "--force", "--samples", at("x.json")];
    expect((await runCli(given)).stdout).toMatch(/accuracy on 1 samples against the original/);
  });

  it("warns of padded positions and measures them", async () => {
    const { code, stdout, stderr } = await runCli([
      "convert",
      at("masked.keras"),
      at("masked.h5"),
      "--keras",
      "1",
      "--approximate",
    ]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toMatch(/^warning: Bidirectional layer .*are zero here and repeat the last output in the target/m);
    expect(largest(stdout)).toBeGreaterThan(1e-4);
  });

  it("says nothing where nothing is approximated, and refuses --samples without it", async () => {
    const exact = await runCli(["convert", at("masked.keras"), at("exact.h5"), "--approximate"]);
    expect(exact.stdout).not.toMatch(/accuracy/);
    expect((await runCli(["convert", at("masked.keras"), at("y.h5"), "--samples", at("x.json")])).code).toBe(2);
    expect((await runCli(["convert", at("masked.keras"), at("y.keras"), "--keras", "1"])).code).toBe(2);
    expect((await runCli(["convert", at("masked.keras"), at("y.h5"), "--keras", "3"])).code).toBe(2);
  });
});
