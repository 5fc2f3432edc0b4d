import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
