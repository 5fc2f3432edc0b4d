import { OptionError } from "../../errors.ts";
import type { Profile } from "../../layers/profile.ts";
import type { Place } from "../../plan/buffer.ts";
import { didYouMean } from "../options/did-you-mean.ts";
import { namedConfig, numberOf, optionalNumber, plainName } from "../options/serialized.ts";
import type { Parameter, Region } from "../parameters.ts";
import type { RowGradient } from "../table-rows.ts";
import type { Tape } from "../tape.ts";
import { adafactor, lamb } from "./norm-optimizers.ts";
import { defaultEpsilon, type OptimizerEra, optimizerEra } from "./optimizer-rules.ts";
import { type Numbers, readSchedule, type Schedule } from "./schedules.ts";

type Config = Readonly<Record<string, unknown>>;

/** What a rule keeps of each weight. */
interface Slot {
  readonly name: string;
  readonly start?: number;
  readonly group?: number;
  /** The slot's shape for a weight of that shape, the same by default; undefined if such a weight has none. */
  readonly shape?: (weight: readonly number[]) => readonly number[] | undefined;
}

/** One update rule: its slots, what changes per step, and the kernel call. */
export interface UpdateRule {
  /** Keras 3's slot names; `start` fills them. Slots of one group go weight by weight, one group after the other. */
  readonly slots: readonly Slot[];
  /** A number that goes on from step to step, which Keras saves behind the slots. */
  readonly product?: (step: number) => number;
  /** The numbers of a step, given the rate and the step from 1: written to the rates block. */
  rates(rate: number, step: number): readonly number[];
  update(tape: Tape, parameter: Parameter, slots: readonly (Region | undefined)[], rate: Place): void;
  /**
   * What tf.keras' old optimizers leave alone in the rows of a table that a batch does not name: everything, or the weight
   * while the slots go on.
   */
  readonly untouched?: "rows" | "weight";
  /** The same, bit for bit, of a table [rows, width] of which only some rows have a gradient; width a multiple of 4. */
  updateRows?(
    tape: Tape,
    parameter: Parameter,
    slots: readonly (Region | undefined)[],
    rate: Place,
    given: RowGradient,
  ): void;
}

const f32 = Math.fround;

/** 1 − βᵗ in float32, as Keras computes it: near t = 1 its rounding is seen in the weights. */
const correction = (math: Numbers, beta: number, step: number): number => f32(1 - f32(math.pow64(f32(beta), step)));

/** 1 − β: of the exact β in Keras 3, of the rounded one before. */
const rest = (beta: number, era: OptimizerEra): number => f32(1 - (era === "keras3" ? beta : f32(beta)));

/** Makes a rule from an optimizer's config, keys in camelCase. */
export type RuleMaker = (config: Config, era: OptimizerEra, math: Numbers) => UpdateRule;

const only = (rate: number): readonly number[] => [rate];

const args = (parameter: Parameter, rate: Place) => ({
  p: parameter.value.place,
  g: parameter.gradient!.place,
  count: parameter.value.count,
  rate,
});

