import { OptionError } from "../errors.ts";
import { naturalLog } from "../natural-log.ts";
import type { Tensor } from "../tensor.ts";
import { DEFAULT_FILTERS, type WordOptions, wordSplitter } from "./words.ts";
import { tokenizerToJson } from "./write-tokenizer-json.ts";

/** A text, or its tokens if it is split already. */
export type Text = string | readonly string[];

/** What an element of a texts-to-matrix row says about its word. */
export type MatrixMode = "binary" | "count" | "tfidf" | "freq";

/** Keras' arguments of `Tokenizer`, with Keras' defaults. */
export interface TokenizerOptions extends WordOptions {
  /** Only indices below this are used: the `numWords − 1` most frequent words. All of them if absent, null or 0. */
  numWords?: number | null;
  /** Every character (code point) is a token; `filters` and `split` are unused then. */
  charLevel?: boolean;
  /** Has index 1 and stands for every word that is unknown or too rare; such words are dropped if absent or null. */
  oovToken?: string | null;
}

/**
 * Keras' `Tokenizer`: texts to sequences of word indices and back. The most frequent word has index 1 (2 with an
 * `oovToken`), equally frequent ones in order of first appearance; 0 is left for padding.
 *
 * @example
 * const tokenizer = new Tokenizer({ numWords: 1000, oovToken: "<unk>" });
 * tokenizer.fitOnTexts(["the cat sat", "the dog"]);
 * tokenizer.textsToSequences(["the bird sat"]); // [[2, 1, 4]]
 */
export class Tokenizer {
  /** Indices from this one on are left out of sequences; null keeps all. */
  readonly numWords: number | null;
  /** Characters that separate words, as {@link split} does. */
  readonly filters: string;
  /** Texts are put in lower case first. */
  readonly lower: boolean;
  readonly split: string;
  /** Every character (code point) is a token; `filters` and `split` are unused then. */
  readonly charLevel: boolean;
  /** Takes the place of words that are not known, or beyond `numWords`; null leaves them out. */
  readonly oovToken: string | null;
  /** Texts fitted so far. */
  documentCount = 0;
  /** Word → occurrences, in order of first appearance. */
  wordCounts = new Map<string, number>();
  /** Word → texts that contain it. */
  wordDocs = new Map<string, number>();
  /** Word → index, most frequent first. */
  wordIndex = new Map<string, number>();
  /** Index → word. */
  indexWord = new Map<number, string>();
  /** Index → texts that contain the word. */
  indexDocs = new Map<number, number>();
  readonly #splitWords: (text: string) => string[];

  /** @throws {OptionError} If `numWords` is no whole number ≥ 0 or `split` is empty. */
  constructor(options: TokenizerOptions = {}) {
    this.numWords = options.numWords ?? null;
    this.filters = options.filters ?? DEFAULT_FILTERS;
    this.lower = options.lower ?? true;
    this.split = options.split ?? " ";
    this.charLevel = options.charLevel ?? false;
    this.oovToken = options.oovToken ?? null;
    if (this.numWords !== null && !(Number.isInteger(this.numWords) && this.numWords >= 0)) {
      throw new OptionError(`\`numWords\` is ${this.numWords}; it must be a whole number ≥ 0.`);
    }
    this.#splitWords = this.charLevel ? (text) => this.#characters(text) : wordSplitter(this);
  }

  /** Counts the words of more texts and numbers all words anew. */
  fitOnTexts(texts: Iterable<Text>): void {
    for (const text of texts) {
      this.documentCount++;
      const tokens = this.#tokens(text);
      for (const token of tokens) increment(this.wordCounts, token);
      for (const token of new Set(tokens)) increment(this.wordDocs, token);
    }
    const ranked = [...this.wordCounts].sort((a, b) => b[1] - a[1]).map(([word]) => word);
    if (this.oovToken !== null) ranked.unshift(this.oovToken);
    // An oovToken that is also a word of the texts keeps the later of its two numbers, as in Keras.
    this.wordIndex = new Map(ranked.map((word, i) => [word, i + 1]));
    this.indexWord = new Map(Array.from(this.wordIndex, ([word, index]) => [index, word]));
    for (const [word, count] of this.wordDocs) this.indexDocs.set(this.wordIndex.get(word)!, count);
  }

