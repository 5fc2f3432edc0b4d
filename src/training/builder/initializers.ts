import { OptionError } from "../../errors.ts";
import { sizeOf } from "../../tensor.ts";
import { randomNumbers } from "../data/shuffle.ts";
import { didYouMean } from "../options/did-you-mean.ts";
import { namedConfig, numberOf, plainName } from "../options/serialized.ts";

/** Uniform and normal numbers of one weight: by seed and weight alone, the same on every engine. */
class Draws {
  readonly #next: () => number;
  #spare: number | undefined;

  constructor(seed: number, stream: number) {
    this.#next = randomNumbers(seed ^ 0x5bd1e995, stream);
  }

  /** In [−limit, limit). */
  uniform(limit: number): number {
    return (this.#next() / 2147483648 - 1) * limit;
  }

  /** Of mean 0 and deviation 1, by Marsaglia's polar method. */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    for (;;) {
      const [u, v] = [this.uniform(1), this.uniform(1)];
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const factor = Math.sqrt((-2 * naturalLog(s)) / s);
      this.#spare = v * factor;
      return u * factor;
    }
  }

  /** Normal, drawn again outside two deviations. */
  truncated(): number {
    for (;;) {
      const value = this.normal();
      if (Math.abs(value) <= 2) return value;
    }
  }
}

/** Natural logarithm of x > 0 from exact operations alone: Math.log differs between engines. */
function naturalLog(x: number): number {
  let mantissa = x;
  let exponent = 0;
  for (; mantissa < Math.SQRT1_2; exponent--) mantissa *= 2;
  for (; mantissa > Math.SQRT2; exponent++) mantissa /= 2;
  const s = (mantissa - 1) / (mantissa + 1);
  let series = 0;
  for (let k = 21; k >= 1; k -= 2) series = series * s * s + 1 / k;
  return exponent * Math.LN2 + 2 * s * series;
}

/** Keras' fans: the last two axes times the rest. */
function fans(shape: readonly number[]): [number, number] {
  if (shape.length === 0) return [1, 1];
  if (shape.length === 1) return [shape[0]!, shape[0]!];
  const field = sizeOf(shape.slice(0, -2));
  return [field * shape.at(-2)!, field * shape.at(-1)!];
}

/** A matrix with orthogonal rows or columns: Gram and Schmidt on normal numbers. */
function orthogonal(shape: readonly number[], gain: number, draws: Draws): Float32Array {
  const columns = shape.at(-1) ?? 1;
  const rows = sizeOf(shape) / columns;
  const [long, short] = rows < columns ? [columns, rows] : [rows, columns];
  const vectors = Array.from({ length: short }, () => Float64Array.from({ length: long }, () => draws.normal()));
  vectors.forEach((vector, i) => {
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const other = vectors[j]!;
        let dot = 0;
        for (let k = 0; k < long; k++) dot += vector[k]! * other[k]!;
        for (let k = 0; k < long; k++) vector[k]! -= dot * other[k]!;
      }
    }
    let norm = 0;
    for (let k = 0; k < long; k++) norm += vector[k]! * vector[k]!;
    const scale = 1 / Math.sqrt(norm);
    for (let k = 0; k < long; k++) vector[k]! *= scale;
  });
  const out = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      out[row * columns + column] = gain * (rows < columns ? vectors[row]![column]! : vectors[column]![row]!);
    }
  }
  return out;
}

/** Deviation of a normal that is cut at two deviations, relative to the normal's own. */
const TRUNCATION = 0.8796256610342398;

type Maker = (shape: readonly number[], config: Readonly<Record<string, unknown>>, draws: Draws) => Float32Array;

/** A named case of VarianceScaling. */
function scaled(scale: number, mode: string, distribution: string): Maker {
  return (shape, _config, draws) => varianceScaling(shape, { scale, mode, distribution }, draws);
}

