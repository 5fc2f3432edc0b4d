import { OptionError } from "../../errors.ts";
import type { Profile } from "../../layers/profile.ts";
import { didYouMean } from "../options/did-you-mean.ts";
import { namedConfig, numberOf, optionalNumber, plainName } from "../options/serialized.ts";
import { adam, adamax, nadam } from "./adam-optimizers.ts";
import { muon } from "./muon.ts";
import { adafactor, lamb } from "./norm-optimizers.ts";
import { defaultEpsilon, type OptimizerEra, optimizerEra } from "./optimizer-rules.ts";
import { adadelta, adagrad, ftrl, lion, rmsprop, sgd } from "./plain-optimizers.ts";
import { scheduleFreeAdamW } from "./schedule-free.ts";
import { type Numbers, readSchedule, type Schedule } from "./schedules.ts";
import type { RuleMaker, UpdateRule } from "./update-rule.ts";

type Config = Readonly<Record<string, unknown>>;

/** The update rules by Keras' names in lower case. */
const MAKERS: Readonly<Record<string, RuleMaker>> = {
  adafactor,
  lamb,
  sgd,
  rmsprop,
  adagrad,
  adadelta,
  adam,
  nadam,
  adamax,
  lion,
  ftrl,
  muon,
  schedulefreeadamw: scheduleFreeAdamW,
};

const RATE_KEYS: Readonly<Record<string, number>> = { sgd: 0.01, schedulefreeadamw: 0.0025 };
/** ε of optimizers that have one of their own. */
const EPSILONS: Readonly<Record<string, number>> = { schedulefreeadamw: 1e-8 };
const OLD_RATES: Readonly<Record<string, number>> = {
  sgd: 0.01,
  adagrad: 0.01,
  adadelta: 1,
  adamax: 0.002,
  nadam: 0.002,
};

/** Running averages of the weights. */
export interface Average {
  readonly momentum: number;
  /** They take the weights' place every so many updates. */
  readonly every: number | undefined;
  /** They begin as the weights before the first update (tf.keras), not as those after it. */
  readonly beginsBefore: boolean;
}

/** An optimizer, resolved. */
export interface OptimizerSpec {
  readonly name: string;
  /** As `compile` got it, keys in camelCase. */
  readonly config: Config;
  readonly era: OptimizerEra;
  readonly rule: UpdateRule;
  /** The rate at a step from 0; undefined if it is the trainer's own number. */
  readonly schedule: Schedule | undefined;
  readonly initialRate: number;
  /** lr / (1 + decay · step): Keras 1, 2 and TF's old rules. */
  readonly decay: number;
  readonly clipNorm: number | undefined;
  readonly globalClipNorm: number | undefined;
  readonly clipValue: number | undefined;
  readonly weightDecay: number | undefined;
  readonly accumulationSteps: number;
  /** Keras' `use_ema`: running averages of the weights, which take their place every so many updates and after `fit`. */
  readonly average: Average | undefined;
}

/**
 * Resolves an optimizer as `compile` takes it.
 *
 * @param ofFile - The rules by which the model's file was trained, if it says so.
 * @throws {OptionError} If it is unknown or asks for something that is not there.
 */
export function readOptimizer(value: unknown, profile: Profile, math: Numbers, ofFile?: OptimizerEra): OptimizerSpec {
  const { className, config: given, module } = namedConfig(unscaled(value), "`optimizer`");
  const config = nested(given);
  const name = plainName(className);
  const key = name === "adamw" ? "adam" : name;
  const make = Object.hasOwn(MAKERS, key) ? MAKERS[key] : undefined;
  if (!make) {
    const known = [...Object.keys(MAKERS), "adamw"];
    throw new OptionError(
      `The optimizer ${JSON.stringify(className)} is not known.${didYouMean(className, known)} Known: ${known.join(", ")}.`,
    );
  }
  const era = optimizerEra(profile, module, config, ofFile);
  const rate = config["learningRate"] ?? config["lr"];
  const fallback = era === "keras1" ? (OLD_RATES[key] ?? 0.001) : (RATE_KEYS[key] ?? 0.001);
  const isSchedule = typeof rate === "object" && rate !== null;
  const clipNorm = optionalNumber(config, "clipnorm");
  // Before Keras 2.4 clipnorm is the norm of all gradients together.
  const clipsTogether = era === "keras1";
  const weightDecay = optionalNumber(config, "weightDecay") ?? (name === "adamw" ? 0.004 : undefined);
  return {
    name: className,
    config,
    era,
    rule: make({ ...config, epsilon: config["epsilon"] ?? EPSILONS[key] ?? defaultEpsilon(profile) }, era, math),
    schedule: isSchedule ? readSchedule(rate, math) : undefined,
    initialRate: isSchedule ? 0 : numberOf({ learningRate: rate }, "learningRate", fallback),
    decay: era === "keras3" || key === "nadam" ? 0 : numberOf(config, "decay", 0),
    clipNorm: clipsTogether ? undefined : clipNorm,
    globalClipNorm: clipsTogether ? clipNorm : optionalNumber(config, "globalClipnorm"),
    clipValue: optionalNumber(config, "clipvalue"),
    weightDecay: weightDecay === 0 ? undefined : weightDecay,
    accumulationSteps: optionalNumber(config, "gradientAccumulationSteps") ?? 1,
    average: config["useEma"] === true ? averageOf(config, profile) : undefined,
  };
}

function averageOf(config: Readonly<Record<string, unknown>>, { era }: Profile): Average {
  return {
    momentum: numberOf(config, "emaMomentum", 0.99),
    every: optionalNumber(config, "emaOverwriteFrequency"),
    beginsBefore: era === "tf-keras",
  };
}

/** The optimizer inside a LossScaleOptimizer: float32 gradients need no scaling, and get none (`loss_scale_factor`, too). */
function unscaled(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { className, config } = namedConfig(value, "`optimizer`");
  return plainName(className) === "lossscaleoptimizer" ? (config["innerOptimizer"] ?? config["optimizer"]) : value;
}

/** Options in TypeScript's spelling: clipNorm is clipnorm. */
function nested(config: Config): Config {
  const spelled: Record<string, unknown> = { ...config };
  const pairs = [
    ["clipNorm", "clipnorm"],
    ["clipValue", "clipvalue"],
    ["globalClipNorm", "globalClipnorm"],
  ] as const;
  for (const [ours, keras] of pairs) if (ours in spelled && !(keras in spelled)) spelled[keras] = spelled[ours];
  return spelled;
}
