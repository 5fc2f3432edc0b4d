import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Installed, installPacked } from "./support/packed.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

describe("the package", () => {
  let installed: Installed;
  beforeAll(() => {
    installed = installPacked();
  });
  afterAll(() => installed?.remove());

  it("holds the built code, the kernels, the licence and nothing else", () => {
    expect(installed.files).toEqual(
      expect.arrayContaining(["dist/simd.wasm", "dist/relaxed.wasm", "LICENSE", "README.md"]),
    );
    const others = installed.files.filter((file) => !/^(dist\/|package\.json$|README\.md$|LICENSE$)/.test(file));
    expect(others).toEqual([]);
  });

  it("holds code once: the joined modules", () => {
    const code = installed.files.filter((file) => file.endsWith(".js"));
    expect(code.filter((file) => !/^dist\/(platform|layers|cli)\//.test(file))).toEqual([]);
  });

  it("passes publint", async () => {
    const { messages } = await publint({ pkgDir: join(installed.folder, "node_modules/rnn-wasm"), level: "warning" });
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
  });

  it("pins every version", () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([]);
  });

  it("is imported in Node by its name, with types", () => {
    const program = `
      import { loadModel, runtimeInfo, type Tensor } from "rnn-wasm";
      const info: { build: "simd" | "relaxed" } = runtimeInfo();
      const load: (source: string) => Promise<{ predict(x: number[][]): Tensor }> = loadModel;
      console.log(info.build, typeof load);
    `;
    writeFileSync(join(installed.folder, "user.mts"), program);
    const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
    const options = ["--module", "nodenext", "--target", "es2022", "--lib", "es2023,dom,esnext.disposable", "--strict"];
    const compiled = spawnSync(process.execPath, [tsc, ...options, "user.mts"], {
      cwd: installed.folder,
      encoding: "utf8",
    });
    expect(compiled.stdout).toBe("");
    const printed = execFileSync(process.execPath, ["user.mjs"], { cwd: installed.folder, encoding: "utf8" });
    expect(printed).toMatch(/^(simd|relaxed) function\n$/);
  });

  it("ends a program that does not catch an error with its name, its trace and a line of code", () => {
    const program = `
      import { dense, input, sequential } from "rnn-wasm/training";
      sequential([input([3]), dense(1)]).predict([[1]]);
    `;
    writeFileSync(join(installed.folder, "uncaught.mjs"), program);
    const { stderr } = spawnSync(process.execPath, ["uncaught.mjs"], { cwd: installed.folder, encoding: "utf8" });
    expect(stderr).toContain('\nShapeError: The input "input_layer" must be [any, 3] (batch first); got [1, 1].\n');
    expect(stderr).toMatch(/ at InferenceModel\.run .*\n.* at (Sequential|model)\.predict /);
    expect(Math.max(...stderr.split("\n").map((line) => line.length))).toBeLessThan(400);
  });

  it("brings the command rnn-wasm, whose exit codes and pipes behave", () => {
    const command = join(installed.folder, "node_modules/.bin/rnn-wasm");
    const model = join(root, "models/sentiment");
    const help = spawnSync(command, ["--help"], { encoding: "utf8" });
    expect({ status: help.status, stderr: help.stderr }).toEqual({ status: 0, stderr: "" });
    expect(spawnSync(command, ["predict"], { encoding: "utf8" }).status).toBe(2);
    const missing = spawnSync(command, ["inspect", "nothing.keras"], { encoding: "utf8" });
    expect(missing).toMatchObject({
      status: 1,
      stderr: "rnn-wasm: nothing.keras cannot be read: there is no such file.\n",
    });
    const input = JSON.stringify(Array.from({ length: 300 }, () => new Array(100).fill(1)));
    // head closes the pipe early.
    const piped = spawnSync("bash", ["-c", '"$0" predict "$1" --input - | head -c 5', command, model], {
      input,
      encoding: "utf8",
    });
    expect(piped.stdout).toHaveLength(5);
    expect(piped.stderr).toBe("");
  });

  it("runs from its kernels' files, and without them from the text beside", () => {
    const dist = join(installed.folder, "node_modules/rnn-wasm/dist");
    const run = () =>
      execFileSync(process.execPath, ["--input-type=module", "-e", program], {
        cwd: installed.folder,
        encoding: "utf8",
        stdio: "pipe",
      });
    const program = `
      import { loadModel } from "rnn-wasm";
      const model = await loadModel(${JSON.stringify(join(root, "models/sentiment"))}, { build: "simd" });
      console.log(model.predict([new Array(100).fill(7)]).data[0]);
    `;
    const expected = run();
    renameSync(join(dist, "simd.wasm"), join(dist, "away.wasm"));
    expect(run()).toBe(expected);
    writeFileSync(join(dist, "simd.wasm"), "no module");
    expect(run).toThrow(/EngineError/);
    // Node prints the line that an error came from.
    expect(
      spawnSync(process.execPath, ["--input-type=module", "-e", program], { cwd: installed.folder }).stderr.length,
    ).toBeLessThan(4000);
    renameSync(join(dist, "away.wasm"), join(dist, "simd.wasm"));
  });
});
