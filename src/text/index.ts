export { ImdbEncoder, type ImdbOptions, type ImdbVocabulary, removeLongSequences } from "./imdb-encoder.ts";
export { type PaddableSequence, type PadSequencesOptions, padSequences } from "./pad-sequences.ts";
export { type MatrixMode, type Text, Tokenizer, type TokenizerOptions } from "./tokenizer.ts";
export { tokenizerFromJson } from "./tokenizer-json.ts";
export { textToWordSequence, type WordOptions } from "./words.ts";
