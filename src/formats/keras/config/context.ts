import type { Profile } from "../../../layers/profile.ts";

/** What is known while a config is read. */
export interface ConfigContext {
  readonly profile: Profile;
  /** theano, tensorflow …; "" if the file says none. */
  readonly backend: string;
  /** Repairs and assumptions, for `inspect`. */
  readonly notes: string[];
  /** How files are called in messages: `model.h5 (Keras 2.2.4)`. */
  readonly what: string;
  /** Nested models and wrappers above this one. */
  readonly depth: number;
}

/** Models and wrappers inside one another: more is a hostile file. */
export const MAX_NESTING = 32;

/** Adds a note once. */
export function note(context: ConfigContext, text: string): void {
  if (!context.notes.includes(text)) context.notes.push(text);
}
