import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildRoot } from "../../src/api/build-root.ts";
import { RnnWasmError } from "../../src/errors.ts";
import { readModel } from "../../src/formats/read-model.ts";
import { type WriteFormat, writeModel } from "../../src/formats/write/write-model.ts";
import { COMPANIONS } from "../../src/layers/companions.ts";

/** What became of one file. */
interface Converted {
  readonly id: string;
  readonly source: string;
  readonly file?: string;
  readonly case: string;
  readonly keras3?: string;
  readonly refused?: string;
}

const [goldens, out, format, pattern = ".", only = "all"] = process.argv.slice(2) as [
  string,
  string,
  WriteFormat,
  string?,
  string?,
];
const filter = new RegExp(pattern);

/** Converts one golden's file; the reason if it cannot be. */
async function convert(bytes: Uint8Array, name: string): Promise<Uint8Array | string> {
  try {
    const parsed = readModel({ bytes, name });
    const root = buildRoot(parsed.graph, parsed.profile, COMPANIONS);
    parsed.weights.assign(root);
    return Object.values(writeModel(root, format).files)[0]!;
  } catch (error) {
    if (error instanceof RnnWasmError) return `${error.name}: ${error.message}`;
    throw error;
  }
}

mkdirSync(out, { recursive: true });
const index = JSON.parse(readFileSync(join(goldens, "index.json"), "utf8")) as {
  id: string;
  folder: string;
  kind: string;
  expect: string;
}[];
const found: Converted[] = [];
for (const { id, folder, kind, expect } of index) {
  if (kind !== "predict" || expect !== "ok" || !filter.test(id)) continue;
  const path = resolve(goldens, folder, "case.json");
  const golden = JSON.parse(readFileSync(path, "utf8")) as {
    models: { file?: string }[];
    keras3?: Record<string, string>;
  };
  for (const { file } of golden.models) {
    if (!file || !existsSync(join(goldens, folder, file)) || file.endsWith(".json")) continue;
    const keras3 = golden.keras3?.[file];
    if (only === "broken" && (keras3 === undefined || keras3 === "loads-equal")) continue;
    const base = { id, source: file, case: path, ...(keras3 && { keras3 }) };
    const written = await convert(new Uint8Array(readFileSync(join(goldens, folder, file))), file);
    if (typeof written === "string") {
      found.push({ ...base, refused: written });
      continue;
    }
    const target = resolve(out, `${id.replaceAll("/", "__")}__${file.replace(".", "-")}.${format}`);
    writeFileSync(target, written);
    found.push({ ...base, file: target });
  }
}
const manifest = found
  .filter((entry) => entry.file !== undefined)
  .map((entry) => ({ id: `${entry.id} ${entry.source}`, file: entry.file, case: entry.case }));
writeFileSync(join(out, "manifest.json"), JSON.stringify(manifest));
writeFileSync(join(out, "converted.json"), JSON.stringify(found));
console.log(`${manifest.length} of ${found.length} files written as ${format}`);
