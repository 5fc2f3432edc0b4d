import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { workloadFiles, writeWorkloadFolder } from "../models/files.ts";
import type { Workload } from "../workloads.ts";
import { benchRoot, packageRoot } from "./root.ts";

/** Names the Python that has TensorFlow 2.15. */
const PYTHON = "TFLITE_PYTHON";

/** The workload's .tflite name: its weights and shapes and the maker decide, so that no stale file is ever read. */
function cachedFile(workload: Workload): string {
  const hash = createHash("sha256");
  const { "workload.json": json, "arrays.bin": arrays } = workloadFiles(workload);
  const maker = readFileSync(new URL("peers/tflite.py", benchRoot));
  for (const bytes of [json!, arrays!, maker]) hash.update(bytes);
  const name = `${workload.id}-${hash.digest("hex").slice(0, 12)}.tflite`;
  return fileURLToPath(new URL(`build/bench/${name}`, packageRoot));
}

/**
 * The workload as LiteRT.js reads it: from build/bench/, or made there by bench/peers/tflite.py with the Python that the
 * variable TFLITE_PYTHON names.
 *
 * @returns its bytes, or undefined where neither is there; `say` is told what to do.
 * @throws {Error} If the maker fails.
 */
export function tfliteModel(workload: Workload, say: (line: string) => void): Uint8Array | undefined {
  const file = cachedFile(workload);
  const python = process.env[PYTHON];
  if (!existsSync(file)) {
    if (!python) {
      say(`LiteRT.js is left out: set ${PYTHON} to a Python with tensorflow-cpu==2.15.1, which makes its model.`);
      return undefined;
    }
    mkdirSync(new URL("build/bench/", packageRoot), { recursive: true });
    const parent = mkdtempSync(join(tmpdir(), "rnn-wasm-bench-"));
    try {
      const maker = fileURLToPath(new URL("peers/tflite.py", benchRoot));
      execFileSync(python, [maker, writeWorkloadFolder(parent, workload), file], {
        stdio: ["ignore", "ignore", "pipe"],
      });
    } finally {
      rmSync(parent, { recursive: true, force: true });
    }
  }
  return readFileSync(file);
}
