import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { dotChart } from "./chart.ts";
import type { WorkloadResult } from "./compare-peers.ts";
import { mergeReport } from "./merge-report.ts";
import type { ReportTable, SuiteReport } from "./report.ts";
import { benchRoot } from "./root.ts";

/** Where and with what a run was made. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly runtime: string;
  readonly date: string;
}

export function machine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() || process.arch,
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    runtime: `Node ${process.versions.node} (V8 ${process.versions.v8})`,
    date: new Date().toISOString().slice(0, 10),
  };
}

/** The content of a results file. */
export interface SavedResults {
  readonly machine: Machine;
  readonly commands: readonly string[];
  readonly reports: readonly SuiteReport[];
}

/** Letters and digits with hyphens between. */
export function slug(text: string): string {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? ["unknown"];
  return words.filter((word) => !/^(processor|cpu|r|tm|core|with|\d+ghz)$/.test(word)).join("-");
}

/**
 * Writes results as JSON, Markdown and a chart; suites measured earlier on the same day and machine stay in the file.
 *
 * @param run - What was run; `part` if only some of the suites' workloads, so that the others stay.
 * @param where - Takes the place of the runtime's name in the file's name ("node-24"), e.g. "chromium".
 * @returns the files' paths.
 */
export function saveReports(
  reports: readonly SuiteReport[],
  run: { readonly command: string; readonly part?: boolean },
  at: Machine = machine(),
  where = `node-${process.versions.node.split(".")[0]}`,
): string[] {
  const folder = new URL("results/", benchRoot);
  mkdirSync(folder, { recursive: true });
  const name = `${slug(at.processor)}-${where}-${at.date}`;
  const file = (suffix: string) => fileURLToPath(new URL(`${name}.${suffix}`, folder));
  const before: SavedResults | undefined = existsSync(file("json"))
    ? JSON.parse(readFileSync(file("json"), "utf8"))
    : undefined;
  const earlier = before?.reports ?? [];
  const measured = new Set(reports.map((report) => report.suite));
  const reportOf = new Map(earlier.map((report) => [report.suite, report]));
  for (const report of reports) {
    reportOf.set(report.suite, run.part ? mergeReport(reportOf.get(report.suite), report) : report);
  }
  const command = `npm run bench -- ${run.command}`;
  const commands = [...(before?.commands ?? []).filter((line) => run.part || !isReplaced(line, measured)), command];
  const saved: SavedResults = { machine: at, commands: [...new Set(commands)], reports: [...reportOf.values()] };
  writeFileSync(file("json"), `${JSON.stringify(saved, undefined, 1)}\n`);
  const chart = chartOf(saved);
  if (chart) writeFileSync(file("svg"), chart);
  writeFileSync(file("md"), markdownOf(saved, chart ? `${name}.svg` : undefined));
  return ["json", "md", ...(chart ? ["svg"] : [])].map(file);
}

/** True if all suites of an earlier command have been measured anew. */
function isReplaced(line: string, measured: ReadonlySet<string>): boolean {
  const suites = line.replace(/^npm run bench -- | --.*$/g, "").split(" ");
  return suites.every((suite) => measured.has(suite));
}

function chartOf(saved: SavedResults): string | undefined {
  const results = saved.reports
    .filter((report) => /^(layers|step|browser)$/.test(report.suite))
    .flatMap((report) => report.data as readonly WorkloadResult[]);
  const lines = results.map((result) => ({
    label: result.title,
    points: result.peers.flatMap(({ label, toBaseline }) => (toBaseline ? [{ series: label, value: toBaseline }] : [])),
  }));
  if (lines.length === 0) return undefined;
  const { processor, runtime, date } = saved.machine;
  return dotChart(
    "Time of a call relative to ONNX Runtime Web (left is faster)",
    lines,
    `${processor}, ${runtime}, ${date}`,
  );
}

/** A Markdown table: the first column to the left, the others to the right. */
export function markdownTable({ head, rows }: Pick<ReportTable, "head" | "rows">): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

function markdownOf({ machine: at, commands, reports }: SavedResults, chart: string | undefined): string {
  const parts = [
    "# Benchmark results",
    `${at.processor}, ${at.cores} cores, ${at.memoryGb} GB; ${at.system}; ${at.runtime}; ${at.date}. One thread unless said.`,
    `Command: ${commands.map((command) => `\`${command}\``).join(", ")}.`,
    "Outputs are compared with a plain JavaScript reference before anything is timed. Every peer runs in its own process (in a browser: in one page), all alive at once; rounds visit them in changing order. A time is the median of the rounds' medians (± median distance from it), a ratio the median of per-round ratios: “to ORT Web” is the peer's time divided by ONNX Runtime Web's, “rnn-wasm takes” is ours divided by the peer's (below 1: ours is faster). Creating inputs and reading outputs as a Float32Array are inside the call.",
  ];
  if (chart) parts.push(`![Times relative to ONNX Runtime Web](${chart})`);
  for (const report of reports) {
    parts.push(`## ${report.title}`);
    for (const table of report.tables) {
      parts.push(`### ${table.title}`, markdownTable(table));
      if (table.note) parts.push(table.note);
    }
  }
  return `${parts.join("\n\n")}\n`;
}
