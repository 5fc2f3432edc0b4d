import { OptionError } from "../errors.ts";
import type { Json } from "../layers/layer.ts";
import { formatShape, type Shape, sizeOf } from "../tensor.ts";
import { orthogonal } from "./orthogonal.ts";
import { Random } from "./random.ts";

/** An initializer as a config names it: Keras' name in any spelling, or a class with its own config. */
export type InitializerConfig =
  | string
  | { readonly className?: string; readonly class_name?: string; readonly config?: Readonly<Record<string, Json>> };

type Parameters = Readonly<Record<string, Json>>;
type Initializer = (shape: Shape, random: Random, parameters: Parameters) => Float32Array;

/** Deviation of the standard normal distribution cut off at ±2. */
const TRUNCATED_DEVIATION = 0.87962566103423978;

type Distribution = "uniform" | "truncated_normal" | "untruncated_normal";
type FanMode = "fan_in" | "fan_out" | "fan_avg";

const scaled =
  (scale: number, mode: FanMode, distribution: Distribution): Initializer =>
  (shape, random) =>
    varianceScaling(shape, random, scale, mode, distribution);

/** By Keras' class name in lower case without underscores. */
const INITIALIZERS: Readonly<Record<string, Initializer>> = {
  zeros: (shape) => new Float32Array(sizeOf(shape)),
  ones: (shape) => new Float32Array(sizeOf(shape)).fill(1),
  constant: (shape, _random, given) => new Float32Array(sizeOf(shape)).fill(real(given, "value", 0)),
  randomuniform: (shape, random, given) =>
    uniform(shape, random, real(given, "minval", -0.05), real(given, "maxval", 0.05)),
  randomnormal: (shape, random, given) =>
    draw(shape, scaledNormal(random, real(given, "mean", 0), real(given, "stddev", 0.05))),
  truncatednormal: (shape, random, given) =>
    draw(shape, truncated(random, real(given, "mean", 0), real(given, "stddev", 0.05))),
  variancescaling: (shape, random, given) =>
    varianceScaling(
      shape,
      random,
      real(given, "scale", 1),
      choice(given, "mode", "fan_in", ["fan_in", "fan_out", "fan_avg"]),
      choice(given, "distribution", "truncated_normal", [
        "uniform",
        "truncated_normal",
        "untruncated_normal",
        "normal",
      ]) as Distribution,
    ),
  glorotuniform: scaled(1, "fan_avg", "uniform"),
  glorotnormal: scaled(1, "fan_avg", "truncated_normal"),
  heuniform: scaled(2, "fan_in", "uniform"),
  henormal: scaled(2, "fan_in", "truncated_normal"),
  lecununiform: scaled(1, "fan_in", "uniform"),
  lecunnormal: scaled(1, "fan_in", "truncated_normal"),
  orthogonal: (shape, random, given) => orthogonal(shape, random, real(given, "gain", 1)),
  identity: (shape, _random, given) => identity(shape, real(given, "gain", 1)),
};

const ALIASES: Readonly<Record<string, string>> = {
  zero: "zeros",
  one: "ones",
  uniform: "randomuniform",
  normal: "randomnormal",
  orthogonalinitializer: "orthogonal",
  identityinitializer: "identity",
};

/**
 * The values of a new weight, as Keras' initializer of that name draws them (the numbers are our generator's).
 *
 * @param config - `"glorot_uniform"`, `"glorotUniform"`, or `{ className: "RandomNormal", config: { stddev: 0.1 } }`.
 * @param random - Drawn from unless the config has a seed of its own.
 * @throws {OptionError} If there is no initializer of that name, or it does not fit the shape.
 * @example
 * initialize("glorot_uniform", [20, 32], new Random(7)); // Float32Array of 640
 */
