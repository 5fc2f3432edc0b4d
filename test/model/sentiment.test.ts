import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadModel } from "../../src/platform/node.ts";
import { ImdbEncoder, padSequences } from "../../src/text/index.ts";

const FOLDER = new URL("../../models/sentiment/", import.meta.url);
const REVIEWS = new URL("../../../shared/data/imdb/test.jsonl.gz", import.meta.url);
/** Keras' score of every test review, little-endian float32, in the order of the lines of test.jsonl.gz. */
const KERAS_SCORES = new URL("../fixtures/sentiment-scores.f32", import.meta.url);
const TOLERANCE = 2e-5;
const BATCH = 512;

interface Review {
  text: string;
  label: number;
}

const readJson = (name: string) => JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));
const card = readJson("card.json");
const encoder = new ImdbEncoder(readJson("vocabulary.json") as string[], card.encoding);

/** One mismatch message a run, not 24,996 assertions. */
function worst(actual: ArrayLike<number>, expected: ArrayLike<number>): { index: number; difference: number } {
  let result = { index: -1, difference: 0 };
  for (let index = 0; index < expected.length; index++) {
    const difference = Math.abs(actual[index]! - expected[index]!);
    if (!(difference <= result.difference)) result = { index, difference };
  }
  return result;
}

describe("models/sentiment", () => {
  let model: Awaited<ReturnType<typeof loadModel>>;
  beforeAll(async () => {
    model = await loadModel(fileURLToPath(FOLDER));
  });
  afterAll(() => model.dispose());

  function scoresOf(reviews: readonly Review[]): Float32Array {
    const ids = reviews.map((review) => encoder.encode(review.text));
    return model.predict(padSequences(ids, { maxlen: card.encoding.maxlen })).data as Float32Array;
  }

  it("scores the 50 reviews as Keras, one by one and in a batch", () => {
    const reviews = readJson("reviews.json") as (Review & { score: number })[];
    const expected = reviews.map((review) => review.score);
    const batch = scoresOf(reviews);
    const single = reviews.map((review) => scoresOf([review])[0]!);
    expect(reviews).toHaveLength(50);
    expect(worst(batch, expected).difference).toBeLessThanOrEqual(TOLERANCE);
    expect(worst(single, expected).difference).toBeLessThanOrEqual(TOLERANCE);
  });

  it("scores all test reviews as Keras, with the same accuracy", { timeout: 300_000 }, (context) => {
    if (!existsSync(REVIEWS)) context.skip("../shared/data/imdb is absent: only the 50 reviews were checked");
    const lines = gunzipSync(readFileSync(REVIEWS)).toString("utf8").trimEnd().split("\n");
    const reviews = lines.map((line) => JSON.parse(line) as Review);
    const bytes = readFileSync(KERAS_SCORES);
    const expected = Float32Array.from(reviews, (_, i) => bytes.readFloatLE(4 * i));
    expect(bytes.length).toBe(4 * reviews.length);

    const actual = new Float32Array(reviews.length);
    for (let at = 0; at < reviews.length; at += BATCH) actual.set(scoresOf(reviews.slice(at, at + BATCH)), at);

    const correct = reviews.filter((review, i) => actual[i]! > 0.5 === (review.label === 1)).length;
    expect(worst(actual, expected).difference).toBeLessThanOrEqual(TOLERANCE);
    expect(correct).toBe(card.test.correct);
  });
});