const MAKERS: Readonly<Record<string, RuleMaker>> = {
  adafactor,
  lamb,
  sgd(config) {
    const momentum = numberOf(config, "momentum", 0);
    const nesterov = Number(config["nesterov"] === true);
    if (momentum === 0) {
      return { slots: [], rates: only, update: (tape, parameter, _, rate) => tape.emit("sgd", args(parameter, rate)) };
    }
    return {
      slots: [{ name: "momentum" }],
      rates: only,
      update: (tape, parameter, [v], rate) => {
        tape.emit("sgdMomentum", { ...args(parameter, rate), v: v!.place, momentum, nesterov });
      },
      untouched: "rows",
    };
  },
  rmsprop(config, era) {
    const rho = numberOf(config, "rho", 0.9);
    const momentum = numberOf(config, "momentum", 0);
    const epsilon = numberOf(config, "epsilon", 1e-7);
    const centered = config["centered"] === true;
    // Keras 1 and 2 and TF's old rule without momentum have ε outside the root.
    const outside = Number(era === "keras1" || (era === "legacy" && momentum === 0));
    const slots = [{ name: "velocity", group: 0 }];
    if (momentum > 0) slots.push({ name: "momentum", group: 1 });
    if (centered) slots.push({ name: "average_gradient", group: 2 });
    return {
      slots,
      rates: only,
      ...(momentum > 0 && { untouched: "rows" }),
      update: (tape, parameter, [a, second, third], rate) => {
        const velocity = momentum > 0 ? second!.place : 0;
        const mean = centered ? (momentum > 0 ? third! : second!).place : 0;
        tape.emit("rmsprop", {
          ...args(parameter, rate),
          a: a!.place,
          velocity,
          mean,
          rho,
          momentum,
          epsilon,
          outside,
        });
      },
    };
  },
  adagrad(config, era) {
    const epsilon = numberOf(config, "epsilon", 1e-7);
    const start = numberOf(config, "initialAccumulatorValue", era === "keras1" ? 0 : 0.1);
    const outside = Number(era !== "keras3");
    return {
      slots: [{ name: "accumulator", start }],
      rates: only,
      update: (tape, parameter, [a], rate) =>
        tape.emit("adagrad", { ...args(parameter, rate), a: a!.place, epsilon, outside }),
    };
  },
  adadelta(config) {
    const rho = numberOf(config, "rho", 0.95);
    const epsilon = numberOf(config, "epsilon", 1e-7);
    return {
      slots: [{ name: "accumulated_grad" }, { name: "accumulated_delta_var" }],
      rates: only,
      untouched: "rows",
      update: (tape, parameter, [a, d], rate) =>
        tape.emit("adadelta", { ...args(parameter, rate), a: a!.place, d: d!.place, rho, epsilon }),
    };
  },
  adam(config, era, math) {
    const beta1 = numberOf(config, "beta1", 0.9);
    const beta2 = numberOf(config, "beta2", 0.999);
    const epsilon = numberOf(config, "epsilon", 1e-7);
    const amsgrad = config["amsgrad"] === true;
    const slots = [
      { name: "momentum", group: 0 },
      { name: "velocity", group: 0 },
    ];
    if (amsgrad) slots.push({ name: "velocity_hat", group: 1 });
    const numbers = { rest1: rest(beta1, era), rest2: rest(beta2, era), epsilon };
    const moments = (m?: Region, v?: Region, peak?: Region) => ({
      m: m!.place,
      v: v!.place,
      peak: peak?.place ?? 0,
    });
    return {
      slots,
      rates: (rate, step) => [(rate * Math.sqrt(correction(math, beta2, step))) / correction(math, beta1, step)],
      update: (tape, parameter, [m, v, peak], rate) =>
        tape.emit("adam", { ...args(parameter, rate), ...moments(m, v, peak), ...numbers }),
      updateRows(tape, { value, shape }, [m, v, peak], rate, { rows: given, gradient }) {
        const { named, map, total } = given;
        const [rows, width] = shape as [number, number];
        const table = { p: value.place, g: gradient, rows, width, map, named, total, rate };
        tape.emit("adamRows", { ...table, ...moments(m, v, peak), ...numbers });
      },
    };
  },
  nadam(config, era, math) {
    const beta1 = numberOf(config, "beta1", 0.9);
    const beta2 = numberOf(config, "beta2", 0.999);
    const epsilon = numberOf(config, "epsilon", 1e-7);
    const decay = numberOf(config, era === "legacy" ? "decay" : "scheduleDecay", 0.004);
    const momentumAt = (step: number) => beta1 * (1 - 0.5 * math.pow64(0.96, era === "keras3" ? step : step * decay));
    // The product of the momenta so far: kept by step, so that a resumed run finds it.
    const products: number[] = [1];
    const productAt = (step: number) => {
      for (let i = products.length; i <= step; i++) products[i] = f32(products[i - 1]! * momentumAt(i));
      return products[step]!;
    };
    return {
      slots: [{ name: "momentum" }, { name: "velocity" }],
      product: productAt,
      untouched: "weight",
      rates(rate, step) {
        const now = momentumAt(step);
        const next = momentumAt(step + 1);
        const product = productAt(step);
        const ofGradient = (rate * (1 - now)) / (1 - product);
        const ofMean = (rate * next) / (1 - product * next);
        return [ofGradient, ofMean, 1 / correction(math, beta2, step)];
      },
      update: (tape, parameter, [m, v], rate) =>
        tape.emit("nadam", {
          ...args(parameter, rate),
          m: m!.place,
          v: v!.place,
          rest1: rest(beta1, era),
          rest2: rest(beta2, era),
          epsilon,
        }),
    };
  },
  adamax(config, era, math) {
    const beta1 = numberOf(config, "beta1", 0.9);
    const beta2 = numberOf(config, "beta2", 0.999);
    const epsilon = numberOf(config, "epsilon", 1e-7);
    return {
      slots: [{ name: "momentum" }, { name: "norm" }],
      untouched: "rows",
      rates: (rate, step) => [rate / correction(math, beta1, step)],
      update: (tape, parameter, [m, u], rate) =>
        tape.emit("adamax", {
          ...args(parameter, rate),
          m: m!.place,
          u: u!.place,
          rest1: rest(beta1, era),
          beta2: f32(beta2),
          epsilon,
        }),
    };
  },
  lion(config) {
    const beta1 = numberOf(config, "beta1", 0.9);
    const beta2 = numberOf(config, "beta2", 0.99);
    return {
      slots: [{ name: "momentum" }],
      rates: only,
      update: (tape, parameter, [m], rate) =>
        tape.emit("lion", { ...args(parameter, rate), m: m!.place, beta1: f32(beta1), beta2: f32(beta2) }),
    };
  },
  ftrl(config) {
    const numbers = {
      power: numberOf(config, "learningRatePower", -0.5),
      l1: numberOf(config, "l1RegularizationStrength", 0),
      l2: numberOf(config, "l2RegularizationStrength", 0),
      shrinkage: numberOf(config, "l2ShrinkageRegularizationStrength", 0),
      beta: numberOf(config, "beta", 0),
    };
    return {
      slots: [{ name: "accumulator", start: numberOf(config, "initialAccumulatorValue", 0.1) }, { name: "linear" }],
      rates: only,
      untouched: "rows",
      update: (tape, parameter, [a, z], rate) =>
        tape.emit("ftrl", { ...args(parameter, rate), a: a!.place, z: z!.place, ...numbers }),
    };
  },
};

