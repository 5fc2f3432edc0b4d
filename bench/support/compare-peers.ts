import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeWorkloadFolder } from "../models/files.ts";
import { BASELINE, type Peer } from "../peers/peers.ts";
import type { Workload } from "../workloads.ts";
import { Reference, TOLERANCE } from "./compare.ts";
import { PeerProcess } from "./peer-process.ts";
import { digits, formatMs, formatRatio, type ReportTable, type SuiteOptions } from "./report.ts";
import { measureRounds, type Round, ratioOf, timesOf } from "./rounds.ts";
import { deviation, median } from "./statistics.ts";

/** One peer on one workload. */
export interface PeerResult {
  readonly id: string;
  readonly label: string;
  readonly version: string;
  /** Median of the rounds' medians, and their median distance from it. */
  readonly ms: number;
  readonly madMs: number;
  readonly bestMs: number;
  /** Median of the per-round ratios to ONNX Runtime Web, and of rnn-wasm to this peer. */
  readonly toBaseline: number | undefined;
  readonly oursToThis: number | undefined;
  readonly gflops: number;
  readonly loadMs: number;
  readonly firstMs: number;
  readonly peakMb: number;
  /** Largest difference from the reference; null if it computes something else. */
  readonly error: number | null;
  readonly rounds: number;
}

/** All peers on one workload. */
export interface WorkloadResult {
  readonly id: string;
  readonly title: string;
  readonly flops: number;
  readonly batch: number;
  readonly timesteps: number;
  readonly quietRounds: number;
  readonly otherCores: number;
  readonly peers: readonly PeerResult[];
  /** Peers that could not run it, and why. */
  readonly failures: Readonly<Record<string, string>>;
}

interface Loaded {
  readonly process: PeerProcess;
  readonly version: string;
  readonly loadMs: number;
  readonly firstMs: number;
  readonly error: number | null;
}

/**
 * Runs a workload on all peers: each is compared with the reference first, and one that is wrong is not timed.
 */
export async function comparePeers(
  workload: Workload,
  peers: readonly Peer[],
  options: SuiteOptions,
): Promise<WorkloadResult> {
  const parent = mkdtempSync(join(tmpdir(), "rnn-wasm-bench-"));
  const loaded: Loaded[] = [];
  const failures: Record<string, string> = {};
  try {
    const folder = writeWorkloadFolder(parent, workload);
    const reference = new Reference(workload);
    for (const peer of peers) {
      if (peer.runs && !peer.runs(workload)) continue;
      const process = new PeerProcess(peer);
      try {
        const { version, loadMs } = await process.load(folder);
        const { outputs, firstMs } = await process.check();
        const error = peer.reference === null ? null : reference.error(outputs, peer.reference === "resetBefore");
        if (error !== null && error > TOLERANCE) throw new Error(`wrong by ${error}, and not timed`);
        loaded.push({ process, version, loadMs, firstMs, error });
      } catch (error) {
        process.close();
        failures[peer.id] = error instanceof Error ? error.message.split("\n")[0]! : String(error);
        options.say(`  ${peer.label}: ${failures[peer.id]}`);
      }
    }
    const processes = loaded.map((entry) => entry.process);
    const rounds = await measureRounds(processes, options);
    const results: PeerResult[] = [];
    for (const entry of loaded) results.push(await resultOf(entry, rounds, workload));
    return {
      id: workload.id,
      title: workload.title,
      flops: workload.flops,
      batch: workload.batch,
      timesteps: workload.timesteps,
      quietRounds: rounds.filter((round) => round.quiet).length,
      otherCores: median(rounds.map((round) => round.otherCores)),
      peers: results,
      failures,
    };
  } finally {
    for (const { process } of loaded) process.close();
    rmSync(parent, { recursive: true, force: true });
  }
}

async function resultOf(entry: Loaded, rounds: readonly Round[], workload: Workload): Promise<PeerResult> {
  const { process, version, loadMs, firstMs, error } = entry;
  const { id, label } = process.peer;
  const times = timesOf(rounds, id);
  const ms = median(times);
  return {
    id,
    label,
    version,
    ms,
    madMs: deviation(times),
    bestMs: Math.min(...rounds.flatMap((round) => round.timings.get(id)?.bestMs ?? [])),
    toBaseline: ratioOf(rounds, id, BASELINE),
    oursToThis: ratioOf(rounds, "rnn-wasm", id),
    gflops: workload.flops / ms / 1e6,
    loadMs,
    firstMs,
    peakMb: (await process.memory()).peakMb,
    error,
    rounds: times.length,
  };
}

const HEAD = [
  "peer",
  "version",
  "median",
  "±",
  "to ORT Web",
  "rnn-wasm takes",
  "GFLOP/s",
  "peak MB",
  "first call",
  "error",
  "rounds",
];

/** The table of one workload. */
export function workloadTable(result: WorkloadResult): ReportTable {
  const rows = result.peers.map((peer) => [
    peer.label,
    peer.version,
    formatMs(peer.ms),
    formatMs(peer.madMs),
    formatRatio(peer.toBaseline),
    formatRatio(peer.oursToThis),
    digits(peer.gflops),
    peer.peakMb > 0 ? peer.peakMb.toFixed(0) : "–",
    formatMs(peer.firstMs),
    peer.error === null ? "cannot agree" : peer.error.toExponential(0),
    String(peer.rounds),
  ]);
  const failed = Object.entries(result.failures).map(([id, why]) => `${id}: ${why}`);
  const quiet = Number.isNaN(result.otherCores)
    ? []
    : [`${result.quietRounds} quiet rounds, other work ${result.otherCores.toFixed(2)} cores`];
  return { title: result.title, head: HEAD, rows, note: [...quiet, ...failed].join("; ") };
}
