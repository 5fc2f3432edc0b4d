import type { Build } from "../../src/engine/load-module.ts";
import type { BrowserName } from "./browsers.ts";

/** A table as it is printed and written: every cell is text. */
export interface ReportTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** How to read it. */
  readonly note?: string;
}

/** What a suite found. */
export interface SuiteReport {
  readonly suite: string;
  readonly title: string;
  readonly tables: readonly ReportTable[];
  /** Set if it did not run in this Node: takes its place in the name of the results file and in the file. */
  readonly engine?: { readonly slug: string; readonly runtime: string };
  /** The same in numbers, for `--json`, the charts and the README. */
  readonly data: unknown;
}

/** What every suite is told. */
export interface SuiteOptions {
  /** Rounds to measure; a suite has its own default. */
  readonly rounds: number;
  /** Time for one peer in one round, in milliseconds. */
  readonly ms: number;
  /** Only these peers; undefined: all that are installed. */
  readonly peers: readonly string[] | undefined;
  /** Only workloads whose id contains this. */
  readonly filter: string;
  /** The kernels that run here, or the one that was asked for: for suites about our own kernels. */
  readonly builds: readonly Build[];
  /** For the suite `browser`. */
  readonly browser: BrowserName;
  /** One line of progress. */
  readonly say: (line: string) => void;
}

/** Milliseconds with three digits; microseconds below one. */
export function formatMs(ms: number): string {
  if (ms < 1) return `${digits(ms * 1000)} µs`;
  return `${digits(ms)} ms`;
}

/** Three significant digits without an exponent. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(places, 6));
}

/** A ratio as "×0.43", or a dash. */
export function formatRatio(ratio: number | undefined): string {
  return ratio === undefined || Number.isNaN(ratio) ? "–" : `×${digits(ratio)}`;
}
