// Loads the random models of random_models.py, compares what they compute, and writes them again for real Kerases.
//   node .build/run-ts.mjs test/keras/check-random.ts FOLDER
// Writes FOLDER/results.json, and FOLDER/written-keras and FOLDER/written-h5 with a manifest each for compare.py.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildRoot } from "../../src/api/build-root.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { UnsupportedLayerError } from "../../src/errors.ts";
import { readModel } from "../../src/formats/read-model.ts";
import { type WriteFormat, writeModel } from "../../src/formats/write/write-model.ts";
import { COMPANIONS } from "../../src/layers/companions.ts";
import type { GraphLayer } from "../../src/model/graph-layer.ts";
import { InferenceModel } from "../../src/model/model.ts";
import { decodeTensor, difference, type GoldenCase } from "../support/goldens.ts";

/** What became of one file at one stage. */
interface Result {
  readonly seed: string;
  readonly about: string;
  readonly stage: string;
  readonly status: "equal" | "different" | "refused" | "failed" | "written";
  readonly detail?: string;
}

const folder = resolve(process.argv[2]!);
const results: Result[] = [];
const manifests = { keras: [] as object[], h5: [] as object[] };
const errorName = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : `${error}`);

/** The first difference over all calls, or undefined. */
function compare(root: GraphLayer, golden: GoldenCase): string | undefined {
  const model = new InferenceModel(root, createEngine({}));
  try {
    for (const [number, { inputs, outputs, reset }] of golden.calls.entries()) {
      if (reset) model.resetStates();
      const given = inputs.map(decodeTensor);
      const got = model.run(given.length === 1 ? given[0]! : given);
      if (got.length !== outputs.length) return `${got.length} outputs, expected ${outputs.length}`;
      for (const [i, want] of outputs.entries()) {
        const found = difference(got[i]!, decodeTensor(want), golden.tolerance);
        if (found) return `call ${number}, output ${i}, ${found}`;
      }
    }
    return undefined;
  } finally {
    model.dispose();
  }
}

function write(root: GraphLayer, format: keyof typeof manifests, seed: string, about: string, path: string): void {
  const result = { seed, about, stage: `write ${format}` };
  try {
    const target = join(folder, `written-${format}`, `${seed}.${format}`);
    writeFileSync(target, Object.values(writeModel(root, format satisfies WriteFormat).files)[0]!);
    manifests[format].push({ id: seed, file: target, case: path });
    results.push({ ...result, status: "written" });
  } catch (error) {
    results.push({
      ...result,
      status: error instanceof UnsupportedLayerError ? "refused" : "failed",
      detail: errorName(error),
    });
  }
}

for (const format of ["keras", "h5"]) mkdirSync(join(folder, `written-${format}`), { recursive: true });
const seeds = readdirSync(folder).filter((name) => /^\d+$/.test(name));
for (const seed of seeds.sort((a, b) => Number(a) - Number(b))) {
  const path = join(folder, seed, "case.json");
  const golden = JSON.parse(readFileSync(path, "utf8")) as GoldenCase;
  const { about } = golden;
  for (const { file } of golden.models) {
    const result = { seed, about, stage: `load ${file!.split(".").at(-1)}` };
    try {
      const parsed = readModel({ bytes: new Uint8Array(readFileSync(join(folder, seed, file!))), name: file! });
      const root = buildRoot(parsed.graph, parsed.profile, COMPANIONS);
      parsed.weights.assign(root);
      if (file === "model.keras") for (const format of ["keras", "h5"] as const) write(root, format, seed, about, path);
      const found = compare(root, golden);
      results.push({ ...result, status: found ? "different" : "equal", ...(found && { detail: found }) });
    } catch (error) {
      const status = error instanceof UnsupportedLayerError ? "refused" : "failed";
      results.push({ ...result, status, detail: errorName(error) });
    }
  }
}
for (const [format, manifest] of Object.entries(manifests)) {
  writeFileSync(join(folder, `written-${format}`, "manifest.json"), JSON.stringify(manifest));
}
writeFileSync(join(folder, "results.json"), JSON.stringify(results));
