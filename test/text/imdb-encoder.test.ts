import { describe, expect, it } from "vitest";
import { OptionError } from "../../src/errors.ts";
import { ImdbEncoder, type ImdbOptions, removeLongSequences } from "../../src/text/index.ts";
import { readFixture } from "./fixtures.ts";

interface ImdbCase {
  options: ImdbOptions & { maxlen?: number };
  sequences: number[][];
  labels: number[];
}

describe("ImdbEncoder", () => {
  const { ranks, cases } = readFixture<{ ranks: number[][]; cases: ImdbCase[] }>("imdb");
  it.each(cases.map((c) => [JSON.stringify(c.options), c] as const))("encodes as load_data: %s", (_, expected) => {
    const { maxlen = Number.POSITIVE_INFINITY, ...options } = expected.options;
    const { indexFrom = 3 } = options;
    // Without num_words Keras takes the data's largest id after dropping long reviews, and so makes that id unknown.
    const kept = removeLongSequences(
      maxlen,
      ranks.map((r) => [0, ...r]),
      ranks.map((_, i) => i),
    );
    const largest = Math.max(...kept.sequences.flat()) + indexFrom;
    const encoder = new ImdbEncoder([], { numWords: largest, ...options });
    const encoded = ranks.map((review) => encoder.encodeRanks(review));
    expect(
      removeLongSequences(
        maxlen,
        encoded,
        ranks.map((_, i) => i),
      ),
    ).toEqual({
      sequences: expected.sequences,
      labels: expected.labels,
    });
  });

  it("encodes text: breaks, case, punctuation, apostrophes, unknown words", () => {
    const encoder = new ImdbEncoder(["the", "and", "don't"]);
    expect(encoder.encode("The cat<br />and<BR>THE (don't)!")).toEqual([1, 4, 2, 5, 4, 6]);
    expect(encoder.encode("")).toEqual([1]);
    expect(encoder.encode("constructor __proto__")).toEqual([1, 2, 2]);
  });

  it("takes the vocabulary as words, as a map, and as Keras' word index", () => {
    const text = "a b c";
    const expected = [1, 5, 2, 4];
    expect(new ImdbEncoder(["c", "a"]).encode(text)).toEqual(expected);
    expect(
      new ImdbEncoder(
        new Map([
          ["a", 2],
          ["c", 1],
        ]),
      ).encode(text),
    ).toEqual(expected);
    expect(new ImdbEncoder({ a: 2, c: 1 }).encode(text)).toEqual(expected);
    expect(new ImdbEncoder({ a: 2, c: 1 }, { numWords: 5 }).encode(text)).toEqual([1, 2, 2, 4]);
  });

  it("decodes for people", () => {
    const encoder = new ImdbEncoder(["the", "cat"]);
    expect(encoder.decode([0, 0, 1, 4, 5, 2])).toBe("the cat ?");
  });

  it("refuses options that mean nothing", () => {
    for (const options of [{ numWords: -1 }, { indexFrom: 0.5 }, { oovChar: Number.NaN }, { skipTop: null }]) {
      expect(() => new ImdbEncoder([], options as ImdbOptions)).toThrow(OptionError);
    }
    expect(() => removeLongSequences(3, [[1]], [])).toThrow("1 sequences, but 0 labels");
  });
});
