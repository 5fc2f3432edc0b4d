import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeWorkloadFolder } from "../models/files.ts";
import { installedPeers } from "../support/installed-peers.ts";
import { PeerProcess } from "../support/peer-process.ts";
import type { SuiteOptions, SuiteReport } from "../support/report.ts";
import { WORKLOADS } from "../workloads.ts";

const IDS = ["A_lstm_b1", "A_model_b32", "D_rnn_b32", "E_bilstm2_b1"];

/** Peak resident memory of a process that loads a workload and calls it for a while. */
export async function memory(options: SuiteOptions): Promise<SuiteReport> {
  const peers = installedPeers(options.peers).filter((peer) => peer.id !== "rnn-wasm-simd");
  const parent = mkdtempSync(join(tmpdir(), "rnn-wasm-bench-"));
  const data: Record<string, Record<string, number>> = {};
  try {
    const folders = IDS.map((id) => {
      const workload = WORKLOADS[id]!();
      return { workload, folder: writeWorkloadFolder(parent, workload) };
    });
    for (const peer of peers) {
      const row: Record<string, number> = {};
      data[peer.id] = row;
      for (const { workload, folder } of folders) {
        if (peer.runs && !peer.runs(workload)) continue;
        options.say(`memory: ${peer.label}, ${workload.id}`);
        const process = new PeerProcess(peer);
        try {
          await process.load(folder);
          await process.measure(options.ms);
          row[workload.id] = (await process.memory()).peakMb;
        } catch (error) {
          options.say(`  ${String(error)}`);
        } finally {
          process.close();
        }
      }
    }
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
  const table = {
    title: "Peak resident memory of the process in MB (Node itself and the workload's own arrays included)",
    head: ["peer", ...IDS],
    rows: peers.map(({ id, label }) => [label, ...IDS.map((workload) => data[id]![workload]?.toFixed(0) ?? "–")]),
  };
  return { suite: "memory", title: "Memory", tables: [table], data };
}
