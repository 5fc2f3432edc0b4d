// Writes README's repair table: the goldens that Keras 3.15 refuses or loads wrong, converted and read by it.
//   npm run test:keras -- --models 1      makes the Python environment
//   node .build/readme-repair.mjs [CACHE]
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const goldens = join(root, "../shared/goldens");
const cache = process.argv[2] ?? process.env["RNN_WASM_KERAS_CACHE"] ?? join(homedir(), ".cache/rnn-wasm/keras");
if (!existsSync(goldens) || !existsSync(join(cache, "bin/python"))) {
  console.error("../shared/goldens or the Python environment is not there; the table stays as it is.");
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), "repair-"));
const env = { ...process.env, CUDA_VISIBLE_DEVICES: "-1", TF_ENABLE_ONEDNN_OPTS: "0", KERAS_MODULE: "keras" };
const run = (command, ...args) => {
  const { status } = spawnSync(command, args, { cwd: root, env, stdio: ["ignore", "inherit", "ignore"] });
  if (status !== 0) throw new Error(`${args[0]} ended with ${status}`);
};
run(process.execPath, ".build/run-ts.mjs", "test/keras/write-goldens.ts", goldens, folder, "keras", ".", "broken");
run(join(cache, "bin/python"), "test/keras/compare.py", join(folder, "manifest.json"), join(folder, "report.json"));

const converted = JSON.parse(readFileSync(join(folder, "converted.json"), "utf8"));
const { keras, results } = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
const status = new Map(results.map((result) => [result.id, result]));
const eraOf = ({ id }) =>
  id.startsWith("keras-1.")
    ? "Keras 1"
    : id.startsWith("keras-2.")
      ? "Keras 2"
      : id.startsWith("tfjs")
        ? "TF.js"
        : "tf.keras";
const outcome = (entry) => (entry.refused ? "refused" : status.get(`${entry.id} ${entry.source}`).status);

const rows = ["Keras 1", "Keras 2", "tf.keras", "TF.js"].flatMap((era) => {
  const own = converted.filter((entry) => eraOf(entry) === era);
  if (own.length === 0) return [];
  const count = (wanted) => own.filter(wanted).length;
  return [
    [
      era,
      own.length,
      count((entry) => outcome(entry) === "equal"),
      count((entry) => entry.refused),
      count((entry) => !entry.refused && outcome(entry) !== "equal"),
    ],
  ];
});
const total = rows.reduce((sum, row) => sum.map((n, i) => (i === 0 ? "all" : n + row[i])), ["all", 0, 0, 0, 0]);

const classes = new Map();
const note = (text) => classes.set(text, (classes.get(text) ?? 0) + 1);
for (const entry of converted) {
  const found = outcome(entry);
  if (entry.refused) {
    const [, layer, what] = /(\S+) layer "[^"]*": (.*)$/s.exec(entry.refused) ?? ["", "a model", entry.refused];
    const reason = what
      .replace(/^\S+ layer "[^"]*": /, "")
      .replace(/ Pass approximate.*$/s, "")
      .replace(/\.+$/, "");
    note(`${layer}: ${reason}`);
  } else if (found !== "equal") {
    const { error = "" } = status.get(`${entry.id} ${entry.source}`);
    const lines = error
      .replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d*m`, "g"), "")
      .split("\n")
      .filter(Boolean);
    note(
      `written, but Keras ${keras} says on this machine: ${(lines[1] ?? lines[0] ?? found).slice(0, 110)} (${entry.id})`,
    );
  }
}
const exceptions = [...classes]
  .sort((a, b) => b[1] - a[1])
  .map(([reason, n]) => `| ${reason.replaceAll("|", "\\|")} | ${n} |\n`);
const line = (cells) => `| ${cells.join(" | ")} |`;
const text = `<!-- repair-table -->
Model files of the goldens that Keras ${keras} refuses, or loads with other outputs, converted to \`.keras\` and opened by
it (\`node .build/readme-repair.mjs\`):

| written by | files | open with equal outputs | not written, with the reason | written, not opened equal |
|---|---:|---:|---:|---:|
${rows.map(line).join("\n")}
${line(total)}
${exceptions.length > 0 ? `\n| exceptions | files |\n|---|---:|\n${exceptions.join("")}` : ""}<!-- /repair-table -->`;
const readme = join(root, "README.md");
const old = readFileSync(readme, "utf8");
const marked = /<!-- repair-table -->(?:[\s\S]*<!-- \/repair-table -->)?/;
if (!marked.test(old)) throw new Error("README has no <!-- repair-table -->");
writeFileSync(
  readme,
  old.replace(marked, () => text),
);
console.log(line(total));
