import { UnsupportedLayerError } from "../../errors.ts";
import type { Value } from "../../plan/buffer.ts";
import type { Planner } from "../../plan/planner.ts";
import { flag } from "../config.ts";
import { encode, IdfLayer, idfRow, outputMode } from "./encoding.ts";
import { written } from "./lookup.ts";

const PUNCTUATION = /[!"#$%&()*+,\-./:;<=>?@[\\\]^_`{|}~']/g;
const SPACE = /[ \t\n\v\f\r]+/;

/** Texts to the places of their words: 0 pads, 1 is for unknown words, the vocabulary follows. */
export class TextVectorization extends IdfLayer {
  override plan(p: Planner, inputs: readonly Value[]): readonly Value[] {
    const x = inputs[0]!;
    const { vocabulary, maxTokens, outputSequenceLength } = this.config;
    if (!x.strings) throw new UnsupportedLayerError(`${this}: expected strings; got ${x.dtype}.`);
    if (!Array.isArray(vocabulary)) {
      throw new UnsupportedLayerError(
        `${this}: the file has no vocabulary for it. Save the adapted layer in a .keras file.`,
      );
    }
    const mode = outputMode(this, "int");
    const unknown = mode === "int" ? 1 : 0;
    const places = new Map(vocabulary.map((token, i) => [String(token), i + unknown + 1] as const));
    const rows = x.strings.map((line) => this.#tokens(line).map((token) => places.get(token) ?? unknown));
    const length =
      mode === "int" && typeof outputSequenceLength === "number"
        ? outputSequenceLength
        : rows.reduce((longest, row) => Math.max(longest, row.length), 0);
    const padding = mode === "int" ? 0 : -1;
    const data = rows.flatMap((row) => Array.from({ length }, (_, i) => row[i] ?? padding));
    const numbers = written(p, data, [rows.length, length]);
    if (mode === "int") return [numbers];
    const padded = flag(this, this.config, "padToMaxTokens", false) && typeof maxTokens === "number";
    const depth = padded ? maxTokens : vocabulary.length + 1;
    return [encode(p, numbers, mode, depth, undefined, mode === "tf_idf" ? idfRow(p, this, depth, 1) : undefined)];
  }

  #tokens(line: string): string[] {
    const { standardize = "lower_and_strip_punctuation", split = "whitespace", ngrams = null } = this.config;
    let text = line;
    if (standardize === "lower" || standardize === "lower_and_strip_punctuation") {
      // TensorFlow lowers ASCII alone.
      text = text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
    }
    if (standardize === "strip_punctuation" || standardize === "lower_and_strip_punctuation") {
      text = text.replace(PUNCTUATION, "");
    }
    const known = [null, "lower", "strip_punctuation", "lower_and_strip_punctuation"].includes(
      standardize as string | null,
    );
    if (!known) {
      throw new UnsupportedLayerError(`${this}: standardize ${JSON.stringify(standardize)} is not supported.`);
    }
    let tokens: string[];
    if (split === "whitespace") tokens = text.split(SPACE).filter((token) => token !== "");
    else if (split === "character") tokens = [...text];
    else if (split === null) tokens = [text];
    else throw new UnsupportedLayerError(`${this}: split ${JSON.stringify(split)} is not supported.`);
    if (ngrams === null) return tokens;
    const widths =
      typeof ngrams === "number" ? Array.from({ length: ngrams }, (_, i) => i + 1) : [ngrams].flat().map(Number);
    return widths.flatMap((width) =>
      Array.from({ length: Math.max(0, tokens.length - width + 1) }, (_, i) => tokens.slice(i, i + width).join(" ")),
    );
  }
}
