import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineCases } from "../engines/cases.ts";
import { type EngineResults, findEngines } from "../support/engines.ts";
import { installedPeers } from "../support/installed-peers.ts";
import type { SuiteOptions, SuiteReport } from "../support/report.ts";

/** What one engine did. */
export interface EngineRun {
  readonly name: string;
  readonly version: string;
  /** The build that it takes by itself. */
  readonly build: string;
  readonly results: EngineResults;
  /** Why it answered nothing. */
  readonly failure?: string;
}

/** All engines' answers, and those that are not on this machine. */
export interface BitsData {
  readonly engines: readonly EngineRun[];
  readonly absent: readonly string[];
  /** "engine: case, way: what" of every hash that is not the first engine's. */
  readonly differences: readonly string[];
}

/** Training answers two arrays; all other cases compute one in many ways. */
const isOneArray = (id: string) => id !== "Training";

/** The hash that all engines must give: the first engine's, of a case's first way where all ways compute the same. */
function wantedHash(first: EngineResults, id: string, way: string): string | undefined {
  return isOneArray(id) ? Object.values(first[id] ?? {})[0] : first[id]?.[way];
}

/** Every answer that differs from what the first engine computed. */
export function differencesOf(engines: readonly EngineRun[]): string[] {
  const first = engines[0]?.results ?? {};
  return engines.flatMap(({ name, version, results, failure }) => [
    ...(failure ? [`${name} ${version}: ${failure}`] : []),
    ...Object.entries(results).flatMap(([id, ways]) =>
      Object.entries(ways)
        .filter(([way, hash]) => hash !== wantedHash(first, id, way))
        .map(([way, hash]) => `${name} ${version}: ${id}, ${way}: ${hash}`),
    ),
  ]);
}

/** Runs the cases on every engine of this machine. */
export async function runEngines(say: (line: string) => void): Promise<BitsData> {
  const { found, absent } = findEngines();
  const folder = mkdtempSync(join(tmpdir(), "rnn-wasm-bits-"));
  try {
    const path = join(folder, "cases.json");
    const text = JSON.stringify(await engineCases());
    writeFileSync(path, text);
    const engines: EngineRun[] = [];
    for (const engine of found) {
      say(`bits: ${engine.name}`);
      try {
        engines.push({ name: engine.name, ...(await engine.run({ path, text })) });
      } catch (error) {
        const failure = error instanceof Error ? error.message.slice(0, 500) : String(error);
        engines.push({ name: engine.name, version: "", build: "–", results: {}, failure });
      }
    }
    return { engines, absent, differences: differencesOf(engines) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The simd build's bits on every engine that is here, with the hashes of the first. */
export async function bits(options: SuiteOptions): Promise<SuiteReport> {
  installedPeers(["rnn-wasm"]);
  const data = await runEngines(options.say);
  const first = data.engines[0]!.results;
  const cell = (id: string, results: EngineResults) => {
    const ways = Object.entries(results[id] ?? {});
    const same = ways.filter(([way, hash]) => hash === wantedHash(first, id, way)).length;
    return ways.length === 0 ? "–" : `${same}/${ways.length}`;
  };
  const tables = [
    {
      title:
        "Outputs whose bits are those of the first engine, of the ways that each model is computed in (simd build)",
      head: ["model", "hash", "ways", ...data.engines.map(({ name, version }) => `${name} ${version}`)],
      rows: Object.keys(first).map((id) => [
        id,
        isOneArray(id) ? Object.values(first[id]!)[0]! : "–",
        Object.keys(first[id]!).join(", "),
        ...data.engines.map(({ results }) => cell(id, results)),
      ]),
      note: [
        ...(data.absent.length > 0 ? [`Not on this machine: ${data.absent.join(", ")}`] : []),
        data.differences.length === 0 ? "No difference" : `Differences: ${data.differences.join("; ")}`,
      ].join(". "),
    },
    {
      title: "The build that each engine takes by itself",
      head: ["engine", "version", "build"],
      rows: data.engines.map(({ name, version, build }) => [name, version, build]),
    },
  ];
  return { suite: "bits", title: "The same bits on every engine", tables, data };
}
