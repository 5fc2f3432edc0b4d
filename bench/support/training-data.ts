import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Workload, WorkloadWeight } from "../workloads.ts";
import { sentimentModel } from "../workloads.ts";
import { trainingReviews } from "./imdb.ts";
import { mulberry32 } from "./random.ts";

const VOCABULARY = 20000;
export const BATCH = 32;
export const TIMESTEPS = 100;
export const SAMPLES = 640;

/** Rows of ids and their labels, and the weights that every peer begins with. */
export interface TrainingData {
  readonly id: string;
  readonly title: string;
  readonly x: Int32Array;
  readonly y: Float32Array;
  readonly weights: readonly WorkloadWeight[];
  /** Share of distinct ids in a batch. */
  readonly distinct: number;
}

/** Distinct ids divided by all, the mean over batches. */
function distinctShare(x: Int32Array): number {
  const size = BATCH * TIMESTEPS;
  const shares: number[] = [];
  for (let at = 0; at < x.length; at += size) shares.push(new Set(x.subarray(at, at + size)).size / size);
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

/** Weights as Keras starts them, an Embedding's narrower than the inference workload's. */
function firstWeights(): readonly WorkloadWeight[] {
  const model: Workload = sentimentModel("training", "", [], BATCH);
  return model.layers.flatMap(({ type, weights }) =>
    weights.map((weight) =>
      type === "Embedding" ? { ...weight, data: weight.data.map((value) => 0.1 * value) } : weight,
    ),
  );
}

/** The post's model on uniformly random ids, and on reviews where the data set is there. */
export function trainingData(say: (line: string) => void): readonly TrainingData[] {
  const random = mulberry32(5);
  const weights = firstWeights();
  const x = Int32Array.from({ length: SAMPLES * TIMESTEPS }, () => Math.floor(random() * VOCABULARY));
  const y = Float32Array.from({ length: SAMPLES }, () => Number(random() < 0.5));
  const all = [{ id: "random", title: "uniformly random ids", x, y, weights, distinct: distinctShare(x) }];
  const reviews = trainingReviews(SAMPLES);
  if (!reviews) {
    say("IMDB is left out: ../shared/data/imdb is not there.");
    return all;
  }
  return [...all, { id: "imdb", title: "IMDB reviews", ...reviews, weights, distinct: distinctShare(reviews.x) }];
}

/** Writes the files that bench/peers/training/serve.mjs and serve.py read; returns their folder. */
export function writeTrainingFolder(parent: string, data: TrainingData): string {
  const folder = join(parent, data.id);
  if (existsSync(folder)) return folder;
  mkdirSync(folder, { recursive: true });
  const parts: Uint8Array[] = [];
  let at = 0;
  const place = ({ buffer, byteOffset, byteLength, length }: Float32Array | Int32Array) => {
    parts.push(new Uint8Array(buffer, byteOffset, byteLength));
    const start = at;
    at += byteLength;
    return { at: start, length };
  };
  const about = {
    batch: BATCH,
    timesteps: TIMESTEPS,
    samples: data.y.length,
    x: place(data.x),
    y: place(data.y),
    weights: data.weights.map((weight) => ({ shape: weight.shape, ...place(weight.data) })),
  };
  writeFileSync(join(folder, "training.json"), JSON.stringify(about));
  writeFileSync(join(folder, "training.bin"), Buffer.concat(parts));
  return folder;
}
