import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModelSync } from "../../src/api/load-model.ts";
import { writeModel } from "../../src/formats/write/write-model.ts";
import type { loadModel } from "../../src/platform/node.ts";
import { writeWorkload } from "../models/native.ts";
import { installedPeers } from "../support/installed-peers.ts";
import { formatMs, formatRatio, type SuiteOptions, type SuiteReport } from "../support/report.ts";
import { packageRoot } from "../support/root.ts";
import { deviation, median } from "../support/statistics.ts";
import { WORKLOADS } from "../workloads.ts";

const ROUNDS = 15;

interface LoadingResult {
  readonly label: string;
  readonly megabytes: number;
  readonly ms: number;
  readonly madMs: number;
  /** Median of per-round ratios to reading and copying the same file. */
  readonly toCopy: number;
}

/** Loading a 10 MB model (workload A's) from a file, against reading that file and copying its bytes once. */
export async function loading(options: SuiteOptions): Promise<SuiteReport> {
  installedPeers(["rnn-wasm"]);
  const workload = WORKLOADS["A_model_b1"]!();
  const native = writeWorkload(workload);
  const made = loadModelSync({ json: native["model.json"]!, weights: native["weights.safetensors"]! });
  const x = { data: workload.inputs[0] as Int32Array, shape: [1, workload.timesteps] };
  const wanted = made.predict(x).data[0];
  const parent = mkdtempSync(join(tmpdir(), "rnn-wasm-bench-"));
  const library = new URL("dist/platform/node.js", packageRoot).href;
  const { loadModel: load } = (await import(library)) as { loadModel: typeof loadModel };
  const data: LoadingResult[] = [];
  try {
    const put = (name: string, bytes: Uint8Array) => {
      const file = join(parent, name);
      writeFileSync(file, bytes);
      return file;
    };
    const written = (format: "keras" | "h5") => Object.values(writeModel(made.inference.root, format).files)[0]!;
    put("model.json", native["model.json"]!);
    const weights = put("weights.safetensors", native["weights.safetensors"]!);
    const keras = put("model.keras", written("keras"));
    const h5 = put("model.h5", written("h5"));
    const cases = [
      { label: "Keras 3 .keras", path: keras, bulk: keras },
      { label: "Keras 2 .h5", path: h5, bulk: h5 },
      { label: "rnn-wasm (model.json + safetensors)", path: parent, bulk: weights },
    ];
    for (const { label, path, bulk } of cases) {
      options.say(`loading: ${label}`);
      const times: number[] = [];
      const copies: number[] = [];
      for (let round = -2; round < ROUNDS; round++) {
        const start = performance.now();
        const model = await load(path);
        const loaded = performance.now();
        const bytes = await readFile(bulk);
        const copy = Uint8Array.from(bytes);
        const copied = performance.now();
        if (model.predict(x).data[0] !== wanted || copy.byteLength === 0) throw new Error(`${label}: another output.`);
        model.dispose();
        if (round < 0) continue;
        times.push(loaded - start);
        copies.push(copied - loaded);
      }
      data.push({
        label,
        megabytes: (await readFile(bulk)).length / 1e6,
        ms: median(times),
        madMs: deviation(times),
        toCopy: median(times.map((ms, i) => ms / copies[i]!)),
      });
    }
  } finally {
    made.dispose();
    rmSync(parent, { recursive: true, force: true });
  }
  const table = {
    title: "Loading Embedding(20000,128)→LSTM(128)→Dense(1) from a file",
    head: ["format", "MB", "median", "±", "to read + copy"],
    rows: data.map((row) => [
      row.label,
      row.megabytes.toFixed(1),
      formatMs(row.ms),
      formatMs(row.madMs),
      formatRatio(row.toCopy),
    ]),
    note: "Until loadModel's promise resolves; files are in the system's cache. “Read + copy” reads the weights' file and copies its bytes once, in the same round.",
  };
  return { suite: "loading", title: "Loading", tables: [table], data };
}
