import type { Peer } from "../peers/peers.ts";
import { comparePeers, type WorkloadResult, workloadTable } from "../support/compare-peers.ts";
import { installedPeers } from "../support/installed-peers.ts";
import { formatRatio, type SuiteOptions, type SuiteReport } from "../support/report.ts";
import { WORKLOADS } from "../workloads.ts";

const WORKERS = 2;

const PARALLEL: readonly Peer[] = [
  {
    id: "rnn-wasm-workers",
    label: `rnn-wasm, ${WORKERS} workers`,
    module: "./rnn-wasm.mjs",
    options: { workers: WORKERS },
  },
  {
    id: "ort-web-threads",
    label: `ONNX Runtime Web, ${WORKERS} threads`,
    module: "./onnxruntime-web.mjs",
    options: { threads: WORKERS },
  },
];

/** A batch on two workers against one thread. */
export async function parallel(options: SuiteOptions): Promise<SuiteReport> {
  const peers = [...installedPeers(["rnn-wasm", "ort-web"]), ...PARALLEL];
  const results: WorkloadResult[] = [];
  for (const id of ["A_lstm_b32", "A_model_b32", "B_gru_b256", "E_bilstm2_b8"]) {
    if (!id.includes(options.filter)) continue;
    options.say(id);
    results.push(await comparePeers(WORKLOADS[id]!(), peers, options));
  }
  const gain = (result: WorkloadResult) => {
    const workers = result.peers.find((peer) => peer.id === "rnn-wasm-workers");
    return workers?.oursToThis;
  };
  const summary = {
    title: `Gain of ${WORKERS} workers over one thread`,
    head: ["workload", "rnn-wasm"],
    rows: results.map((result) => [result.title, formatRatio(gain(result))]),
    note: "On a machine with as many cores; other work on them lowers the gain.",
  };
  return {
    suite: "parallel",
    title: "Workers",
    // Of some workloads it would take the place of that of all.
    tables: [...(options.filter ? [] : [summary]), ...results.map(workloadTable)],
    data: results,
  };
}
