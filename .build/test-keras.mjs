// Checks with real Keras: random models of today's Keras load here with its numbers, and what this package writes loads
// in Keras with equal outputs. Makes a Python environment from PyPI outside the project. Red for any failure.
//   npm run test:keras -- [--models 300] [--training 60] [--seed 1] [--slice] [--versions newest,keras-3.8,keras-3.0,tf-keras]
//     [--goldens REGEXP|all|none] [--cache FOLDER] [--report FILE] [--require]
// --training: random models that the newest Keras and this package train for some steps, losses and weights compared;
// then every option of optimizers, schedules, losses, metrics, regularizers and constraints once, every layer class and the
// ways in which recurrent layers are put together. Models that are built and trained here are saved, and Keras goes on with
// them.
// --models 3000 is the nightly size; --slice is what .ci/run does: 40 models, 12 trained, the newest Keras alone.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { values: options } = parseArgs({
  options: {
    models: { type: "string" },
    training: { type: "string" },
    seed: { type: "string", default: "1" },
    slice: { type: "boolean", default: false },
    versions: { type: "string" },
    goldens: { type: "string", default: "none" },
    cache: { type: "string", default: process.env["RNN_WASM_KERAS_CACHE"] ?? join(homedir(), ".cache/rnn-wasm/keras") },
    report: { type: "string" },
    require: { type: "boolean", default: false },
  },
});
/** Other Kerases share the environment's TensorFlow: each is a folder of its own on the path. */
const VERSIONS = {
  newest: {},
  "keras-3.8": { package: "keras==3.8.0" },
  "keras-3.0": { package: "keras==3.0.5" },
  "tf-keras": { package: "tf-keras==2.21.0", module: "tf_keras" },
};
const count = Number(options.models ?? (options.slice ? 40 : options.training ? 0 : 300));
const trained = Number(options.training ?? (options.slice ? 12 : options.models ? 0 : 60));
const versions = (options.versions ?? (options.slice ? "newest" : "newest,keras-3.8,tf-keras")).split(",");
/** Models that one Python process makes, so that its memory stays small. */
const BATCH = 100;
const python = join(options.cache, "bin/python");
const expected = JSON.parse(readFileSync(join(root, "test/keras/expected-refusals.json"), "utf8"));
const results = [];

function makeEnvironment() {
  const ready = (name) => join(options.cache, `ready-${name}`);
  const pip = (...args) =>
    execFileSync(python, ["-m", "pip", "install", "-q", ...args], { stdio: ["ignore", "ignore", "inherit"] });
  if (!existsSync(ready("newest"))) {
    console.log(`making a Python environment in ${options.cache} …`);
    mkdirSync(options.cache, { recursive: true });
    execFileSync("python3", ["-m", "venv", options.cache], { stdio: ["ignore", "ignore", "inherit"] });
    pip("tensorflow-cpu==2.21.0", "keras>=3.15,<4", "dm-tree");
    writeFileSync(ready("newest"), "");
  }
  for (const name of versions) {
    if (!Object.hasOwn(VERSIONS, name)) throw new Error(`no version ${name}: ${Object.keys(VERSIONS).join(", ")}`);
    if (existsSync(ready(name))) continue;
    pip("--no-deps", "--target", join(options.cache, name), VERSIONS[name].package);
    writeFileSync(ready(name), "");
  }
}

function run(script, args, name = "newest", stage = "make") {
  const { package: own, module = "keras" } = VERSIONS[name];
  const env = {
    ...process.env,
    TF_CPP_MIN_LOG_LEVEL: "3",
    CUDA_VISIBLE_DEVICES: "-1",
    TF_ENABLE_ONEDNN_OPTS: "0",
    KERAS_MODULE: module,
    ...(own && { PYTHONPATH: join(options.cache, name) }),
  };
  const { status, stderr } = spawnSync(python, [join(root, "test/keras", script), ...args], {
    stdio: ["ignore", "inherit", "pipe"],
    maxBuffer: 2 ** 28,
    env,
  });
  const refused = String(stderr).match(/^seed \d+: .*/gm) ?? [];
  for (const line of refused) results.push({ seed: /\d+/.exec(line)[0], stage, status: "failed", detail: line });
  if (status !== 0) throw new Error(`${script} ended with ${status}: ${String(stderr).slice(-2000)}`);
}

function node(script, ...args) {
  const { status } = spawnSync(process.execPath, [join(root, ".build/run-ts.mjs"), `test/keras/${script}`, ...args], {
    stdio: "inherit",
    cwd: root,
  });
  if (status !== 0) throw new Error(`${script} ended with ${status}`);
}