  /** Counts documents only, for `sequencesToMatrix(…, "tfidf")` without texts. */
  fitOnSequences(sequences: readonly ArrayLike<number>[]): void {
    this.documentCount += sequences.length;
    for (const sequence of sequences) {
      for (const index of new Set(Array.from(sequence))) increment(this.indexDocs, index);
    }
  }

  /** One array of word indices a text. */
  textsToSequences(texts: Iterable<Text>): number[][] {
    const oov = this.#oovIndex();
    return Array.from(texts, (text) => {
      const sequence: number[] = [];
      for (const token of this.#tokens(text)) {
        const known = this.wordIndex.get(token);
        const index = known !== undefined && this.#inRange(known) ? known : oov;
        if (index !== undefined) sequence.push(index);
      }
      return sequence;
    });
  }

  /** The words of each sequence joined by a space; indices without a word become the `oovToken` or are dropped. */
  sequencesToTexts(sequences: Iterable<ArrayLike<number>>): string[] {
    const oov = this.#oovIndex();
    const oovWord = oov === undefined ? undefined : this.indexWord.get(oov);
    return Array.from(sequences, (sequence) => {
      const words: string[] = [];
      for (const index of Array.from(sequence)) {
        const known = this.indexWord.get(index);
        const word = known !== undefined && this.#inRange(index) ? known : oovWord;
        if (word !== undefined) words.push(word);
      }
      return words.join(" ");
    });
  }

  /**
   * A row for each text and a column for each index below `numWords` (or for all words and 0).
   *
   * @returns float32 `[texts, columns]`; Keras' own values are float64.
   * @throws {OptionError} If `mode` is unknown, or needs texts to have been fitted.
   */
  textsToMatrix(texts: Iterable<Text>, mode: MatrixMode = "binary"): Tensor {
    return this.sequencesToMatrix(this.textsToSequences(texts), mode);
  }

  /** As {@link textsToMatrix}, from index sequences. Indices beyond the columns only count for the length in `freq`. */
  sequencesToMatrix(sequences: readonly ArrayLike<number>[], mode: MatrixMode = "binary"): Tensor {
    const columns = this.numWords || (this.wordIndex.size > 0 ? this.wordIndex.size + 1 : 0);
    if (columns === 0) {
      throw new OptionError("The number of columns is unknown: give `numWords` or fit on texts first.");
    }
    const weigh = this.#weighting(mode);
    const data = new Float32Array(sequences.length * columns);
    for (const [row, sequence] of sequences.entries()) {
      const counts = new Map<number, number>();
      for (const index of Array.from(sequence)) {
        if (index >= 0 && index < columns) increment(counts, index);
      }
      for (const [index, count] of counts) data[row * columns + index] = weigh(index, count, sequence.length);
    }
    return { data, shape: [sequences.length, columns] };
  }

  /** The JSON of Keras' `to_json`: `tokenizer_from_json` and {@link tokenizerFromJson} read it. */
  toJson(): string {
    return tokenizerToJson(this);
  }

  #tokens(text: Text): readonly string[] {
    if (typeof text !== "string") return this.lower ? text.map((token) => token.toLowerCase()) : text;
    return this.#splitWords(text);
  }

  #characters(text: string): string[] {
    return Array.from(this.lower ? text.toLowerCase() : text);
  }

  #inRange(index: number): boolean {
    return !this.numWords || index < this.numWords;
  }

  #oovIndex(): number | undefined {
    return this.oovToken === null ? undefined : this.wordIndex.get(this.oovToken);
  }

  #weighting(mode: MatrixMode): (index: number, count: number, length: number) => number {
    switch (mode) {
      case "binary":
        return () => 1;
      case "count":
        return (_, count) => count;
      case "freq":
        return (_, count, length) => count / length;
      case "tfidf":
        if (this.documentCount === 0) throw new OptionError("Fit the Tokenizer on some texts before using tfidf.");
        return (index, count) =>
          (1 + naturalLog(count)) * naturalLog(1 + this.documentCount / (1 + (this.indexDocs.get(index) ?? 0)));
      default:
        throw new OptionError(`The mode is ${JSON.stringify(mode)}; it must be binary, count, tfidf or freq.`);
    }
  }
}

function increment<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
