import { OptionError } from "../../errors.ts";
import type { TrainingKernels } from "../kernels.ts";
import { didYouMean } from "../options/did-you-mean.ts";
import { camelCase, namedConfig, numberOf, plainName } from "../options/serialized.ts";

/** Functions of one number with the same bits on every engine. */
export type Numbers = Pick<TrainingKernels, "exp64" | "log64" | "pow64" | "cos64">;

/** The learning rate at a step, from 0. */
export type Schedule = (step: number) => number;

type Config = Readonly<Record<string, unknown>>;

const PI = Math.PI;

function list(config: Config, key: string): readonly number[] {
  const value = config[key];
  if (Array.isArray(value) && value.every((n) => typeof n === "number")) return value as number[];
  throw new OptionError(
    `A learning-rate schedule's \`${key}\` must be a list of numbers; got ${JSON.stringify(value) ?? "nothing"}.`,
  );
}

const MAKERS: Readonly<Record<string, (config: Config, math: Numbers) => Schedule>> = {
  exponentialdecay(config, math) {
    const [rate, steps, decay] = [
      numberOf(config, "initialLearningRate", 0),
      numberOf(config, "decaySteps", 1),
      numberOf(config, "decayRate", 1),
    ];
    const stairs = config["staircase"] === true;
    return (step) => rate * math.pow64(decay, stairs ? Math.floor(step / steps) : step / steps);
  },
  inversetimedecay(config) {
    const [rate, steps, decay] = [
      numberOf(config, "initialLearningRate", 0),
      numberOf(config, "decaySteps", 1),
      numberOf(config, "decayRate", 1),
    ];
    const stairs = config["staircase"] === true;
    return (step) => rate / (1 + decay * (stairs ? Math.floor(step / steps) : step / steps));
  },
  polynomialdecay(config, math) {
    const rate = numberOf(config, "initialLearningRate", 0);
    const end = numberOf(config, "endLearningRate", 0.0001);
    const power = numberOf(config, "power", 1);
    const steps = numberOf(config, "decaySteps", 1);
    return (step) => {
      const length = config["cycle"] === true ? steps * Math.max(1, Math.ceil(step / steps)) : steps;
      const at = config["cycle"] === true ? step : Math.min(step, steps);
      return (rate - end) * math.pow64(1 - at / length, power) + end;
    };
  },
  piecewiseconstantdecay(config) {
    const boundaries = list(config, "boundaries");
    const values = list(config, "values");
    return (step) => {
      const at = boundaries.findIndex((boundary) => step <= boundary);
      return values[at < 0 ? values.length - 1 : at]!;
    };
  },
  cosinedecay(config, math) {
    const rate = numberOf(config, "initialLearningRate", 0);
    const steps = numberOf(config, "decaySteps", 1);
    const alpha = numberOf(config, "alpha", 0);
    const target = config["warmupTarget"];
    const warmup = numberOf(config, "warmupSteps", 0);
    const decay = (step: number, from: number) => {
      const done = Math.min(step, steps) / steps;
      return from * ((1 - alpha) * 0.5 * (1 + math.cos64(PI * done)) + alpha);
    };
    if (typeof target !== "number") return (step) => decay(step, rate);
    return (step) => (step < warmup ? (target - rate) * (step / warmup) + rate : decay(step - warmup, target));
  },
  cosinedecayrestarts(config, math) {
    const rate = numberOf(config, "initialLearningRate", 0);
    const first = numberOf(config, "firstDecaySteps", 1);
    const tMul = numberOf(config, "tMul", 2);
    const mMul = numberOf(config, "mMul", 1);
    const alpha = numberOf(config, "alpha", 0);
    return (step) => {
      let done = step / first;
      let restarts = 0;
      if (tMul === 1) {
        restarts = Math.floor(done);
        done -= restarts;
      } else {
        restarts = Math.floor(math.log64(1 - done * (1 - tMul)) / math.log64(tMul));
        const sum = (1 - math.pow64(tMul, restarts)) / (1 - tMul);
        done = (done - sum) / math.pow64(tMul, restarts);
      }
      const factor = math.pow64(mMul, restarts);
      return rate * ((1 - alpha) * 0.5 * factor * (1 + math.cos64(PI * done)) + alpha);
    };
  },
};

/**
 * A schedule as Keras serialises it.
 *
 * @throws {OptionError} If it is unknown.
 */
export function readSchedule(value: unknown, math: Numbers): Schedule {
  const { className, config } = namedConfig(value, "`learningRate`");
  const key = plainName(className);
  const make = Object.hasOwn(MAKERS, key) ? MAKERS[key] : undefined;
  if (!make) {
    const known = Object.keys(MAKERS);
    throw new OptionError(
      `The learning-rate schedule ${JSON.stringify(className)} is not known.${didYouMean(className, known)} Known: ${known.join(", ")}.`,
    );
  }
  const entries = Object.entries(config).map(([key, item]) => [camelCase(key), item]);
  return make(Object.fromEntries(entries) as Config, math);
}
