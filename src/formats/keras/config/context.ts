import { FormatError } from "../../../errors.ts";
import type { Profile } from "../../../layers/profile.ts";

/** What is known while a config is read. */
export interface ConfigContext {
  readonly profile: Profile;
  /** theano, tensorflow …; "" if the file says none. */
  readonly backend: string;
  /** Repairs and assumptions, for `inspect`. */
  readonly notes: string[];
  /** Where layers of Keras 1 that do not say it have their channels. */
  readonly dimOrdering: "th" | "tf";
  /** How files are called in messages: `model.h5 (Keras 2.2.4)`. */
  readonly what: string;
  /** Nested models and wrappers above this one. */
  readonly depth: number;
  /** Layers read so far, in all models of the file. */
  readonly count: { layers: number };
}

/** Models and wrappers inside one another: more is a hostile file. */
export const MAX_NESTING = 32;

/** Layers of one file: the largest networks have a few thousand, and every one costs kilobytes. */
const MAX_LAYERS = 20_000;

/** Counts layers about to be read. @throws {FormatError} If the file has more than any model. */
export function countLayers(context: ConfigContext, more: number): void {
  context.count.layers += more;
  if (context.count.layers > MAX_LAYERS) {
    throw new FormatError(
      `${context.what} lists ${context.count.layers} layers or more; at most ${MAX_LAYERS} are read. It is damaged or hostile.`,
    );
  }
}

/** Adds a note once. */
export function note(context: ConfigContext, text: string): void {
  if (!context.notes.includes(text)) context.notes.push(text);
}
