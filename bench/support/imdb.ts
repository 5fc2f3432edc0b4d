import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { ImdbEncoder } from "../../src/text/imdb-encoder.ts";
import { padSequences } from "../../src/text/pad-sequences.ts";
import { sentimentModel, type Workload } from "../workloads.ts";
import { packageRoot } from "./root.ts";

const TIMESTEPS = 100;
/** Calls before a review comes again: products of words are kept, and reviews that came up often would all be known. */
const CALLS = { 1: 64, 32: 32 };

const file = (split: string) => new URL(`../shared/data/imdb/${split}.jsonl.gz`, packageRoot);

/** The first reviews of a split as Keras' ids, whole, and their labels. */
function encodedReviews(split: string, count: number): { ids: number[][]; labels: number[] } {
  const text = gunzipSync(readFileSync(file(split))).toString();
  const vocabulary = JSON.parse(readFileSync(new URL("models/sentiment/vocabulary.json", packageRoot), "utf8"));
  const encoder = new ImdbEncoder(vocabulary, { numWords: 20000 });
  const rows = text.split("\n", count).map((line) => JSON.parse(line) as { text: string; label: number });
  return { ids: rows.map((row) => encoder.encode(row.text)), labels: rows.map(({ label }) => label) };
}

/** The first reviews of a split, [reviews, 100], cut at the front and padded there, and their labels. */
function firstReviews(split: string, count: number): { x: Int32Array; y: Float32Array } {
  const { ids, labels } = encodedReviews(split, count);
  const x = padSequences(ids, { maxlen: TIMESTEPS }).data as Int32Array;
  return { x, y: Float32Array.from(labels) };
}

/** Whole reviews of the test split; undefined where the data set is not there. */
export function testReviews(count: number): number[][] | undefined {
  return existsSync(file("test")) ? encodedReviews("test", count).ids : undefined;
}

/** Reviews of the training split with their labels; undefined where the data set is not there. */
export function trainingReviews(count: number): { x: Int32Array; y: Float32Array } | undefined {
  return existsSync(file("train")) ? firstReviews("train", count) : undefined;
}

function reviews(count: number): Int32Array[] {
  const data = firstReviews("test", count).x;
  return Array.from({ length: count }, (_, i) => Int32Array.from(data.subarray(i * TIMESTEPS, (i + 1) * TIMESTEPS)));
}

/** Workload A's model on real reviews: words repeat there, so that work on equal rows can be shared. */
export function imdbWorkloads(say: (line: string) => void): Record<string, () => Workload> {
  if (!existsSync(file("test"))) {
    say("A_imdb is left out: ../shared/data/imdb is not there.");
    return {};
  }
  const at = (batch: 1 | 32) => () => {
    const calls = CALLS[batch];
    const all = reviews(batch * calls);
    const inputs = Array.from({ length: calls }, (_, call) => {
      const input = new Int32Array(batch * TIMESTEPS);
      for (let b = 0; b < batch; b++) input.set(all[call * batch + b]!, b * TIMESTEPS);
      return input;
    });
    const title = `A Embedding→LSTM(128)→Dense on IMDB reviews, T=100, batch ${batch}`;
    return sentimentModel(`A_imdb_b${batch}`, title, inputs, batch);
  };
  return { A_imdb_b1: at(1), A_imdb_b32: at(32) };
}