/** Keras' VarianceScaling: the named ones with everything to choose. */
const varianceScaling: Maker = (shape, config, draws) => {
  const mode = String(config["mode"] ?? "fan_in");
  const distribution = String(config["distribution"] ?? "truncated_normal").toLowerCase();
  const variance = numberOf(config, "scale", 1) / Math.max(1, fanOf(mode, shape));
  if (!(variance >= 0))
    throw new OptionError(`VarianceScaling: \`scale\` must be at least 0; got ${String(config["scale"])}.`);
  const makers: Readonly<Record<string, () => number>> = {
    uniform: () => draws.uniform(Math.sqrt(3 * variance)),
    normal: () => (draws.truncated() * Math.sqrt(variance)) / TRUNCATION,
    truncated_normal: () => (draws.truncated() * Math.sqrt(variance)) / TRUNCATION,
    untruncated_normal: () => draws.normal() * Math.sqrt(variance),
  };
  if (!Object.hasOwn(makers, distribution)) {
    throw new OptionError(
      `VarianceScaling: \`distribution\` must be one of ${Object.keys(makers).join(", ")}; got ${distribution}.`,
    );
  }
  return Float32Array.from({ length: sizeOf(shape) }, makers[distribution]!);
};

function fanOf(mode: string, shape: readonly number[]): number {
  const [fanIn, fanOut] = fans(shape);
  if (mode === "fan_in") return fanIn;
  if (mode === "fan_out") return fanOut;
  if (mode === "fan_avg") return (fanIn + fanOut) / 2;
  throw new OptionError(`VarianceScaling: \`mode\` must be fan_in, fan_out or fan_avg; got ${mode}.`);
}

const filled =
  (value: number): Maker =>
  (shape) =>
    new Float32Array(sizeOf(shape)).fill(value);

const MAKERS: Readonly<Record<string, Maker>> = {
  zeros: filled(0),
  zero: filled(0),
  ones: filled(1),
  one: filled(1),
  constant: (shape, config) => new Float32Array(sizeOf(shape)).fill(numberOf(config, "value", 0)),
  randomuniform: (shape, config, draws) => {
    const [low, high] = [numberOf(config, "minval", -0.05), numberOf(config, "maxval", 0.05)];
    return Float32Array.from({ length: sizeOf(shape) }, () => (low + high) / 2 + draws.uniform((high - low) / 2));
  },
  randomnormal: (shape, config, draws) =>
    Float32Array.from(
      { length: sizeOf(shape) },
      () => numberOf(config, "mean", 0) + numberOf(config, "stddev", 0.05) * draws.normal(),
    ),
  truncatednormal: (shape, config, draws) =>
    Float32Array.from(
      { length: sizeOf(shape) },
      () => numberOf(config, "mean", 0) + numberOf(config, "stddev", 0.05) * draws.truncated(),
    ),
  variancescaling: varianceScaling,
  glorotuniform: scaled(1, "fan_avg", "uniform"),
  glorotnormal: scaled(1, "fan_avg", "normal"),
  heuniform: scaled(2, "fan_in", "uniform"),
  henormal: scaled(2, "fan_in", "normal"),
  lecununiform: scaled(1, "fan_in", "uniform"),
  lecunnormal: scaled(1, "fan_in", "normal"),
  orthogonal: (shape, config, draws) => orthogonal(shape, numberOf(config, "gain", 1), draws),
  identity: (shape, config) => {
    const columns = shape.at(-1)!;
    const gain = numberOf(config, "gain", 1);
    return Float32Array.from({ length: sizeOf(shape) }, (_, i) => (Math.floor(i / columns) === i % columns ? gain : 0));
  },
};
const ALIASES: Readonly<Record<string, string>> = {
  uniform: "randomuniform",
  normal: "randomnormal",
  orthogonalinitializer: "orthogonal",
  identityinitializer: "identity",
};

/**
 * The first values of a weight, as Keras' initializer of that name draws them (not Keras' own numbers). The generator is
 * sfc32 on the seed and the weight's number: the same on every engine.
 *
 * @param seed - The model's; an initializer's own seed goes before it.
 * @param stream - Tells one weight of a model from another.
 * @throws {OptionError} If the initializer is unknown.
 */
export function initialValues(value: unknown, shape: readonly number[], seed: number, stream: number): Float32Array {
  const { className, config } = namedConfig(value, "An initializer");
  const name = plainName(className);
  const key = ALIASES[name] ?? name;
  const make = Object.hasOwn(MAKERS, key) ? MAKERS[key] : undefined;
  if (!make) {
    throw new OptionError(
      `The initializer ${JSON.stringify(className)} is not known.${didYouMean(className, Object.keys(MAKERS))} Known: ${Object.keys(MAKERS).join(", ")}.`,
    );
  }
  // A seed of its own gives the same values in every layer, as in Keras.
  const own = config["seed"];
  return make(shape, config, typeof own === "number" ? new Draws(own, 0) : new Draws(seed, stream));
}
