// Writes README's performance section from the committed results: everything between the two markers
//   <!-- performance --> … <!-- /performance -->
// is replaced. Run: node .build/readme-performance.mjs [bench/results/FILE.json]. With --check nothing is written, and
// the exit code is 1 if the section is out of date.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = join(root, "bench/results");
const [START, END] = ["<!-- performance -->", "<!-- /performance -->"];
const given = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));

/** The newest results of Node; its name ends in the date. */
function newest() {
  const files = readdirSync(folder).filter((name) => /-node-\d+-\d{4}-\d\d-\d\d\.json$/.test(name));
  const dateOf = (name) => name.match(/node-(\d+)-(\d{4}-\d\d-\d\d)/);
  return files.sort((a, b) => `${dateOf(a)[2]}${dateOf(a)[1]}`.localeCompare(`${dateOf(b)[2]}${dateOf(b)[1]}`)).at(-1);
}

const file = given[0] ?? join("bench/results", newest() ?? "");
const { machine, commands, reports } = JSON.parse(readFileSync(join(root, file), "utf8"));
const report = (suite) => reports.find((entry) => entry.suite === suite);

function digits(value) {
  return value.toFixed(Math.max(0, Math.min(3, 2 - Math.floor(Math.log10(value)))));
}

function time(ms) {
  return ms < 1 ? `${digits(ms * 1000)} µs` : `${digits(ms)} ms`;
}

function tableOf(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

const RIVALS = ["ort-web", "tfjs-wasm", "brain", "ort-node"];
const TITLES = {
  "ort-web": "ONNX Runtime Web",
  "tfjs-wasm": "TensorFlow.js (wasm)",
  brain: "brain.js",
  "ort-node": "ONNX Runtime Node (native)",
};

/** How many times faster we are; below 1 the rival is. */
function factor(peer) {
  if (!peer?.oursToThis) return "–";
  const times = 1 / peer.oursToThis;
  return `${times >= 9.95 ? times.toFixed(0) : times.toFixed(1)}×`;
}

function speedTable(results) {
  const rows = results.map(({ title, peers }) => {
    const of = (id) => peers.find((peer) => peer.id === id);
    return [title, time(of("rnn-wasm").ms), ...RIVALS.map((id) => factor(of(id)))];
  });
  return tableOf(["workload", "rnn-wasm", ...RIVALS.map((id) => `faster than ${TITLES[id]}`)], rows);
}

/** Where the native rival wins, said with figures. */
function limits(results) {
  const lost = results.flatMap(({ title, peers }) => {
    const native = peers.find((peer) => peer.id === "ort-node");
    return native?.oursToThis > 1.05 ? [`${title} (${digits(native.oursToThis)}×)`] : [];
  });
  if (lost.length === 0) return "";
  return `ONNX Runtime Node is native code with AVX2 or wider vectors, which WebAssembly's 128 bits cannot match where arithmetic rules. It is faster on: ${lost.join("; ")}.`;
}

function plain(suite) {
  return (report(suite)?.tables ?? []).map(({ title, head, rows }) => `${title}:\n\n${tableOf(head, rows)}`);
}

/** Samples a second of training, both kinds of data side by side. */
function trainingTable() {
  const [random, reviews] = report("training")?.data ?? [];
  if (!random || !reviews) return [];
  const rows = random.peers.map(({ id, label, version, samplesPerSecond }) => {
    const other = reviews.peers.find((peer) => peer.id === id);
    return [`${label} (${version})`, samplesPerSecond.toFixed(0), other ? other.samplesPerSecond.toFixed(0) : "–"];
  });
  const heading =
    "Training, samples a second: Embedding(20000, 128) → LSTM(128) → Dense(1), batch 32, T=100, Adam; losses are compared before anything is timed. Behind an embedding each distinct word is computed once, forwards and backwards, which is what real text gains:";
  return [`${heading}\n\n${tableOf(["", "random words", "IMDB reviews"], rows)}`];
}

/** The newest results of a browser that the same machine has, beside its rivals there. */
function browserTable() {
  const files = readdirSync(folder).filter((name) => /-chromium-\d+-\d{4}-\d\d-\d\d\.json$/.test(name));
  const all = files.map((name) => ({ name, ...JSON.parse(readFileSync(join(folder, name), "utf8")) }));
  const found = all
    .filter((one) => one.machine.processor === machine.processor)
    .sort((a, b) => a.name < b.name)
    .at(0);
  const workloads = found?.reports.find((entry) => entry.suite === "browser")?.data ?? [];
  const rows = workloads.flatMap(({ title, peers }) => {
    const of = (id) => peers.find((peer) => peer.id === id);
    const litert = of("litert");
    return litert ? [[title, time(of("rnn-wasm").ms), factor(of("ort-web")), factor(litert)]] : [];
  });
  if (rows.length === 0) return [];
  const head = ["workload", "rnn-wasm", "faster than ONNX Runtime Web", "faster than LiteRT.js"];
  return [`In ${found.machine.runtime}, one thread (${found.commands.join(", ")}):\n\n${tableOf(head, rows)}`];
}

const results = [...(report("layers")?.data ?? []), ...(report("step")?.data ?? [])];
if (results.length === 0) throw new Error(`${file} has no results of the suites layers and step.`);
const chart = file.replace(/\.json$/, ".svg");
const section = [
  `Measured on ${machine.processor} (${machine.cores} cores, one used), ${machine.runtime}, ${machine.date}. Outputs are compared with a reference before anything is timed; every library runs in its own process; rounds are interleaved; figures are medians of per-round ratios. Creating inputs and reading outputs are inside the call.`,
  speedTable(results),
  limits(results),
  "TensorFlow.js cannot run Keras' default GRU (`reset_after`) and computes the older form; brain.js has no batches, and its LSTM is another equation, so that its outputs cannot be compared.",
  "Behind an embedding the products of words met before are kept (see Limits). IMDB reviews gain by it, as real text does; the rows of random words hardly do, since 64 calls (16 at batch 32) name far more words than are kept.",
  ...browserTable(),
  existsSync(join(root, chart)) ? `![Times relative to ONNX Runtime Web](${chart})` : "",
  ...plain("cold").slice(0, 1),
  ...plain("size"),
  ...trainingTable(),
  `All figures, with versions and deviations: [${basename(file)}](${file}). Run it yourself: \`npm run build && npm run bench:peers && npm run bench -- all\` (these figures: ${commands.map((command) => `\`${command}\``).join(", ")}).`,
].filter((part) => part !== "");
const text = `${START}\n${section.join("\n\n")}\n${END}`;

const readme = join(root, "README.md");
const before = readFileSync(readme, "utf8");
const [from, to] = [before.indexOf(START), before.indexOf(END)];
if (from < 0 || to < from) {
  console.error(`README.md must hold the markers ${START} and ${END}.`);
  process.exit(1);
}
const after = before.slice(0, from) + text + before.slice(to + END.length);
if (process.argv.includes("--check")) {
  if (after !== before) {
    console.error("README.md's performance section is not that of the results: run node .build/readme-performance.mjs");
    process.exit(1);
  }
} else {
  writeFileSync(readme, after);
  console.log(`README.md: performance from ${file}`);
}
