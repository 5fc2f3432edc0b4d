import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeWorkloadFolder } from "../models/files.ts";
import type { Peer } from "../peers/peers.ts";
import { Reference, TOLERANCE } from "../support/compare.ts";
import { installedPeers } from "../support/installed-peers.ts";
import { formatMs, type ReportTable, type SuiteOptions, type SuiteReport } from "../support/report.ts";
import { benchRoot } from "../support/root.ts";
import { deviation, median } from "../support/statistics.ts";
import { WORKLOADS } from "../workloads.ts";

/** Rivals differ here by far more than rounds do; ours, near the empty process, wants more of them. */
const ROUNDS = 11;

interface ColdResult {
  readonly label: string;
  readonly ms: number;
  readonly madMs: number;
  /** Median of per-round differences to the empty process. */
  readonly overEmptyMs: number;
}

/** Milliseconds from spawn to the first output, and that output. */
function start(module: string, options: object, folder: string): Promise<{ ms: number; output: number[] }> {
  const file = fileURLToPath(new URL("peers/cold.mjs", benchRoot));
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    let ms = 0;
    let text = "";
    let errors = "";
    const child = spawn(process.execPath, [file, module, JSON.stringify(options), folder], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.on("data", (chunk: Buffer) => {
      ms ||= performance.now() - begin;
      text += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.on("close", () => {
      try {
        resolve({ ms, output: JSON.parse(text) as number[] });
      } catch {
        reject(new Error(`${module}: ${errors.slice(-500)}`));
      }
    });
  });
}

async function coldStart(id: string, peers: readonly Peer[], options: SuiteOptions): Promise<ColdResult[]> {
  const parent = mkdtempSync(join(tmpdir(), "rnn-wasm-bench-"));
  try {
    const made = WORKLOADS[id]!();
    const workload = { ...made, inputs: made.inputs.slice(0, 1) };
    const folder = writeWorkloadFolder(parent, workload);
    const [input] = workload.inputs;
    writeFileSync(join(folder, "input.bin"), new Uint8Array(input!.buffer, input!.byteOffset, input!.byteLength));
    const reference = new Reference(workload);
    const empty: Peer = { id: "empty", label: "empty process", module: "" };
    const taking = [empty, ...peers.filter((peer) => !peer.runs || peer.runs(workload))];
    const times = new Map<string, number[]>(taking.map((peer) => [peer.id, []]));
    for (let round = -1; round < Math.max(ROUNDS, options.rounds); round++) {
      const order = round % 2 === 0 ? taking : [...taking].reverse();
      for (const peer of order) {
        const { ms, output } = await start(peer.module, peer.options ?? {}, folder);
        if (round >= 0) times.get(peer.id)!.push(ms);
        else if (peer.id !== "empty" && peer.reference !== null) {
          // The round before the first fills the system's file cache and compares the outputs.
          const error = reference.error([Float32Array.from(output)], peer.reference === "resetBefore");
          if (error > TOLERANCE) throw new Error(`${peer.label} is wrong by ${error}.`);
        }
      }
    }
    const base = times.get("empty")!;
    return taking.map(({ id: peer, label }) => {
      const all = times.get(peer)!;
      const over = median(all.map((ms, round) => ms - base[round]!));
      return { label, ms: median(all), madMs: deviation(all), overEmptyMs: over };
    });
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

/** From the start of a process to the first correct prediction. */
export async function cold(options: SuiteOptions): Promise<SuiteReport> {
  const peers = installedPeers(options.peers).filter((peer) => peer.id !== "rnn-wasm-simd");
  const data: Record<string, ColdResult[]> = {};
  const tables: ReportTable[] = [];
  for (const id of ["A_lstm_b1", "A_model_b1"]) {
    if (!id.includes(options.filter)) continue;
    options.say(`cold ${id}`);
    const results = await coldStart(id, peers, options);
    data[id] = results;
    tables.push({
      title: `Cold start, ${WORKLOADS[id]!().title}`,
      head: ["peer", "spawn to first output", "±", "over an empty process"],
      rows: results.map(({ label, ms, madMs, overEmptyMs }) => [
        label,
        formatMs(ms),
        formatMs(madMs),
        label === "empty process" ? "–" : formatMs(Math.max(overEmptyMs, 0)),
      ]),
      note: "Files are in the system's cache. Every peer reads its own format: ours model.json + weights.safetensors, ONNX Runtime .onnx; TensorFlow.js and the loops are built from arrays.",
    });
  }
  return { suite: "cold", title: "Cold start", tables, data };
}