/** Loads the files of a manifest in a real Keras. */
function compare(folder, name) {
  const report = join(folder, `report-${name}.json`);
  run("compare.py", [join(folder, "manifest.json"), report], name);
  const { keras, results: found } = JSON.parse(readFileSync(report, "utf8"));
  const label = name === "tf-keras" ? `tf-keras ${keras}` : `keras ${keras}`;
  for (const { id, status, worst, error } of found) {
    const detail = error ?? `${worst?.toExponential(1)} tolerances off`;
    results.push({ seed: id, stage: `read by ${label}`, status, detail });
  }
}

const reasonOf = ({ stage, detail }) =>
  expected.find((entry) => stage.startsWith(entry.stage) && new RegExp(entry.match).test(detail ?? ""))?.reason;

/** Prints counts and failures; the numbers of passed and failed checks. */
function summary() {
  const counts = new Map();
  const add = (key) => counts.set(key, (counts.get(key) ?? 0) + 1);
  const failures = [];
  for (const result of results) {
    const reason = result.status === "refused" ? reasonOf(result) : undefined;
    if (["equal", "written"].includes(result.status)) add(`${result.stage}: ${result.status}`);
    else if (reason) add(`${result.stage}: refused, as expected: ${reason}`);
    else failures.push(result);
  }
  for (const [what, times] of [...counts].sort()) console.log(`${String(times).padStart(6)}  ${what}`);
  for (const { seed, stage, status, detail, about } of failures) {
    console.log(
      `FAILED seed ${seed}, ${stage}: ${status}: ${String(detail).split("\n").slice(0, 3).join(" ").slice(0, 400)}`,
    );
    if (about) console.log(`  ${about}`);
    const what = /train/.test(stage) ? "--training 1" : "--models 1";
    if (/^\d+$/.test(seed)) console.log(`  again: npm run test:keras -- ${what} --seed ${seed} --versions ${versions}`);
  }
  const passed = results.length - failures.length;
  console.log(`${passed} checks with real Keras passed, ${failures.length} failed`);
  return { passed, failed: failures.length };
}

try {
  makeEnvironment();
} catch (error) {
  const reason = String(error.message ?? error).split("\n")[0];
  console.log(`test:keras is skipped: no Python environment can be made here (${reason}).`);
  process.exit(options.require ? 1 : 0);
}
const work = join(options.cache, `work-${process.pid}`);
try {
  for (let done = 0; done < count; done += BATCH) {
    const folder = join(work, `random-${done}`);
    run("random_models.py", [folder, String(Number(options.seed) + done), String(Math.min(BATCH, count - done))]);
    node("check-random.ts", folder);
    results.push(...JSON.parse(readFileSync(join(folder, "results.json"), "utf8")));
    for (const name of versions) compare(join(folder, name === "tf-keras" ? "written-h5" : "written-keras"), name);
    console.log(`${Math.min(done + BATCH, count)} of ${count} models`);
    rmSync(folder, { recursive: true, force: true });
  }
  for (let done = 0; done < trained; done += BATCH) {
    const folder = join(work, `training-${done}`);
    const size = Math.min(BATCH, trained - done);
    run("random_training.py", [folder, String(Number(options.seed) + done), String(size)], "newest", "make to train");
    node("check-training.ts", folder);
    results.push(...JSON.parse(readFileSync(join(folder, "results.json"), "utf8")));
    console.log(`${done + size} of ${trained} models trained`);
    rmSync(folder, { recursive: true, force: true });
  }
  if (trained > 0) {
    const folder = join(work, "built");
    node("write-built.ts", folder);
    run("compare_built.py", [folder], "newest", "go on");
    results.push(...JSON.parse(readFileSync(join(folder, "results.json"), "utf8")));
    rmSync(folder, { recursive: true, force: true });
  }
  const scripts = {
    "training_options.py": "every option of training tried",
    "training_layers.py": "every layer trained",
  };
  for (const [script, done] of trained > 0 && !options.slice ? Object.entries(scripts) : []) {
    const folder = join(work, script);
    run(script, [folder], "newest", "make to train");
    node("check-training.ts", folder);
    results.push(...JSON.parse(readFileSync(join(folder, "results.json"), "utf8")));
    console.log(done);
    rmSync(folder, { recursive: true, force: true });
  }
  const goldens = join(root, "../shared/goldens");
  if (options.goldens !== "none" && existsSync(goldens)) {
    const pattern = options.goldens === "all" ? "." : options.goldens;
    for (const name of versions) {
      const format = name === "tf-keras" ? "h5" : "keras";
      const folder = join(work, `goldens-${format}`);
      if (!existsSync(folder)) node("write-goldens.ts", goldens, folder, format, pattern, "all");
      compare(folder, name);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
const { passed, failed } = summary();
if (options.report) {
  writeFileSync(options.report, JSON.stringify({ numPassedTests: passed, numFailedTests: failed, testResults: [] }));
}
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
