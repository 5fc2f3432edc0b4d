import { OptionError } from "../errors.ts";
import { wordSplitter } from "./words.ts";

/** Word → rank, 1 for the most frequent (Keras' `get_word_index`), or the words in order of rank. */
export type ImdbVocabulary = readonly string[] | ReadonlyMap<string, number> | Readonly<Record<string, number>>;

/** Keras' arguments of `imdb.load_data`, with Keras' defaults. */
export interface ImdbOptions {
  /** Ids from this on are unknown; if null, 0 or absent, none are (there `load_data` drops its data's rarest word). */
  numWords?: number | null;
  /** Ids below this are unknown words; 0 unless given. It counts ids, not ranks, and so may take `startChar` too. */
  skipTop?: number;
  /** Comes before every text; 1 unless given, nothing if null. */
  startChar?: number | null;
  /** Stands for an unknown word; 2 unless given. If null, unknown words are dropped. */
  oovChar?: number | null;
  /** Is added to every rank; 3 unless given, so that the most frequent word has the id 4. */
  indexFrom?: number;
}

/**
 * Turns English texts into the ids of Keras' IMDB data set: 0 padding, 1 start, 2 unknown, 4 the most frequent word.
 *
 * A text becomes words thus: HTML line breaks (`<br>`, `<br/>`, `<br />`) become spaces, then as `textToWordSequence`
 * does without options. Keras publishes the encoded reviews but not how they were split; this is the rule with which
 * models/sentiment was trained.
 *
 * @example
 * const encoder = new ImdbEncoder(["the", "and", "a"], { numWords: 20000 });
 * encoder.encode("The cat and<br />the dog"); // [1, 4, 2, 5, 4, 2]
 * padSequences([encoder.encode(text)], { maxlen: 100 });
 */
export class ImdbEncoder {
  readonly #ranks: ReadonlyMap<string, number>;
  readonly #words = new Map<number, string>();
  readonly #splitWords = wordSplitter({});
  readonly #numWords: number;
  readonly #skipTop: number;
  readonly #startChar: number | null;
  readonly #oovChar: number | null;
  readonly #indexFrom: number;

  /** @throws {OptionError} If an option is no whole number ≥ 0. */
  constructor(vocabulary: ImdbVocabulary, options: ImdbOptions = {}) {
    const { numWords = null, skipTop = 0, startChar = 1, oovChar = 2, indexFrom = 3 } = options;
    for (const [name, value] of Object.entries({ numWords, skipTop, startChar, oovChar, indexFrom })) {
      if (value === null && name !== "skipTop" && name !== "indexFrom") continue;
      if (!Number.isInteger(value) || value! < 0) {
        throw new OptionError(`\`${name}\` is ${value}; it must be a whole number ≥ 0.`);
      }
    }
    this.#ranks = ranksOf(vocabulary);
    this.#numWords = numWords || Number.POSITIVE_INFINITY;
    this.#skipTop = skipTop;
    this.#startChar = startChar;
    this.#oovChar = oovChar;
    this.#indexFrom = indexFrom;
    for (const [word, rank] of this.#ranks) this.#words.set(rank + indexFrom, word);
  }

  /** The ids of one text. */
  encode(text: string): number[] {
    const words = this.#splitWords(text.replace(/<br ?\/?>/gi, " "));
    return this.encodeRanks(words.map((word) => this.#ranks.get(word)));
  }

  /** The ids of a review given as word ranks, as in Keras' imdb.npz; `undefined` is an unknown word. */
  encodeRanks(ranks: Iterable<number | undefined>): number[] {
    const ids: number[] = [];
    if (this.#startChar !== null) this.#push(ids, this.#startChar);
    for (const rank of ranks) this.#push(ids, rank === undefined ? undefined : rank + this.#indexFrom);
    return ids;
  }

  /** The words of ids, joined by spaces, for people to read; padding and start are left out, `?` is unknown. */
  decode(ids: ArrayLike<number>): string {
    const shown = Array.from(ids).filter((id) => id !== 0 && id !== this.#startChar);
    return shown.map((id) => this.#words.get(id) ?? "?").join(" ");
  }

  #push(ids: number[], id: number | undefined): void {
    const known = id !== undefined && id >= this.#skipTop && id < this.#numWords;
    const kept = known ? id : this.#oovChar;
    if (kept !== null) ids.push(kept);
  }
}

/**
 * What `maxlen` does in `imdb.load_data`: reviews of `maxlen` ids or more are left out, not cut (padSequences cuts).
 *
 * @throws {OptionError} If there are not as many labels as sequences.
 * @example
 * const { sequences, labels } = removeLongSequences(400, allSequences, allLabels);
 */
export function removeLongSequences<Sequence extends ArrayLike<number>, Label>(
  maxlen: number,
  sequences: readonly Sequence[],
  labels: readonly Label[],
): { sequences: Sequence[]; labels: Label[] } {
  if (labels.length !== sequences.length) {
    throw new OptionError(`There are ${sequences.length} sequences, but ${labels.length} labels.`);
  }
  const isShort = (_: unknown, i: number) => sequences[i]!.length < maxlen;
  return { sequences: sequences.filter(isShort), labels: labels.filter(isShort) };
}

function ranksOf(vocabulary: ImdbVocabulary): ReadonlyMap<string, number> {
  if (vocabulary instanceof Map) return vocabulary;
  if (Array.isArray(vocabulary)) return new Map(vocabulary.map((word, i) => [word, i + 1]));
  return new Map(Object.entries(vocabulary as Record<string, number>));
}
