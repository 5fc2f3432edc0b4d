import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeWorkloadFolder } from "../models/files.ts";
import { Reference, TOLERANCE } from "../support/compare.ts";
import { installedPeers } from "../support/installed-peers.ts";
import { PeerProcess } from "../support/peer-process.ts";
import { digits, formatMs, type ReportTable, type SuiteOptions, type SuiteReport } from "../support/report.ts";
import { measureRounds, timesOf } from "../support/rounds.ts";
import { exponent, median } from "../support/statistics.ts";
import { singleLayer } from "../workloads.ts";

/** LSTM with as many features as units; what is not varied stays at these sizes. */
const BASE = { units: 64, timesteps: 50, batch: 8 };

const AXES = {
  units: [16, 32, 64, 128, 256, 512],
  timesteps: [25, 50, 100, 200, 400],
  batch: [1, 4, 8, 16, 32, 64, 128],
} as const;

interface Series {
  readonly peer: string;
  readonly label: string;
  readonly points: readonly (readonly [size: number, ms: number])[];
  /** Of the whole range, and of its upper half where fixed costs no longer matter. */
  readonly exponent: number;
  readonly upperExponent: number;
}

async function grow(axis: keyof typeof AXES, options: SuiteOptions): Promise<Series[]> {
  const peers = installedPeers(["rnn-wasm", "ort-web", "ort-node"]);
  const parent = mkdtempSync(join(tmpdir(), "rnn-wasm-bench-"));
  const processes = peers.map((peer) => new PeerProcess(peer));
  const points = new Map<string, [number, number][]>(peers.map(({ id }) => [id, []]));
  try {
    for (const size of AXES[axis]) {
      const sizes: Record<keyof typeof AXES, number> = { ...BASE, [axis]: size };
      const { units, timesteps, batch } = sizes;
      const workload = singleLayer("LSTM", units, units, timesteps, batch);
      options.say(`${axis} ${size}`);
      const folder = writeWorkloadFolder(parent, workload);
      const reference = new Reference(workload);
      for (const process of processes) {
        await process.load(folder);
        const error = reference.error((await process.check()).outputs, false);
        if (error > TOLERANCE) throw new Error(`${process.peer.label} is wrong by ${error} on ${workload.id}.`);
      }
      const rounds = await measureRounds(processes, { rounds: Math.min(3, options.rounds), ms: options.ms });
      for (const { id } of peers) points.get(id)!.push([size, median(timesOf(rounds, id))]);
    }
  } finally {
    for (const process of processes) process.close();
    rmSync(parent, { recursive: true, force: true });
  }
  return peers.map(({ id, label }) => {
    const all = points.get(id)!;
    return {
      peer: id,
      label,
      points: all,
      exponent: exponent(all),
      upperExponent: exponent(all.slice(all.length >> 1)),
    };
  });
}

/** How a call's time grows with units, timesteps and batch: fitted exponents. */
export async function growth(options: SuiteOptions): Promise<SuiteReport> {
  const data: Record<string, Series[]> = {};
  const tables: ReportTable[] = [];
  for (const axis of Object.keys(AXES) as (keyof typeof AXES)[]) {
    if (!axis.includes(options.filter)) continue;
    const series = await grow(axis, options);
    data[axis] = series;
    const fixed = Object.entries(BASE).filter(([name]) => name !== axis);
    tables.push({
      title: `LSTM, features = units, ${fixed.map(([name, size]) => `${name} ${size}`).join(", ")}: by ${axis}`,
      head: ["peer", ...AXES[axis].map(String), "exponent", "upper half"],
      rows: series.map(({ label, points, exponent: whole, upperExponent }) => [
        label,
        ...points.map(([, ms]) => formatMs(ms)),
        digits(whole),
        digits(upperExponent),
      ]),
      note: "Exponent: the slope of log time over log size. The work itself has 1 for timesteps and batch, 2 for units.",
    });
  }
  return { suite: "growth", title: "Growth of cost", tables, data };
}