const RATE_KEYS: Readonly<Record<string, number>> = { sgd: 0.01, adagrad: 0.001, ftrl: 0.001 };
const OLD_RATES: Readonly<Record<string, number>> = {
  sgd: 0.01,
  adagrad: 0.01,
  adadelta: 1,
  adamax: 0.002,
  nadam: 0.002,
};

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
  readonly average: { readonly momentum: number; readonly every: number | undefined } | undefined;
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
    rule: make({ ...config, epsilon: config["epsilon"] ?? defaultEpsilon(profile) }, era, math),
    schedule: isSchedule ? readSchedule(rate, math) : undefined,
    initialRate: isSchedule ? 0 : numberOf({ rate: rate ?? fallback }, "rate", fallback),
    decay: era === "keras3" || key === "nadam" ? 0 : numberOf(config, "decay", 0),
    clipNorm: clipsTogether ? undefined : clipNorm,
    globalClipNorm: clipsTogether ? clipNorm : optionalNumber(config, "globalClipnorm"),
    clipValue: optionalNumber(config, "clipvalue"),
    weightDecay: weightDecay === 0 ? undefined : weightDecay,
    accumulationSteps: optionalNumber(config, "gradientAccumulationSteps") ?? 1,
    average:
      config["useEma"] === true
        ? { momentum: numberOf(config, "emaMomentum", 0.99), every: optionalNumber(config, "emaOverwriteFrequency") }
        : undefined,
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
