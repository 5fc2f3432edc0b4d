// Trains the models of random_training.py, training_options.py and training_layers.py and compares losses and weights with Keras'.
//   node .build/run-ts.mjs test/keras/check-training.ts FOLDER
// Writes FOLDER/results.json.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { RnnWasmError } from "../../src/errors.ts";
import { formName, GOLDENS } from "../support/goldens.ts";
import { runTrainingGolden, type TrainingCase } from "../support/run-training-golden.ts";

const folder = resolve(process.argv[2]!);
const results: object[] = [];
const seeds = readdirSync(folder).filter((name) => existsSync(join(folder, name, "case.json")));
for (const seed of seeds.sort((a, b) => Number(a) - Number(b))) {
  const golden = JSON.parse(readFileSync(join(folder, seed, "case.json"), "utf8")) as TrainingCase;
  const result = { seed, about: golden.about, stage: "train" };
  try {
    // A golden's folder is named from where the goldens are.
    let detail: string | undefined;
    for (const files of golden.models) {
      const bad = await runTrainingGolden(relative(GOLDENS, join(folder, seed)), golden, files);
      detail ??= bad && `${formName(files)}: ${bad}`;
    }
    results.push({ ...result, status: detail ? "different" : "equal", ...(detail && { detail }) });
  } catch (error) {
    const refused = error instanceof RnnWasmError && error.name === "UnsupportedLayerError";
    const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    results.push({ ...result, status: refused ? "refused" : "failed", detail });
  }
}
writeFileSync(join(folder, "results.json"), JSON.stringify(results));
