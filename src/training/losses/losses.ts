import { OptionError } from "../../errors.ts";
import { didYouMean } from "../options/did-you-mean.ts";
import { namedConfig, numberOf, plainName } from "../options/serialized.ts";
import type { OverlapKind } from "./overlap-loss.ts";

/** Codes of the kernels' losses; `assembly/training/element-loss.ts` has the same. */
export const LOSS_CODES = {
  meanSquaredError: 0,
  meanAbsoluteError: 1,
  meanAbsolutePercentageError: 2,
  meanSquaredLogarithmicError: 3,
  binaryCrossentropy: 4,
  binaryCrossentropyOfLogits: 5,
  categoricalCrossentropy: 6,
  categoricalCrossentropyOfLogits: 7,
  sparseCategoricalCrossentropy: 8,
  sparseCategoricalCrossentropyOfLogits: 9,
  huber: 10,
  logCosh: 11,
  poisson: 12,
  klDivergence: 13,
  hinge: 14,
  squaredHinge: 15,
  categoricalHinge: 16,
  cosineSimilarity: 17,
  binaryFocalCrossentropy: 18,
  categoricalFocalCrossentropy: 19,
} as const;

export type LossKind = keyof typeof LOSS_CODES | OverlapKind | "ctc";

/**
 * How rows are joined into one number: Keras' names. Where they ask for a mean, older releases take 3 or 4 in place of 0
 * (`LossRules`).
 */
const REDUCTIONS = { sum_over_batch_size: 0, mean: 0, auto: 0, sum: 1, mean_with_sample_weight: 2 } as const;

/** A loss, resolved. */
export interface LossSpec {
  readonly kind: LossKind;
  /** Keras' name: what `metrics=["…"]` and messages call it. */
  readonly name: string;
  /** 0 mean, 1 sum, 2 mean by weights, 3 mean over masked rows, too, 4 mean as Keras 1 takes it. */
  readonly reduction: number;
  /** The activation that a focal loss applies first: it is given logits. */
  readonly activation: "sigmoid" | "softmax" | undefined;
  /** The kernel's numbers: smoothing, delta, gamma, alpha, or what `byRules` sets. */
  readonly numbers: readonly [number, number, number];
  /** True if it takes the logits of a sigmoid or softmax whichever it is (`LossRules`). */
  readonly takesAnyLogits: boolean;
  /** Labels to leave out. */
  readonly ignoreClass: number | undefined;
}

/** Keras' names without underscores, to ours. */
const NAMES: Readonly<Record<string, LossKind>> = {
  mse: "meanSquaredError",
  meansquarederror: "meanSquaredError",
  mae: "meanAbsoluteError",
  meanabsoluteerror: "meanAbsoluteError",
  mape: "meanAbsolutePercentageError",
  meanabsolutepercentageerror: "meanAbsolutePercentageError",
  msle: "meanSquaredLogarithmicError",
  meansquaredlogarithmicerror: "meanSquaredLogarithmicError",
  binarycrossentropy: "binaryCrossentropy",
  bce: "binaryCrossentropy",
  categoricalcrossentropy: "categoricalCrossentropy",
  sparsecategoricalcrossentropy: "sparseCategoricalCrossentropy",
  huber: "huber",
  huberloss: "huber",
  logcosh: "logCosh",
  poisson: "poisson",
  kldivergence: "klDivergence",
  kld: "klDivergence",
  kullbackleiblerdivergence: "klDivergence",
  hinge: "hinge",
  squaredhinge: "squaredHinge",
  categoricalhinge: "categoricalHinge",
  cosinesimilarity: "cosineSimilarity",
  binaryfocalcrossentropy: "binaryFocalCrossentropy",
  categoricalfocalcrossentropy: "categoricalFocalCrossentropy",
  cosineproximity: "cosineSimilarity",
  dice: "dice",
  tversky: "tversky",
  ctc: "ctc",
};

/** Keras' names of all losses, each once. */
export function lossNames(): readonly string[] {
  return [...new Set(Object.values(NAMES))].map((kind) =>
    kind.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  );
}

