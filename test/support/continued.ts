import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadModel } from "../../src/platform/node.ts";
import { decodeTensor, difference, type GoldenTensor } from "./goldens.ts";

/** What test/keras/continued_training.py writes of a model that a real Keras trained, saved and trained on. */
export interface ContinuedCase {
  readonly about: string;
  readonly keras: string;
  readonly backend: string;
  readonly batches: readonly { readonly x: GoldenTensor; readonly y: GoldenTensor }[];
  /** By ending: Keras' losses on the batches, and why it did not read its own file. */
  readonly files: Readonly<Record<string, { readonly losses: readonly number[]; readonly refused?: string }>>;
}

/** Losses may be apart by this much, weights by the second, as in the goldens of training. */
const LOSSES = 1e-5;
const WEIGHTS = 1e-4;

/** Goes on with one file of a case. @returns What differs from Keras, and what the package has to say of its beginning. */
export async function goOn(
  folder: string,
  { batches, files }: ContinuedCase,
  ending: string,
): Promise<{ readonly fault: string | undefined; readonly notes: readonly string[] }> {
  const model = await loadModel(join(folder, `model.${ending}`), { build: "simd" });
  const after = await loadModel(join(folder, `after.${ending}`));
  try {
    const fault = (text: string | undefined) => ({ fault: text, notes: model.optimizer.notes });
    const got: number[] = [];
    // Nothing is compiled: optimizer, its state and its rules are the file's.
    for (const { x, y } of batches) got.push((await model.trainOnBatch(decodeTensor(x), decodeTensor(y)))["loss"]!);
    const wanted = files[ending]!.losses;
    const apart = wanted.findIndex((loss, i) => !(Math.abs(got[i]! - loss) <= LOSSES));
    if (apart >= 0) return fault(`losses ${got.join(", ")}; Keras ${wanted.join(", ")}`);
    const weights = model.getWeights();
    const far = after.getWeights().map((weight, i) => difference(weights[i]!, weight, { abs: WEIGHTS, rel: 0 }));
    const index = far.findIndex((text) => text);
    return fault(index < 0 ? undefined : `weight ${index} ${far[index]}`);
  } finally {
    model.dispose();
    after.dispose();
  }
}

/** The case in a folder. */
export function readContinued(folder: string): ContinuedCase {
  return JSON.parse(readFileSync(join(folder, "case.json"), "utf8")) as ContinuedCase;
}
