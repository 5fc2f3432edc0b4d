import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeWorkloadFolder } from "../models/files.ts";
import { Reference, TOLERANCE } from "../support/compare.ts";
import { installedPeers } from "../support/installed-peers.ts";
import { PeerProcess } from "../support/peer-process.ts";
import { digits, formatMs, type ReportTable, type SuiteOptions, type SuiteReport } from "../support/report.ts";
import { measureRounds, timesOf } from "../support/rounds.ts";
import { fitPower, median, type PowerFit } from "../support/statistics.ts";
import { singleLayer } from "../workloads.ts";

/** LSTM with as many features as units; what is not varied stays at these sizes. */
const BASE = { units: 64, timesteps: 50, batch: 8 };

/**
 * Half powers of two: enough sizes that one odd one does not turn the line. From `from` on the curve is fitted: below,
 * what a call costs by itself and the kernels for two or three sequences bend it.
 */
const AXES = {
  units: { sizes: [16, 24, 32, 48, 64, 96, 128, 192, 256, 384], from: 64 },
  timesteps: { sizes: [10, 20, 40, 60, 80, 120, 160, 240, 320], from: 40 },
  batch: { sizes: [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128], from: 8 },
} as const;

/** A fit that the points leave by more than this says nothing. */
const USABLE_RESIDUAL = 0.15;

interface Series {
  readonly peer: string;
  readonly label: string;
  readonly points: readonly (readonly [size: number, ms: number])[];
  /** Of the sizes from the axis' `from` on. */
  readonly fit: PowerFit;
  readonly quietRounds: number;
}

async function grow(axis: keyof typeof AXES, options: SuiteOptions): Promise<Series[]> {
  const peers = installedPeers(["rnn-wasm", "ort-web", "ort-node"]);
  const parent = mkdtempSync(join(tmpdir(), "rnn-wasm-bench-"));
  const processes = peers.map((peer) => new PeerProcess(peer));
  const points = new Map<string, [number, number][]>(peers.map(({ id }) => [id, []]));
  let quietRounds = 0;
  try {
    for (const size of AXES[axis].sizes) {
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
      const rounds = await measureRounds(processes, options);
      quietRounds += rounds.filter((round) => round.quiet).length;
      for (const { id } of peers) points.get(id)!.push([size, median(timesOf(rounds, id))]);
    }
  } finally {
    for (const process of processes) process.close();
    rmSync(parent, { recursive: true, force: true });
  }
  return peers.map(({ id, label }) => {
    const all = points.get(id)!;
    const fit = fitPower(all.filter(([size]) => size >= AXES[axis].from));
    return { peer: id, label, points: all, fit, quietRounds };
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
    const { sizes, from } = AXES[axis];
    tables.push({
      title: `LSTM, features = units, ${fixed.map(([name, size]) => `${name} ${size}`).join(", ")}: by ${axis}`,
      head: ["peer", ...sizes.map(String), "exponent", "±", "residual"],
      rows: series.map(({ label, points, fit }) => [
        label,
        ...points.map(([, ms]) => formatMs(ms)),
        fit.residual <= USABLE_RESIDUAL ? digits(fit.exponent) : "no power law",
        digits(fit.error),
        `${(fit.residual * 100).toFixed(1)}%`,
      ]),
      note: `Exponent: the slope of log time over log ${axis} from ${from} on, with its standard error; residual: root mean square of the points' distance from that line. The work itself has 1 for timesteps and batch, 2 for units. ${series[0]!.quietRounds} quiet rounds over ${sizes.length} sizes.`,
    });
  }
  return { suite: "growth", title: "Growth of cost", tables, data };
}
