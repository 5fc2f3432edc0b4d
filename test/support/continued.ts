import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadModel } from "../../src/platform/node.ts";
import { decodeTensor, difference, type GoldenTensor } from "./goldens.ts";

/** How Keras went on from a file. */
interface ContinuedFile {
  readonly losses: readonly number[];
  /** The losses of the model in memory, where its file does not lead to them. */
  readonly unbroken?: readonly number[];
  /** Why that Keras does not read its own file: the losses are those of the model in memory then. */
  readonly refused?: string;
}

/** What test/keras/continued_training.py writes of a model that a real Keras trained, saved and trained on. */
export interface ContinuedCase {
  readonly about: string;
  readonly keras: string;
  readonly backend: string;
  readonly batches: readonly { readonly x: GoldenTensor; readonly y: GoldenTensor }[];
  /** By ending. */
  readonly files: Readonly<Record<string, ContinuedFile>>;
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
    const { losses, unbroken } = files[ending]!;
    const isAt = (wanted: readonly number[]) => wanted.every((loss, i) => Math.abs(got[i]! - loss) <= LOSSES);
    if (!isAt(losses)) {
      const how = unbroken && isAt(unbroken) ? "as the model in memory goes on: " : "";
      return fault(`${how}losses ${got.join(", ")}; Keras ${losses.join(", ")}`);
    }
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
