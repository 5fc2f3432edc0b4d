import { OptionError } from "../errors.ts";

/** Keras' default `filters`: ASCII punctuation, tab and line feed, but not the apostrophe. */
export const DEFAULT_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n';

/** How a text becomes words. */
export interface WordOptions {
  /** Characters that become `split`; {@link DEFAULT_FILTERS} unless given. */
  filters?: string;
  /** Lower-case first; true unless given. Filters are matched afterwards. */
  lower?: boolean;
  /** What separates words; a space unless given. Only this: other white space stays inside a word. */
  split?: string;
}

/**
 * Keras' `text_to_word_sequence`: lower case, filtered characters become the separator, split, empty words dropped.
 *
 * @throws {OptionError} If `split` is empty.
 * @example
 * textToWordSequence("It's GREAT, really!"); // ["it's", "great", "really"]
 */
export function textToWordSequence(text: string, options: WordOptions = {}): string[] {
  return wordSplitter(options)(text);
}

/** `textToWordSequence` with its options worked out once, for many texts. */
export function wordSplitter({
  filters = DEFAULT_FILTERS,
  lower = true,
  split = " ",
}: WordOptions): (text: string) => string[] {
  if (split === "") throw new OptionError("`split` is empty; give the characters that separate words.");
  const filtered = characterClass(filters);
  return (text) => {
    const cased = lower ? text.toLowerCase() : text;
    // A function, because in a replacement string `$` would be special.
    const clean = filtered === null ? cased : cased.replace(filtered, () => split);
    return clean.split(split).filter((word) => word !== "");
  };
}

function characterClass(characters: string): RegExp | null {
  if (characters === "") return null;
  const escaped = Array.from(characters, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
  return new RegExp(`[${escaped.join("")}]`, "gu");
}
