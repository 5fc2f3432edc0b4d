import { OptionError } from "../../errors.ts";

/** A name with its config, keys in camelCase. */
export interface NamedConfig {
  readonly className: string;
  readonly module: string | undefined;
  readonly config: Readonly<Record<string, unknown>>;
}

/** `binary_crossentropy` → `binaryCrossentropy`. */
export function camelCase(name: string): string {
  return name.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `BinaryCrossentropy`, `binary_crossentropy`, `binary-crossentropy` → `binarycrossentropy`. */
export function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

/**
 * Reads a Keras object as configs hold it: a name, or `{ class_name, config }` in either spelling. Keys of its config come out in
 * camelCase; nested objects stay as they are.
 *
 * @param what - How messages call it.
 * @throws {OptionError} If it is neither.
 */
export function namedConfig(value: unknown, what: string): NamedConfig {
  if (typeof value === "string") return { className: value, module: undefined, config: {} };
  if (typeof value === "object" && value !== null) {
    const record = value as Readonly<Record<string, unknown>>;
    const name = record["class_name"] ?? record["className"];
    const { class_name: _, className: __, module: ___, registered_name: ____, config = {}, ...flat } = record;
    if (typeof name === "string") {
      if (typeof config === "string") return { className: config, module: undefined, config: {} };
      const entries = Object.entries({ ...flat, ...(config as Record<string, unknown>) }).map(([key, item]) => [
        camelCase(key),
        unwrapped(item),
      ]);
      const module = typeof record["module"] === "string" ? record["module"] : undefined;
      // tf.keras from 2.11 writes "Custom>Adam".
      return {
        className: name.slice(name.lastIndexOf(">") + 1),
        module,
        config: Object.fromEntries(entries) as Record<string, unknown>,
      };
    }
  }
  if (typeof value === "function") {
    throw new OptionError(`${what} cannot be a function here: give a Keras name, or { className, config }.`);
  }
  throw new OptionError(
    `${what} must be a Keras name or { className, config }; got ${JSON.stringify(value) ?? String(value)}.`,
  );
}

/** A tensor of a config as plain lists. */
function unwrapped(item: unknown): unknown {
  const isTensor =
    typeof item === "object" && item !== null && "class_name" in item && item.class_name === "__tensor__";
  return isTensor ? (item as { readonly config?: { readonly value?: unknown } }).config?.value : item;
}

/** A number of a config; null and undefined give the fallback. */
export function numberOf(config: Readonly<Record<string, unknown>>, key: string, fallback: number): number {
  const value = config[key] ?? fallback;
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new OptionError(`\`${key}\` must be a number; got ${JSON.stringify(value)}.`);
  }
  return value;
}

/** A number or null of a config. */
export function optionalNumber(config: Readonly<Record<string, unknown>>, key: string): number | undefined {
  const value = config[key];
  return value === undefined || value === null ? undefined : numberOf(config, key, 0);
}
