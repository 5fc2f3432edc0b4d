// Runs a TypeScript file on any Node: bundled by esbuild into a temporary file inside node_modules, then imported.
//   node .build/run-ts.mjs bench/run.ts [arguments]
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const [entry] = process.argv.splice(2, 1);
if (!entry) {
  console.error("usage: node .build/run-ts.mjs FILE.ts [arguments]");
  process.exit(2);
}
const cache = join(root, "node_modules/.cache");
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, "run-ts-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const outfile = join(folder, "main.mjs");
await build({
  entryPoints: [resolve(root, entry)],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  logLevel: "warning",
});
process.chdir(root);
await import(pathToFileURL(outfile).href);
