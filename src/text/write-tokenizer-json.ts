/** What of a Tokenizer is written; see there for the meaning of each. */
export interface TokenizerState {
  readonly numWords: number | null;
  readonly filters: string;
  readonly lower: boolean;
  readonly split: string;
  readonly charLevel: boolean;
  readonly oovToken: string | null;
  readonly documentCount: number;
  readonly wordCounts: ReadonlyMap<string, number>;
  readonly wordDocs: ReadonlyMap<string, number>;
  readonly wordIndex: ReadonlyMap<string, number>;
  readonly indexDocs: ReadonlyMap<number, number>;
  readonly indexWord: ReadonlyMap<number, string>;
}

/** The text of Keras' `Tokenizer.to_json`: a JSON object whose five tables are JSON texts in their turn. */
export function tokenizerToJson(tokenizer: TokenizerState): string {
  const config: [string, string | number | boolean | null][] = [
    ["num_words", tokenizer.numWords],
    ["filters", tokenizer.filters],
    ["lower", tokenizer.lower],
    ["split", tokenizer.split],
    ["char_level", tokenizer.charLevel],
    ["oov_token", tokenizer.oovToken],
    ["document_count", tokenizer.documentCount],
    ["word_counts", formatTable(tokenizer.wordCounts)],
    ["word_docs", formatTable(tokenizer.wordDocs)],
    ["index_docs", formatTable(tokenizer.indexDocs)],
    ["index_word", formatTable(tokenizer.indexWord)],
    ["word_index", formatTable(tokenizer.wordIndex)],
  ];
  return `{"class_name": "Tokenizer", "config": ${formatTable(config)}}`;
}

/** Objects are written by hand, not by JSON.stringify: that would put words such as "2001" before all others. */
function formatTable(entries: Iterable<readonly [string | number, string | number | boolean | null]>): string {
  const pairs = Array.from(entries, ([key, value]) => `${formatScalar(String(key))}: ${formatScalar(value)}`);
  return `{${pairs.join(", ")}}`;
}

/** As Python's json.dumps: everything beyond ASCII is escaped. */
function formatScalar(value: string | number | boolean | null): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, escaped);
}
