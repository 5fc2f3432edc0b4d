// Loads the random models of random_models.py, compares what they compute, and writes them again for real Kerases.
//   node .build/run-ts.mjs test/keras/check-random.ts FOLDER
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildRoot } from "../../src/api/load-model.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { UnsupportedLayerError } from "../../src/errors.ts";
import { readModel } from "../../src/formats/read-model.ts";
import { writeModel } from "../../src/formats/write/write-model.ts";
import { COMPANIONS } from "../../src/layers/companions.ts";
import { InferenceModel } from "../../src/model/model.ts";
import type { Tensor } from "../../src/tensor.ts";

interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: string;
}

interface Case {
  readonly id: string;
  readonly about: string;
  readonly models: readonly { readonly file: string }[];
  readonly calls: readonly { readonly inputs: readonly StoredTensor[]; readonly outputs: readonly StoredTensor[] }[];
  readonly tolerance: { readonly abs: number; readonly rel: number };
}

function tensor({ dtype, shape, data }: StoredTensor): Tensor & { data: Float32Array | Int32Array } {
  const { buffer } = new Uint8Array(Buffer.from(data, "base64"));
  return { data: dtype === "int32" ? new Int32Array(buffer) : new Float32Array(buffer), shape };
}

/** The worst error in units of the tolerance. */
function compare(model: InferenceModel, golden: Case): number {
  let worst = 0;
  for (const { inputs, outputs } of golden.calls) {
    const given = inputs.map(tensor);
    const got = model.run(given.length === 1 ? given[0]! : given);
    outputs.forEach((stored, i) => {
      const want = tensor(stored).data as Float32Array;
      const data = got[i]!.data as Float32Array;
      if (data.length !== want.length) throw new Error(`output ${i} has ${data.length} values, not ${want.length}`);
      want.forEach((value, k) => {
        const error = Math.abs(data[k]! - value) / (golden.tolerance.abs + golden.tolerance.rel * Math.abs(value));
        if (!(error <= worst)) worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
      });
    });
  }
  return worst;
}

const folder = resolve(process.argv[2]!);
const written = { keras: [] as object[], h5: [] as object[] };
const refused = new Map<string, number>();
let files = 0;
const failures: string[] = [];
for (const seed of readdirSync(folder)
  .filter((name) => /^\d+$/.test(name))
  .sort((a, b) => Number(a) - Number(b))) {
  const path = join(folder, seed, "case.json");
  const golden = JSON.parse(readFileSync(path, "utf8")) as Case;
  for (const { file } of golden.models) {
    files++;
    try {
      const parsed = readModel({ bytes: new Uint8Array(readFileSync(join(folder, seed, file))), name: file });
      const root = buildRoot(parsed.graph, parsed.profile, COMPANIONS);
      parsed.weights.assign(root);
      for (const format of file === "model.keras" ? (["keras", "h5"] as const) : []) {
        try {
          const target = join(folder, `written-${format}`, `${seed}.${format}`);
          mkdirSync(join(folder, `written-${format}`), { recursive: true });
          writeFileSync(target, Object.values(writeModel(root, format).files)[0]!);
          written[format].push({ id: `seed ${seed}`, file: target, case: path });
        } catch (error) {
          if (!(error instanceof UnsupportedLayerError)) throw error;
          const reason = `${format}: ${error.message.replace(/"[^"]*"/g, '"…"')}`;
          refused.set(reason, (refused.get(reason) ?? 0) + 1);
        }
      }
      const model = new InferenceModel(root, createEngine({}));
      const worst = compare(model, golden);
      model.dispose();
      if (worst > 1) failures.push(`seed ${seed} ${file}: ${worst.toExponential(1)} tolerances off (${golden.about})`);
    } catch (error) {
      failures.push(`seed ${seed} ${file}: ${String(error).slice(0, 300)} (${golden.about})`);
    }
  }
}
for (const format of ["keras", "h5"] as const) {
  mkdirSync(join(folder, `written-${format}`), { recursive: true });
  writeFileSync(join(folder, `written-${format}`, "manifest.json"), JSON.stringify(written[format]));
}
console.log(`${files - failures.length} of ${files} files of random models give Keras' numbers.`);
for (const [reason, count] of refused) console.log(`  not written, ${count} times: ${reason}`);
for (const failure of failures) {
  console.log(`  FAILED ${failure}`);
  console.log(`    again: npm run test:keras -- --random 1 --seed ${/\d+/.exec(failure)![0]}`);
}
process.exitCode = failures.length > 0 ? 1 : 0;
