import { OptionError } from "../../errors.ts";
import { KERAS3 } from "../../layers/profile.ts";
import { readLoss } from "../losses/losses.ts";
import { makeMetric } from "../metrics/metrics.ts";
import { trainingProfile } from "../optimizers/optimizer-rules.ts";
import { readOptimizer } from "../optimizers/optimizers.ts";
import type { Numbers } from "../optimizers/schedules.ts";
import type { CompileOptions } from "./compile-options.ts";
import { didYouMean } from "./did-you-mean.ts";
import { camelCase } from "./serialized.ts";

/** Every key that is understood: ours, and those of Keras' compile configs that change nothing here. */
const COMPILE_KEYS: readonly string[] = [
  ..."optimizer loss metrics weightedMetrics lossWeights era build seed".split(" "),
  ..."runEagerly stepsPerExecution jitCompile autoScaleLoss sampleWeightMode classMode".split(" "),
];

/** Stands for the kernels' functions while only names are looked at. */
const NUMBERS: Numbers = { exp64: Math.exp, log64: Math.log, pow64: (x, y) => (x ?? 0) ** (y ?? 0), cos64: Math.cos };

/**
 * Options of `compile` in this package's names: Keras' own, those of `.h5` files (`optimizer_config`), and what they hold.
 *
 * @throws {OptionError} Never; unknown names stay as they are, for {@link checkCompile}.
 */
export function compileNames(options: CompileOptions): CompileOptions {
  const named = Object.entries(options).map(([key, value]) => [key === "lr" ? key : camelCase(key), value] as const);
  const { optimizerConfig, ...rest } = Object.fromEntries(named) as Record<string, unknown>;
  return { ...(optimizerConfig != null && { optimizer: optimizerConfig }), ...rest };
}

/**
 * Looks at the names of options, optimizer, losses and metrics, before there is a model to train.
 *
 * @throws {OptionError} If one is not known; the message guesses which one was meant.
 */
export function checkCompile(options: CompileOptions): void {
  const unknown = Object.keys(options).find((key) => !COMPILE_KEYS.includes(key));
  if (unknown !== undefined) {
    throw new OptionError(`compile: the option \`${unknown}\` is not known.${didYouMean(unknown, COMPILE_KEYS)}`);
  }
  readOptimizer(options.optimizer ?? "rmsprop", trainingProfile(KERAS3, options.era), NUMBERS);
  for (const loss of single(options.loss)) readLoss(loss);
  const context = {
    math: NUMBERS,
    width: 2,
    trueWidth: 2,
    sparse: false,
    byLoss: undefined,
    widthTells: true,
    oldNames: false,
  };
  for (const metric of [...single(options.metrics), ...single(options.weightedMetrics)]) makeMetric(metric, context);
}

/** The names and objects in a list, or an object by output name, of them. */
function single(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(single);
  const isRecord = typeof value === "object" && !("class_name" in value) && !("className" in value);
  return isRecord ? Object.values(value).flatMap(single) : [value];
}
