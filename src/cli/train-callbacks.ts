import { resolve } from "node:path";
import { callbackOf } from "../training/callbacks/callback-config.ts";
import type { Callback } from "../training/callbacks/callbacks.ts";
import { isRecord } from "./config-keys.ts";
import { UsageError } from "./io.ts";

/**
 * The callbacks of a config: Keras' names, `{ "EarlyStopping": { "patience": 2 } }`, or what Keras serialises.
 *
 * @param folder - Where their paths begin.
 */
export function readCallbacks(value: unknown, where: string, folder: string): readonly Callback[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new UsageError(`${where} must be a list; got ${JSON.stringify(value)}`);
  return value.map((item: unknown, i) => {
    const at = `${where}[${i}]`;
    const [name, config] = named(item, at);
    const paths = Object.entries(config).map(([key, entry]) => {
      const isPath = /^(filepath|filename|log_?dir)$/i.test(key) && typeof entry === "string";
      return [key, isPath ? resolve(folder, entry) : entry];
    });
    try {
      return callbackOf(name, Object.fromEntries(paths) as Record<string, unknown>);
    } catch (error) {
      if (error instanceof Error) error.message = `${at}: ${error.message}`;
      throw error;
    }
  });
}

function named(item: unknown, where: string): [name: string, config: Record<string, unknown>] {
  if (typeof item === "string") return [item, {}];
  if (isRecord(item)) {
    const { class_name: snake, className = snake, config = {} } = item;
    if (typeof className === "string" && isRecord(config)) return [className, config];
    const [only, ...others] = Object.entries(item);
    if (only && others.length === 0 && isRecord(only[1])) return [only[0], only[1]];
  }
  throw new UsageError(
    `${where} must be a name or one like {"EarlyStopping": {"patience": 2}}; got ${JSON.stringify(item)}`,
  );
}
