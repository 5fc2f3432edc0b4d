import { OptionError } from "../../errors.ts";
import { didYouMean } from "../options/did-you-mean.ts";
import { callbackOf } from "./callback-config.ts";
import type { Callback } from "./callbacks.ts";

const HOOKS: readonly string[] = [
  ..."onTrainBegin onEpochBegin onBatchBegin onBatchEnd onTrainBatchBegin onTrainBatchEnd onEpochEnd onTrainEnd".split(
    " ",
  ),
  ..."onTestBegin onTestEnd onDivergence".split(" "),
];

/**
 * The callbacks of a `fit`: a list, or a single one; Keras' serialised ones among them.
 *
 * @throws {OptionError} If one is no object of hooks, or has a hook that nobody calls.
 */
export function readCallbacks(given: unknown): readonly Callback[] {
  const callbacks = [given ?? []].flat().filter((callback) => callback !== null && callback !== undefined);
  return callbacks.map((callback) => {
    if (typeof callback !== "object") {
      throw new OptionError(
        `fit: \`callbacks\` takes objects with hooks, { onEpochEnd(epoch, logs) { … } }; got ${typeof callback === "function" ? "a function" : String(callback)}.`,
      );
    }
    const { class_name: snake, className = snake, config = {} } = callback as Readonly<Record<string, unknown>>;
    if (typeof className === "string") return callbackOf(className, config as Readonly<Record<string, unknown>>);
    const methods = methodsOf(callback);
    const unknown = methods.find((name) => /^on[A-Z_]/.test(name) && !HOOKS.includes(name));
    if (unknown !== undefined) {
      throw new OptionError(
        `fit: no callback has a hook \`${unknown}\`.${didYouMean(unknown, HOOKS)} There are: ${HOOKS.join(", ")}.`,
      );
    }
    return callback as Callback;
  });
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
