import { FormatError } from "../../errors.ts";
import type { Json } from "../../layers/layer.ts";

/** A JSON object as parsed from a file. */
export type JsonObject = { readonly [key: string]: Json };

/** Nesting that no model reaches: Keras' deepest configs stay below 60. */
const MAX_DEPTH = 400;
const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

/** True for a JSON object, not for arrays and null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True for a JSON array. */
export function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

/**
 * Parses JSON as Python writes it (NaN and Infinity become null) and checks it.
 *
 * @throws {FormatError} If it is not JSON, nested too deep, or has keys that could reach JavaScript's prototypes.
 */
export function parseJson(text: string, what: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    try {
      value = JSON.parse(withoutPythonNumbers(text));
    } catch (error) {
      const reason = error instanceof Error ? error.message.slice(0, 120) : "unreadable";
      throw new FormatError(`${what} is not valid JSON (${reason}). The file is truncated or damaged.`);
    }
  }
  return checkJson(value, what);
}

/**
 * Checks a value that came from JSON or YAML, without recursion.
 *
 * @throws {FormatError} As {@link parseJson}.
 */
export function checkJson(value: unknown, what: string): Json {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) {
      throw new FormatError(`${what} is nested deeper than ${MAX_DEPTH}; it is damaged or hostile.`);
    }
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item !== "object" || item === null) continue;
      if (!Array.isArray(item)) refuseKeys(item, what);
      for (const inner of Object.values(item)) if (typeof inner === "object" && inner !== null) next.push(inner);
    }
    level = next;
  }
  return value as Json;
}

function refuseKeys(object: object, what: string): void {
  for (const key of Object.keys(object)) {
    if (FORBIDDEN.has(key)) throw new FormatError(`${what} has an object with the key "${key}"; it is hostile.`);
  }
}

/** Python's json writes NaN, Infinity and -Infinity bare; outside of strings they become null. */
function withoutPythonNumbers(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (match) => (match.startsWith('"') ? match : "null"));
}