export function initialize(config: InitializerConfig, shape: Shape, random: Random): Float32Array {
  const name = typeof config === "string" ? config : (config.className ?? config.class_name ?? "");
  const short = name.slice(name.indexOf(">") + 1);
  const plain = short.replaceAll("_", "").toLowerCase();
  const key = Object.hasOwn(ALIASES, plain) ? ALIASES[plain]! : plain;
  const found = Object.hasOwn(INITIALIZERS, key) ? INITIALIZERS[key] : undefined;
  if (!found) {
    throw new OptionError(
      `There is no initializer ${JSON.stringify(name)}. There are: glorotUniform, glorotNormal, heUniform, heNormal, lecunUniform, lecunNormal, orthogonal, zeros, ones, constant, randomUniform, randomNormal, truncatedNormal, varianceScaling, identity.`,
    );
  }
  const given = (typeof config === "object" && config.config) || {};
  const { seed } = given;
  return found(shape, typeof seed === "number" ? new Random(seed) : random, given);
}

/** Numbers of inputs and outputs of one unit, as Keras counts them: of a kernel [time, in, out] time times each. */
export function fans(shape: Shape): { readonly fanIn: number; readonly fanOut: number } {
  if (shape.length === 0) return { fanIn: 1, fanOut: 1 };
  if (shape.length === 1) return { fanIn: shape[0]!, fanOut: shape[0]! };
  const field = sizeOf(shape.slice(0, -2));
  return { fanIn: shape.at(-2)! * field, fanOut: shape.at(-1)! * field };
}

function varianceScaling(
  shape: Shape,
  random: Random,
  scale: number,
  mode: FanMode,
  distribution: Distribution | "normal",
): Float32Array {
  const { fanIn, fanOut } = fans(shape);
  const fan = mode === "fan_in" ? fanIn : mode === "fan_out" ? fanOut : (fanIn + fanOut) / 2;
  const variance = scale / Math.max(1, fan);
  if (distribution === "uniform") {
    const limit = Math.sqrt(3 * variance);
    return uniform(shape, random, -limit, limit);
  }
  if (distribution === "untruncated_normal") return draw(shape, scaledNormal(random, 0, Math.sqrt(variance)));
  return draw(shape, truncated(random, 0, Math.sqrt(variance) / TRUNCATED_DEVIATION));
}

function draw(shape: Shape, next: () => number): Float32Array {
  const data = new Float32Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = next();
  return data;
}

function uniform(shape: Shape, random: Random, low: number, high: number): Float32Array {
  return draw(shape, () => low + (high - low) * random.uniform());
}

function scaledNormal(random: Random, mean: number, deviation: number): () => number {
  return () => mean + deviation * random.normal();
}

/** Normal numbers; those beyond two deviations are drawn again. */
function truncated(random: Random, mean: number, deviation: number): () => number {
  return () => {
    let z = random.normal();
    while (Math.abs(z) > 2) z = random.normal();
    return mean + deviation * z;
  };
}

function identity(shape: Shape, gain: number): Float32Array {
  if (shape.length !== 2) {
    throw new OptionError(`The initializer identity makes matrices; the weight has the shape ${formatShape(shape)}.`);
  }
  const [rows, columns] = shape as readonly [number, number];
  const data = new Float32Array(rows * columns);
  for (let i = 0; i < Math.min(rows, columns); i++) data[i * columns + i] = gain;
  return data;
}

function real(given: Parameters, key: string, fallback: number): number {
  const value = given[key] ?? fallback;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new OptionError(`An initializer's \`${key}\` must be a number; got ${JSON.stringify(value)}.`);
}

function choice<T extends string>(given: Parameters, key: string, fallback: T, allowed: readonly T[]): T {
  const value = given[key] ?? fallback;
  const plain = typeof value === "string" ? value.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : value;
  if (allowed.includes(plain as T)) return plain as T;
  throw new OptionError(
    `An initializer's \`${key}\` must be one of ${allowed.join(", ")}; got ${JSON.stringify(value)}.`,
  );
}
