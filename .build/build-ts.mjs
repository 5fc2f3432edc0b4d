// Compiles src/ into dist/, joins the modules of each entry and puts the two kernel builds beside them. A stale dist/
// never survives. Joined, the package starts faster: an import of 200 small files takes Node four times as long.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

rmSync(join(root, "dist"), { recursive: true, force: true });
const run = spawnSync(process.execPath, [tsc, "-p", "tsconfig.json"], { cwd: root, stdio: "inherit" });
if (run.status !== 0) process.exit(run.status ?? 1);
const entries = [
  ...["node", "browser", "training-node", "training-browser", "worker-node", "worker-browser"].map(
    (name) => `platform/${name}`,
  ),
  "layers/companions",
  "cli/main",
];
const { metafile } = await esbuild.build({
  absWorkingDir: root,
  entryPoints: entries.map((entry) => `dist/${entry}.js`),
  outdir: "dist",
  outbase: "dist",
  // Beside the entries, so that the workers' addresses, relative to them, stay right.
  chunkNames: "platform/shared-[hash]",
  bundle: true,
  splitting: true,
  allowOverwrite: true,
  format: "esm",
  target: "es2022",
  // Small enough to be joined: a search for a package costs milliseconds at the start.
  external: [
    "node:*",
    ...Object.keys(dependencies).filter((name) => !["@assemblyscript/loader", "fflate"].includes(name)),
  ],
  metafile: true,
  logLevel: "warning",
});
for (const output of Object.keys(metafile.outputs)) {
  // Nothing here has side effects, and bundlers warn of imports for their sake.
  const file = join(root, output);
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(/^import "\.[^"]*";\n/gm, ""));
}
for (const build of ["simd", "relaxed"]) {
  copyFileSync(join(root, `build/${build}.wasm`), join(root, `dist/${build}.wasm`));
}
chmodSync(join(root, "dist/cli/main.js"), 0o755);
