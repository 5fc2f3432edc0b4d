// Installs the benchmark's rivals, which are no part of the package: npm run bench:peers -- [--torch]
// --torch makes bench/peers/.venv-torch with PyTorch from PyPI as well (3 GB with its CUDA parts) for the suite `training`.
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const peers = join(dirname(fileURLToPath(import.meta.url)), "../bench/peers");
const { values: options } = parseArgs({ options: { torch: { type: "boolean", default: false } } });
const run = (command, ...args) => execFileSync(command, args, { cwd: peers, stdio: "inherit" });

run(process.platform === "win32" ? "npm.cmd" : "npm", "ci", "--ignore-scripts");
if (options.torch) {
  run("python3", "-m", "venv", ".venv-torch");
  run(join(peers, ".venv-torch/bin/python"), "-m", "pip", "install", "-q", "torch==2.15.0", "numpy");
}
