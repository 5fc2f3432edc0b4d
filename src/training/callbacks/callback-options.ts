import { OptionError } from "../../errors.ts";
import { didYouMean } from "../options/did-you-mean.ts";
import { camelCase } from "../options/serialized.ts";

/** What Keras' callbacks take beside the options of ours, and what changes nothing here. */
const IGNORED = ["verbose", "name"];

/**
 * A callback's options in camelCase, from that or Keras' own spelling.
 *
 * @param known - Names of all options, between spaces.
 * @param ignored - Keras' options that change nothing here.
 * @throws {OptionError} If an option is not known; the message guesses which one was meant.
 */
export function callbackOptions<Options extends object>(
  callback: string,
  known: string,
  given: Options,
  ignored: readonly string[] = [],
): Options {
  if (typeof given !== "object" || given === null) {
    throw new OptionError(`${callback} takes its options as an object: { ${known.split(" ").join(", ")} }.`);
  }
  const keys = known.split(" ").filter(Boolean);
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    const name = camelCase(key);
    if (IGNORED.includes(name) || ignored.includes(name) || value === undefined) continue;
    if (!keys.includes(name)) {
      throw new OptionError(
        `${callback}: the option \`${key}\` is not known.${didYouMean(key, keys)} Known: ${keys.join(", ") || "none"}.`,
      );
    }
    options[name] = value;
  }
  return options as Options;
}

/**
 * The value that a callback watches.
 *
 * @throws {OptionError} If the logs have none of that name: a callback that watches nothing would pass unnoticed.
 */
export function monitored(callback: string, logs: Readonly<Record<string, number>>, monitor: string): number {
  const value = logs[monitor];
  if (value !== undefined) return value;
  const names = Object.keys(logs);
  const hint = monitor.startsWith("val_") && !names.some((name) => name.startsWith("val_"));
  throw new OptionError(
    `${callback}: there is no value "${monitor}" to monitor.${hint ? " Give fit `validationData` or `validationSplit`." : didYouMean(monitor, names)} There are: ${names.join(", ")}.`,
  );
}

/** As Keras compares what is monitored: in float32. */
export const isLess = (a: number, b: number): boolean => Math.fround(a) < Math.fround(b);
