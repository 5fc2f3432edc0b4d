import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");
const folder = join(root, "build/readme");
mkdirSync(folder, { recursive: true });

/** The code blocks of one kind, by the words behind the fence. */
function blocks(kind: string): string[] {
  return [...readme.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)]
    .filter(([, info]) => info === kind)
    .map(([, , code]) => code!);
}

describe("README", () => {
  it("begins with the two commands", () => {
    const lines = blocks("sh")[0]!.split("\n");
    expect(lines[0]).toMatch(/^npm ci && npm run demo\b/);
    expect(lines[1]).toMatch(/^npm ci && npm test$/);
  });

  it.each(blocks("js").map((code, i) => [i, code] as const))("program %i runs in Node", (i, code) => {
    const file = join(folder, `program-${i}.mjs`);
    writeFileSync(file, code);
    const run = spawnSync(process.execPath, [file], { cwd: root, encoding: "utf8" });
    expect({ status: run.status, stderr: run.stderr }).toEqual({ status: 0, stderr: "" });
    expect(run.stdout).not.toBe("");
  });

  it.each(blocks("js bundle").map((code, i) => [i, code] as const))(
    "program %i bundles for the web",
    async (_, code) => {
      const { errors, warnings } = await build({
        stdin: { contents: code, resolveDir: root, loader: "js" },
        bundle: true,
        format: "esm",
        platform: "browser",
        loader: { ".wasm": "binary" },
        write: false,
        logLevel: "silent",
      });
      expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
    },
  );

  it("has programs that TypeScript accepts, strictly", () => {
    const types = join(folder, "types");
    rmSync(types, { recursive: true, force: true });
    mkdirSync(types, { recursive: true });
    // What stands around a program and is not its business: the kernels' file in a worker, the handler's arguments.
    writeFileSync(join(types, "around.d.ts"), 'declare module "rnn-wasm/simd.wasm";\n');
    const programs = [
      ...blocks("js"),
      ...blocks("js bundle").map((code) => code.replaceAll(/(\w+), env\)/g, "$1: Request, env: any)")),
    ];
    programs.forEach((code, i) => {
      writeFileSync(join(types, `program-${i}.mts`), code);
    });
    expect(programs.length).toBeGreaterThan(5);
    const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
    const options =
      "--noEmit --ignoreConfig --module nodenext --target es2022 --lib es2023,dom,esnext.disposable --strict --types node";
    const files = programs.map((_, i) => `program-${i}.mts`);
    const { stdout } = spawnSync(process.execPath, [tsc, ...options.split(" "), "around.d.ts", ...files], {
      cwd: types,
      encoding: "utf8",
    });
    expect(stdout).toBe("");
  });

  it("has command lines that work", () => {
    const lines = blocks("sh")
      .flatMap((block) => block.split("\n"))
      .filter((line) => line.startsWith("npx rnn-wasm "));
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) {
      const args = line.split(" ").slice(2);
      expect(execFileSync(process.execPath, ["dist/cli/main.js", ...args], { cwd: root, encoding: "utf8" })).not.toBe(
        "",
      );
    }
  });

  it("draws every folder of src and top-level folder", async () => {
    const { readdirSync } = await import("node:fs");
    const tree = blocks("").find((block) => block.startsWith("assembly/"))!;
    const folders = (path: string) =>
      readdirSync(join(root, path), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !/^\.|^(node_modules|build|dist)$/.test(entry.name))
        .map((entry) => `${entry.name}/`);
    expect([...folders("."), ...folders("src")].filter((name) => !tree.includes(name))).toEqual([]);
  });
});
