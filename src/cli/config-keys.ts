import { didYouMean } from "../training/options/did-you-mean.ts";
import { UsageError } from "./io.ts";

/** An object of a config file. */
export type Json = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `val_loss` → `valLoss`: config files may spell keys as Keras does. */
function camel(key: string): string {
  return key.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * An object of a config file, keys in camelCase.
 *
 * @param where - How messages call it: "config.json: data".
 * @param known - The keys that it may have.
 * @throws {UsageError} If it is no object or has another key; the message guesses which one was meant.
 */
export function keyed(value: unknown, where: string, known: readonly string[]): Json {
  if (!isRecord(value)) {
    throw new UsageError(`${where} must be an object with ${known.join(", ")}; got ${JSON.stringify(value)}`);
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const name = camel(key);
      if (known.includes(name)) return [name, item];
      throw new UsageError(
        `${where}: the key "${key}" is not known.${didYouMean(key, known)} Known: ${known.join(", ")}`,
      );
    }),
  );
}

/** @throws {UsageError} If the value is no text. */
export function textOf(value: unknown, where: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new UsageError(`${where} must be a text; got ${JSON.stringify(value) ?? "nothing"}`);
}

/** @throws {UsageError} If the value is no whole number of at least `least`. */
export function wholeOf(value: unknown, where: string, least: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least) return value;
  throw new UsageError(`${where} must be a whole number ≥ ${least}; got ${JSON.stringify(value)}`);
}
