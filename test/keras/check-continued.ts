// Goes on training the models of continued_training.py and compares losses and weights with Keras'.
//   node .build/run-ts.mjs test/keras/check-continued.ts FOLDER
// Writes FOLDER/results.json.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { RnnWasmError } from "../../src/errors.ts";
import { goOn, readContinued } from "../support/continued.ts";

const folder = resolve(process.argv[2]!);
const results: object[] = [];
const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, "case.json")));
for (const name of names.sort()) {
  const known = readContinued(join(folder, name));
  for (const ending of Object.keys(known.files)) {
    const result = { name, ending, refusedByKeras: known.files[ending]!.refused };
    try {
      const { fault, notes } = await goOn(join(folder, name), known, ending);
      results.push({ ...result, status: fault ? "different" : "equal", ...(fault && { detail: fault }), notes });
    } catch (error) {
      const isRefused = error instanceof RnnWasmError;
      const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      results.push({ ...result, status: isRefused ? "refused" : "failed", detail });
    }
  }
}
writeFileSync(join(folder, "results.json"), JSON.stringify(results, undefined, 1));
