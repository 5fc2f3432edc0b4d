import { FormatError } from "../errors.ts";
import { Tokenizer } from "./tokenizer.ts";

/**
 * Reads what Keras' `Tokenizer.to_json` (any version that has it) or `Tokenizer.toJson` wrote.
 *
 * @throws {FormatError} If the text is no JSON, of something else, or a table is missing or not of words and numbers.
 * @example
 * const tokenizer = tokenizerFromJson(await readFile("tokenizer.json", "utf8"));
 */
export function tokenizerFromJson(json: string): Tokenizer {
  const { class_name: className, config } = parseObject(json, "the tokenizer");
  if (className !== "Tokenizer" || typeof config !== "object" || config === null) {
    throw new FormatError(`The JSON is of \`class_name\` ${JSON.stringify(className)}, not of a Keras Tokenizer.`);
  }
  const fields = new Map<string, unknown>(Object.entries(config));
  const tokenizer = new Tokenizer({
    numWords: field(fields, "num_words", isCountOrNull, "a whole number or null"),
    filters: filtersOf(field(fields, "filters", isFilters, "a string, an array of characters or null")),
    lower: field(fields, "lower", isBoolean, "true or false"),
    split: field(fields, "split", isString, "a string"),
    charLevel: field(fields, "char_level", isBoolean, "true or false"),
    oovToken: field(fields, "oov_token", isStringOrNull, "a string or null"),
  });
  tokenizer.documentCount = field(fields, "document_count", isCount, "a whole number");
  tokenizer.wordCounts = wordTable(fields, "word_counts");
  tokenizer.wordDocs = wordTable(fields, "word_docs");
  tokenizer.wordIndex = wordTable(fields, "word_index");
  tokenizer.indexDocs = indexTable(fields, "index_docs", isCount, "whole numbers");
  tokenizer.indexWord = indexTable(fields, "index_word", isString, "words");
  return tokenizer;
}

function parseObject(json: string, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new FormatError(`The JSON of ${what} does not parse: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FormatError(`The JSON of ${what} is no object.`);
  }
  return value as Record<string, unknown>;
}

function field<T>(fields: Map<string, unknown>, name: string, is: (value: unknown) => value is T, expected: string): T {
  const value = fields.get(name);
  if (is(value)) return value;
  const got = JSON.stringify(value)?.slice(0, 40) ?? "nothing";
  throw new FormatError(`The tokenizer's \`${name}\` must be ${expected}, but is ${got}.`);
}

function wordTable(fields: Map<string, unknown>, name: string): Map<string, number> {
  return new Map(tableEntries(fields, name, isCount, "whole numbers"));
}

function indexTable<T>(
  fields: Map<string, unknown>,
  name: string,
  is: (value: unknown) => value is T,
  values: string,
): Map<number, T> {
  const table = new Map<number, T>();
  for (const [key, value] of tableEntries(fields, name, is, values)) {
    if (!/^\d+$/.test(key)) throw new FormatError(`The tokenizer's \`${name}\` has the key ${JSON.stringify(key)}.`);
    table.set(Number(key), value);
  }
  return table;
}

/** The entries of a flat object in the order written, which a JavaScript object would not keep for words like "2001". */
function tableEntries<T>(
  fields: Map<string, unknown>,
  name: string,
  is: (value: unknown) => value is T,
  values: string,
): [string, T][] {
  const json = field(fields, name, isString, "a string of JSON");
  const unordered = Object.values(parseObject(json, `the tokenizer's \`${name}\``));
  if (!unordered.every(is)) throw new FormatError(`The tokenizer's \`${name}\` must map to ${values} only.`);
  const scalars = json.match(/"(?:[^"\\]|\\.)*"|-?\d[^\s,}]*/g) ?? [];
  if (scalars.length !== 2 * unordered.length) {
    throw new FormatError(`The tokenizer's \`${name}\` has the same key twice.`);
  }
  const entries: [string, T][] = [];
  for (let i = 0; i < scalars.length; i += 2) {
    entries.push([JSON.parse(scalars[i]!) as string, JSON.parse(scalars[i + 1]!) as T]);
  }
  return entries;
}

const isString = (value: unknown): value is string => typeof value === "string";
const isStringOrNull = (value: unknown): value is string | null => value === null || isString(value);
/** Python takes any sequence of characters, and with `char_level` whatever there is. */
const isFilters = (value: unknown): value is string | string[] | null =>
  isStringOrNull(value) || (Array.isArray(value) && value.every(isString));
const filtersOf = (value: string | string[] | null): string => (Array.isArray(value) ? value.join("") : (value ?? ""));
const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
const isCountOrNull = (value: unknown): value is number | null => value === null || isCount(value);