/** The kind of a loss or metric of that name; undefined if it is none. */
export function lossKind(name: string): LossKind | undefined {
  const key = plainName(name);
  return Object.hasOwn(NAMES, key) ? NAMES[key] : undefined;
}

/**
 * Resolves a loss as `compile` takes it.
 *
 * @throws {OptionError} If it is unknown or an option is not supported.
 */
export function readLoss(value: unknown): LossSpec {
  const { className, config } = namedConfig(value, "`loss`");
  const plain = lossKind(className);
  if (!plain) {
    throw new OptionError(
      `The loss ${JSON.stringify(className)} is not known.${didYouMean(className, [...lossNames(), ...Object.keys(NAMES)])} Known: ${lossNames().join(", ")}.`,
    );
  }
  const reduction = config["reduction"] ?? "sum_over_batch_size";
  if (typeof reduction !== "string" || !Object.hasOwn(REDUCTIONS, reduction)) {
    throw new OptionError(
      `The loss ${className}: the reduction ${JSON.stringify(reduction)} is not one of ${Object.keys(REDUCTIONS).join(", ")}.`,
    );
  }
  const axis = config["axis"] ?? -1;
  if (axis !== -1 || (isOverlap(plain) && config["axis"] != null)) {
    throw new OptionError(`The loss ${className}: only its own axis is supported; got ${String(axis)}.`);
  }
  const fromLogits = config["fromLogits"] === true;
  const kind = fromLogits && `${plain}OfLogits` in LOSS_CODES ? (`${plain}OfLogits` as LossKind) : plain;
  const ignoreClass = config["ignoreClass"];
  return {
    kind,
    name: className,
    reduction: REDUCTIONS[reduction as keyof typeof REDUCTIONS],
    activation: fromLogits ? FOCAL[plain] : undefined,
    numbers: lossNumbers(plain, config),
    takesAnyLogits: true,
    ignoreClass: typeof ignoreClass === "number" ? ignoreClass : undefined,
  };
}

const FOCAL: Readonly<Partial<Record<LossKind, "sigmoid" | "softmax">>> = {
  binaryFocalCrossentropy: "sigmoid",
  categoricalFocalCrossentropy: "softmax",
};

function lossNumbers(kind: LossKind, config: Readonly<Record<string, unknown>>): [number, number, number] {
  const smoothing = numberOf(config, "labelSmoothing", 0);
  if (isOverlap(kind)) return [numberOf(config, "alpha", 0.5), numberOf(config, "beta", 0.5), 0];
  if (kind === "huber") return [numberOf(config, "delta", 1), 0, 0];
  const gamma = numberOf(config, "gamma", 2);
  const alpha = numberOf(config, "alpha", 0.25);
  if (kind === "binaryFocalCrossentropy") {
    return [smoothing, gamma, config["applyClassBalancing"] === true ? alpha : -1];
  }
  if (kind === "categoricalFocalCrossentropy") return [smoothing, gamma, alpha];
  return [smoothing, 0, 0];
}

/** True for losses that are one number for a whole batch. */
export function isOverlap(kind: LossKind): kind is OverlapKind {
  return kind === "dice" || kind === "tversky";
}

/** True for losses whose targets are class numbers. */
export function isSparse(kind: LossKind): boolean {
  return kind.startsWith("sparse");
}

/** The kind that works on the logits of a sigmoid or softmax output; undefined if there is none. */
export function kindOfLogits({ kind, takesAnyLogits }: LossSpec, by: "sigmoid" | "softmax"): LossKind | undefined {
  const isOfLogits = kind.endsWith("OfLogits");
  const ofLogits = (isOfLogits ? kind : `${kind}OfLogits`) as LossKind;
  if (!(ofLogits in LOSS_CODES)) return undefined;
  const matches = !isOfLogits && (by === "sigmoid") === (kind === "binaryCrossentropy");
  return takesAnyLogits || matches ? ofLogits : undefined;
}
