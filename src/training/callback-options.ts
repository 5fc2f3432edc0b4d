import { OptionError } from "../errors.ts";
import type { Callback } from "./callbacks.ts";
import { didYouMean } from "./did-you-mean.ts";
import { camelCase } from "./serialized.ts";

/** What Keras' callbacks take beside the options of ours, and what changes nothing here. */
const IGNORED = ["verbose", "name"];

const HOOKS: readonly string[] = [
  ..."onTrainBegin onEpochBegin onBatchEnd onEpochEnd onTrainEnd onDivergence".split(" "),
];

/**
 * A callback's options in camelCase, from that or Keras' own spelling.
 *
 * @param known - Names of all options, between spaces.
 * @throws {OptionError} If an option is not known; the message guesses which one was meant.
 */
export function callbackOptions<Options extends object>(callback: string, known: string, given: Options): Options {
  if (typeof given !== "object" || given === null) {
    throw new OptionError(`${callback} takes its options as an object: { ${known.split(" ").join(", ")} }.`);
  }
  const keys = known.split(" ").filter(Boolean);
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    const name = camelCase(key);
    if (IGNORED.includes(name) || value === undefined) continue;
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

/**
 * The callbacks of a `fit`: a list, or a single one.
 *
 * @throws {OptionError} If one is no object of hooks, or has a hook that nobody calls.
 */
export function readCallbacks(given: unknown): readonly Callback[] {
  const callbacks = [given ?? []].flat().filter((callback) => callback !== null && callback !== undefined);
  for (const callback of callbacks) {
    if (typeof callback !== "object") {
      throw new OptionError(
        `fit: \`callbacks\` takes objects with hooks, { onEpochEnd(epoch, logs) { … } }; got ${typeof callback === "function" ? "a function" : String(callback)}.`,
      );
    }
    const unknown = methodsOf(callback).find((name) => /^on[A-Z_]/.test(name) && !HOOKS.includes(name));
    if (unknown !== undefined) {
      throw new OptionError(
        `fit: no callback has a hook \`${unknown}\`.${didYouMean(unknown, HOOKS)} There are: ${HOOKS.join(", ")}.`,
      );
    }
  }
  return callbacks as readonly Callback[];
}

/** Names of an object's methods, those of its classes among them. */
function methodsOf(callback: object): readonly string[] {
  const names: string[] = [];
  let at: object = callback;
  while (at !== null && at !== Object.prototype) {
    names.push(...Object.getOwnPropertyNames(at));
    at = Object.getPrototypeOf(at) as object;
  }
  return names;
}
