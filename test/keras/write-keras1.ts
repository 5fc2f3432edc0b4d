// Writes goldens as .h5 of Keras 1, for compare_keras1.py.
//   node .build/run-ts.mjs test/keras/write-keras1.ts GOLDENS OUT theano|tensorflow [REGEXP]
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildRoot } from "../../src/api/build-root.ts";
import { RnnWasmError } from "../../src/errors.ts";
import { readModel } from "../../src/formats/read-model.ts";
import { writeModel } from "../../src/formats/write/write-model.ts";
import { COMPANIONS } from "../../src/layers/companions.ts";

const [goldens, out, backend, pattern = "^keras-[12]"] = process.argv.slice(2) as [
  string,
  string,
  "theano" | "tensorflow",
  string?,
];
const filter = new RegExp(pattern);
mkdirSync(out, { recursive: true });
const index = JSON.parse(readFileSync(join(goldens, "index.json"), "utf8")) as {
  id: string;
  folder: string;
  kind: string;
  expect: string;
}[];
const manifest: { id: string; file: string; case: string }[] = [];
const refused: Record<string, string> = {};
for (const { id, folder, kind, expect } of index) {
  if (kind !== "predict" || expect !== "ok" || !filter.test(id)) continue;
  const path = resolve(goldens, folder, "case.json");
  const golden = JSON.parse(readFileSync(path, "utf8")) as { models: { file?: string }[] };
  const file = golden.models.find((model) => /\.(h5|keras)$/.test(model.file ?? ""))?.file;
  if (!file) continue;
  try {
    const parsed = readModel({ bytes: new Uint8Array(readFileSync(join(goldens, folder, file))), name: file });
    const root = buildRoot(parsed.graph, parsed.profile, COMPANIONS);
    parsed.weights.assign(root);
    const bytes = writeModel(root, "h5", { keras: 1, backend }).files[".h5"]!;
    const target = resolve(out, `${id.replaceAll("/", "__")}.h5`);
    writeFileSync(target, bytes);
    manifest.push({ id, file: target, case: path });
  } catch (error) {
    if (!(error instanceof RnnWasmError)) throw error;
    refused[id] = error.message;
  }
}
writeFileSync(join(out, "manifest.json"), JSON.stringify(manifest));
writeFileSync(join(out, "refused.json"), JSON.stringify(refused, null, 1));
console.log(`${manifest.length} files written, ${Object.keys(refused).length} refused`);
