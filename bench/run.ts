import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { chooseBuild } from "../src/engine/choose-build.ts";
import type { Build } from "../src/engine/load-module.ts";
import { bits } from "./suites/bits.ts";
import { browser } from "./suites/browser.ts";
import { cold } from "./suites/cold.ts";
import { growth } from "./suites/growth.ts";
import { int8 } from "./suites/int8.ts";
import { layers, step } from "./suites/layers.ts";
import { loading } from "./suites/loading.ts";
import { memory } from "./suites/memory.ts";
import { parallel } from "./suites/parallel.ts";
import { roofline } from "./suites/roofline.ts";
import { savings } from "./suites/savings.ts";
import { size } from "./suites/size.ts";
import { smoke } from "./suites/smoke.ts";
import { training } from "./suites/training.ts";
import type { SuiteOptions, SuiteReport } from "./support/report.ts";
import { machine, saveReports } from "./support/results.ts";
import { table } from "./table.ts";
import { WORKLOADS } from "./workloads.ts";

const SUITES: Readonly<Record<string, (options: SuiteOptions) => Promise<SuiteReport>>> = {
  smoke,
  roofline,
  int8,
  layers,
  step,
  savings,
  cold,
  size,
  memory,
  loading,
  parallel,
  growth,
  training,
  browser,
  bits,
};
/** No part of "all": they need Pythons or other engines than Node, or are short forms. */
const APART = ["smoke", "training", "browser", "bits"];
const USAGE = `usage: npm run bench -- SUITE… [options]
  smoke      LSTM(128) over 100 steps, batch 1 and 32, beside the machine's ceilings
  roofline   share of the ceilings by units and batch
  int8       an LSTM at batch 1 with int8 weights against float32
  layers     whole sequences (workloads A, B, D, E) against every rival
  step       single steps with the state carried (workload C) against every rival
  savings    our own time on padded and repeated tokens, with and without what is left out (IMDB reviews)
  cold       from the start of a process to the first prediction
  size       what a page must fetch
  memory     peak memory of the process
  loading    a 10 MB model from a file
  parallel   a batch on two workers
  growth     cost against units, timesteps and batch: fitted exponents
  training   the post's model in training against PyTorch and Keras, where their Pythons are
  browser    workloads A to E in a headless browser against ONNX Runtime Web and LiteRT.js
  bits       the simd build's outputs on every engine that is here (variables NODES, BUN, DENO, CHROMIUM, FIREFOX)
  all        every suite but smoke, training, browser and bits
options
  --build simd|relaxed   smoke, roofline, int8, savings: only this build; by default every build that runs here
  --rounds N, --ms N     rounds, and time for a peer in a round (default 7 and 80)
  --peers a,b            only these peers
  --filter TEXT          only workloads whose id contains this
  --browser NAME         browser: chromium (default) or firefox
  --json                 the numbers as JSON on standard output
  --save                 write bench/results/<machine>-<date>.json, .md and .svg`;

function runs(build: Build): boolean {
  try {
    return chooseBuild(build).build === build;
  } catch {
    return false;
  }
}

const OPTIONS = {
  build: { type: "string" },
  rounds: { type: "string", default: "7" },
  ms: { type: "string", default: "80" },
  peers: { type: "string" },
  filter: { type: "string", default: "" },
  browser: { type: "string", default: "chromium" },
  json: { type: "boolean", default: false },
  save: { type: "boolean", default: false },
} as const;

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}

function read() {
  try {
    return parseArgs({ allowPositionals: true, options: OPTIONS });
  } catch (error) {
    return refuse(`${(error as Error).message}\n\n${USAGE}`);
  }
}

const { positionals, values } = read();
const names = positionals.includes("all") ? Object.keys(SUITES).filter((name) => !APART.includes(name)) : positionals;
const builds = (["relaxed", "simd"] as const).filter((build) => runs(build) && build === (values.build ?? build));
const isKnown = names.length > 0 && names.every((name) => name in SUITES);
if (!isKnown) refuse(USAGE);
if (builds.length === 0) refuse(`the build ${values.build} does not run here`);
for (const key of ["rounds", "ms"] as const) {
  if (!(Number(values[key]) > 0)) refuse(`--${key} must be a number above 0; got ${values[key]}`);
}
const show = (text: string) => {
  if (!values.json) console.log(text);
};
show(`Node ${process.version} (V8 ${process.versions.v8}), ${cpus()[0]?.model ?? "unknown processor"}`);
const options: SuiteOptions = {
  rounds: Number(values.rounds),
  ms: Number(values.ms),
  peers: values.peers?.split(","),
  filter: values.filter,
  builds,
  browser: values.browser === "firefox" ? "firefox" : "chromium",
  say: (line) => console.error(line),
};
const reports: SuiteReport[] = [];
for (const name of names) {
  const report = await SUITES[name]?.(options);
  if (!report?.tables.length) continue;
  reports.push(report);
  for (const { title, head, rows, note } of report.tables) {
    show(`\n${title}\n${table(head, rows)}${note ? `\n${note}` : ""}`);
  }
}
if (reports.length === 0) {
  refuse(
    values.filter
      ? `nothing was measured: no id of ${names.join(", ")} contains "${values.filter}"; of the layers and step they are ${Object.keys(WORKLOADS).join(" ")}`
      : "nothing was measured: what the suite compares is not installed here (npm run bench:peers)",
  );
}
if (values.json) console.log(JSON.stringify({ machine: machine(), reports }, undefined, 1));
if (values.save && reports.length > 0) {
  // Slices of a suite are one command to whoever runs it again.
  const command = process.argv
    .slice(2)
    .join(" ")
    .replace(/ --filter \S+/, "");
  const run = { command, part: values.filter !== "" };
  const places = new Map(reports.map(({ engine }) => [engine?.slug, engine]));
  for (const [slug, engine] of places) {
    const here = reports.filter((report) => report.engine?.slug === slug);
    const at = engine ? { ...machine(), runtime: engine.runtime } : machine();
    for (const file of saveReports(here, run, at, slug)) console.error(`wrote ${file}`);
  }
}
