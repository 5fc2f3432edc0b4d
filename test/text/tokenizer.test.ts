import { describe, expect, it } from "vitest";
import { FormatError, OptionError } from "../../src/errors.ts";
import {
  type MatrixMode,
  Tokenizer,
  type TokenizerOptions,
  textToWordSequence,
  tokenizerFromJson,
} from "../../src/text/index.ts";
import { readFixture } from "./fixtures.ts";

interface SparseMatrix {
  shape: number[];
  elements: [number, number, number][];
}

interface TokenizerCase {
  name: string;
  options: TokenizerOptions;
  texts: (string | string[])[];
  json: string;
  sequences: number[][];
  backToTexts: string[];
  matrices?: Record<MatrixMode, SparseMatrix>;
}

const keras = readFixture<{
  probes: string[];
  oddSequence: number[];
  cases: TokenizerCase[];
  sequencesOnly: { sequences: number[][]; tfidf: SparseMatrix };
}>("tokenizer");

function dense({ shape, elements }: SparseMatrix): Float32Array {
  const data = new Float32Array(shape[0]! * shape[1]!);
  for (const [i, j, value] of elements) data[i * shape[1]! + j] = value;
  return data;
}

/** Keras fills `word_docs` and `index_docs` from a set, in an order that differs from run to run. */
function comparable(json: string): Record<string, unknown> {
  const { class_name, config } = JSON.parse(json);
  const [wordDocs, indexDocs] = [JSON.parse(config.word_docs), JSON.parse(config.index_docs)];
  return { class_name, ...config, word_docs: wordDocs, index_docs: indexDocs };
}

function fitted({ options, texts }: TokenizerCase): Tokenizer {
  const tokenizer = new Tokenizer(options);
  tokenizer.fitOnTexts(texts.slice(0, -1));
  tokenizer.fitOnTexts(texts.slice(-1));
  return tokenizer;
}

describe("Tokenizer does what Keras does", () => {
  it.each(keras.cases.map((c) => [c.name, c] as const))("%s", (_, expected) => {
    const read = tokenizerFromJson(expected.json);
    for (const tokenizer of [fitted(expected), read]) {
      const sequences = tokenizer.textsToSequences([...expected.texts, ...keras.probes]);
      expect(sequences).toEqual(expected.sequences);
      const odd = [...sequences, keras.oddSequence];
      expect(tokenizer.sequencesToTexts(odd)).toEqual(expected.backToTexts);
      expect(comparable(tokenizer.toJson())).toEqual(comparable(expected.json));
      for (const [mode, matrix] of Object.entries(expected.matrices ?? {})) {
        const actual = tokenizer.sequencesToMatrix(odd, mode as MatrixMode);
        expect(actual).toEqual({ data: dense(matrix), shape: matrix.shape });
      }
    }
    expect(read.toJson()).toBe(expected.json);
  });

  it("fits on sequences alone", () => {
    const { sequences, tfidf } = keras.sequencesOnly;
    const tokenizer = new Tokenizer({ numWords: 5 });
    tokenizer.fitOnSequences(sequences);
    expect(tokenizer.sequencesToMatrix(sequences, "tfidf")).toEqual({ data: dense(tfidf), shape: tfidf.shape });
  });
});

describe("Tokenizer", () => {
  it("has textsToMatrix as the two steps in one", () => {
    const tokenizer = new Tokenizer();
    tokenizer.fitOnTexts(["a b b"]);
    expect(tokenizer.textsToMatrix(["b b", "a c"], "count")).toEqual({
      data: new Float32Array([0, 2, 0, 0, 0, 1]),
      shape: [2, 3],
    });
  });

  it("goes on counting after it was read, with the order of ties kept", () => {
    const first = new Tokenizer();
    first.fitOnTexts(["b 2001 a 10"]);
    const read = tokenizerFromJson(first.toJson());
    for (const tokenizer of [first, read]) tokenizer.fitOnTexts(["c a"]);
    expect([...read.wordIndex]).toEqual([...first.wordIndex]);
    expect([...read.wordIndex.keys()]).toEqual(["a", "b", "2001", "10", "c"]);
  });

  it("reads what Python may put in place of filters that it does not use", () => {
    const config = JSON.parse(new Tokenizer({ charLevel: true }).toJson());
    for (const [filters, split, expected] of [
      [null, "", ""],
      [["a", "b"], " ", "ab"],
    ] as const) {
      Object.assign(config.config, { filters, split });
      expect(tokenizerFromJson(JSON.stringify(config)).filters).toBe(expected);
    }
  });

  it("refuses options that mean nothing", () => {
    expect(() => new Tokenizer({ split: "" })).toThrow(OptionError);
    expect(() => new Tokenizer({ numWords: 1.5 })).toThrow("`numWords` is 1.5");
    expect(() => new Tokenizer().textsToMatrix(["a"])).toThrow("fit on texts first");
    expect(() => new Tokenizer({ numWords: 3 }).textsToMatrix(["a"], "tfidf")).toThrow("before using tfidf");
    expect(() => new Tokenizer({ numWords: 3 }).textsToMatrix(["a"], "sum" as MatrixMode)).toThrow("binary, count");
  });

  it("refuses JSON that is no tokenizer, by name", () => {
    const good = new Tokenizer();
    good.fitOnTexts(["a b", "a"]);
    const spoil = (changes: object) => {
      const parsed = JSON.parse(good.toJson());
      Object.assign(parsed.config, changes);
      return JSON.stringify(parsed);
    };
    const bad = [
      "",
      "null",
      "[]",
      "{}",
      '{"class_name": "Sequential", "config": {}}',
      '{"class_name": "Tokenizer", "config": null}',
      '{"class_name": "Tokenizer", "config": {}}',
      good.toJson().slice(0, -9),
      spoil({ num_words: "many" }),
      spoil({ word_index: 7 }),
      spoil({ word_index: "{" }),
      spoil({ word_index: '{"a": "b"}' }),
      spoil({ word_index: '{"a": {"b": 1}, "a": 1}' }),
      spoil({ word_index: '{"a": NaN}' }),
      spoil({ index_word: '{"one": "a"}' }),
      spoil({ index_word: '{"1": 1}' }),
    ];
    for (const json of bad) expect(() => tokenizerFromJson(json), json).toThrow(FormatError);
  });
});

describe("textToWordSequence", () => {
  it("lower-cases, filters, splits and drops empty words", () => {
    expect(textToWordSequence("It's GREAT, really!")).toEqual(["it's", "great", "really"]);
    expect(textToWordSequence("A-B c", { filters: "", lower: false, split: "-" })).toEqual(["A", "B c"]);
  });
});
