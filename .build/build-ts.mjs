// Compiles src/ into dist/ and puts the two kernel builds beside it. A stale dist/ never survives.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

rmSync(join(root, "dist"), { recursive: true, force: true });
const run = spawnSync(process.execPath, [tsc, "-p", "tsconfig.json"], { cwd: root, stdio: "inherit" });
if (run.status !== 0) process.exit(run.status ?? 1);
for (const build of ["simd", "relaxed"]) {
  copyFileSync(join(root, `build/${build}.wasm`), join(root, `dist/${build}.wasm`));
}
chmodSync(join(root, "dist/cli/main.js"), 0o755);
