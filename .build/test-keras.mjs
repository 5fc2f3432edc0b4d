// Checks with real Keras: random models of today's Keras load here with its numbers, and what this package writes loads
// in Keras 3.0, 3.8, the newest and tf-keras with equal outputs. Makes a Python environment from PyPI outside the project.
//   npm run test:keras -- [--random 40] [--seed 1] [--goldens REGEXP|all|none] [--nightly] [--cache FOLDER] [--require]
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { values: options } = parseArgs({
  options: {
    random: { type: "string" },
    seed: { type: "string", default: "1" },
    goldens: { type: "string" },
    nightly: { type: "boolean", default: false },
    cache: { type: "string", default: process.env["RNN_WASM_KERAS_CACHE"] ?? join(homedir(), ".cache/rnn-wasm/keras") },
    require: { type: "boolean", default: false },
  },
});
const count = Number(options.random ?? (options.nightly ? 300 : 40));
const pattern =
  options.goldens ?? (options.random ? "none" : options.nightly ? "all" : "classic|real|seq2seq|hard-sigmoid");
/** Other Kerases share the environment's TensorFlow: each is a folder of its own on the path. */
const VERSIONS = {
  "keras-3.0": { package: "keras==3.0.5", module: "keras" },
  "keras-3.8": { package: "keras==3.8.0", module: "keras" },
  "tf-keras": { package: "tf-keras==2.21.0", module: "tf_keras" },
};

const python = join(options.cache, "bin/python");
const quiet = { TF_CPP_MIN_LOG_LEVEL: "3", CUDA_VISIBLE_DEVICES: "-1", TF_ENABLE_ONEDNN_OPTS: "0" };

function makeEnvironment() {
  const ready = join(options.cache, "ready");
  if (existsSync(ready)) return;
  console.log(`making a Python environment in ${options.cache} (1.6 GB from PyPI) …`);
  mkdirSync(options.cache, { recursive: true });
  const pip = (...args) =>
    execFileSync(python, ["-m", "pip", "install", "-q", ...args], { stdio: ["ignore", "ignore", "inherit"] });
  execFileSync("python3", ["-m", "venv", options.cache], { stdio: "inherit" });
  pip("tensorflow-cpu==2.21.0", "keras>=3.15,<4", "dm-tree");
  for (const [name, version] of Object.entries(VERSIONS))
    pip("--no-deps", "--target", join(options.cache, name), version.package);
  writeFileSync(ready, "");
}

function run(script, args, path, module) {
  const env = { ...process.env, ...quiet, ...(path && { PYTHONPATH: path }), ...(module && { KERAS_MODULE: module }) };
  const { status } = spawnSync(python, [join(root, "test/keras", script), ...args], {
    stdio: ["ignore", "inherit", "ignore"],
    env,
  });
  if (status !== 0) throw new Error(`${script} ended with ${status}`);
}

function node(script, ...args) {
  return (
    spawnSync(process.execPath, [join(root, ".build/run-ts.mjs"), `test/keras/${script}`, ...args], {
      stdio: "inherit",
    }).status === 0
  );
}

/** How many files of a manifest load with equal outputs; prints those that do not. */
function compare(folder, name, expected) {
  const version = VERSIONS[name];
  const report = join(folder, `report-${name}.json`);
  run("compare.py", [join(folder, "manifest.json"), report], version && join(options.cache, name), version?.module);
  const { keras, results } = JSON.parse(readFileSync(report, "utf8"));
  const equal = results.filter((result) => result.status === "equal").length;
  console.log(
    `${name === "newest" ? "keras" : name.replace(/-3.*/, "")} ${keras}: ${equal} of ${results.length} ${expected} load with equal outputs`,
  );
  const others = results.filter((result) => result.status !== "equal");
  for (const result of others.slice(0, 20))
    console.log(
      `  ${result.id}: ${result.status} ${(result.error ?? result.worst.toExponential(1)).toString().split("\n")[0].slice(0, 160)}`,
    );
  return others;
}

try {
  makeEnvironment();
} catch (error) {
  rmSync(join(options.cache, "ready"), { force: true });
  console.log(
    `test:keras is skipped: no Python environment can be made here (${String(error.message ?? error).split("\n")[0]}).`,
  );
  process.exit(options.require ? 1 : 0);
}

let failed = false;
const work = join(options.cache, "work");
rmSync(work, { recursive: true, force: true });
if (count > 0) {
  const folder = join(work, "random");
  run("random_models.py", [folder, options.seed, String(count)]);
  failed ||= !node("check-random.ts", folder);
  for (const name of ["newest", "keras-3.8", "keras-3.0"]) {
    failed ||= compare(join(folder, "written-keras"), name, "random models written as .keras").some(
      (result) => result.status === "different",
    );
  }
  failed ||= compare(join(folder, "written-h5"), "tf-keras", "random models written as .h5").some(
    (result) => result.status === "different",
  );
}
const goldens = join(root, "../shared/goldens");
if (pattern !== "none" && existsSync(goldens)) {
  const folder = join(work, "repaired");
  if (!node("write-goldens.ts", goldens, folder, "keras", pattern === "all" ? "." : pattern, "broken")) failed = true;
  const others = compare(folder, "newest", "repaired files that Keras 3.15 refuses or loads wrong");
  failed ||= others.some((result) => result.status === "different");
  const converted = JSON.parse(readFileSync(join(folder, "converted.json"), "utf8"));
  const reasons = new Map();
  for (const { refused } of converted) {
    if (!refused) continue;
    const reason = refused.replace(/"[^"]*"/g, '"…"').replace(/ Pass approximate.*$/, "");
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  for (const [reason, times] of [...reasons].sort((a, b) => b[1] - a[1]))
    console.log(`  ${times} not written: ${reason}`);
} else if (pattern !== "none") console.log("The goldens are not here; the repair count is skipped.");
process.exitCode = failed ? 1 : 0;
