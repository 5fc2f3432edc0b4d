import { OptionError } from "../../errors.ts";
import { isOverlap, type LossKind, lossKind, lossNames } from "../losses/losses.ts";
import { rowLoss } from "../losses/row-losses.ts";
import type { Numbers } from "../optimizers/schedules.ts";
import { didYouMean } from "../options/did-you-mean.ts";
import { type NamedConfig, namedConfig, numberOf, plainName } from "../options/serialized.ts";
import { areaMetric, constrainedMetric, ratio, thresholdMetric } from "./confusion-metrics.ts";
import { FScore } from "./f-score.ts";
import { binaryIou, iouMetric } from "./iou.ts";
import { R2Score } from "./r2-score.ts";

/** What a metric sees of a batch: rows of predictions against targets. */
export interface MetricBatch {
  /** [rows, width] */
  readonly predicted: Float32Array;
  /** [rows, trueWidth]; trueWidth is 1 for class numbers. */
  readonly target: Float32Array;
  readonly rows: number;
  readonly width: number;
  readonly trueWidth: number;
  /** One weight a row: sample weights times the mask; undefined counts every row once. */
  readonly weights: Float32Array | undefined;
}

/** A metric that gathers over batches. */
export interface Metric {
  readonly name: string;
  /** True for the mean of a function of each row: those alone heed masks in Keras 3. */
  readonly isMean?: boolean;
  update(batch: MetricBatch): void;
  /** A list where Keras gives an array: a metric of several thresholds, a score by class. */
  result(): number | readonly number[];
  /** The sums so far, for a checkpoint in the midst of an epoch. */
  totals(): Float64Array;
  /** Goes on from sums that {@link totals} gave. */
  restore(totals: Float64Array): void;
}

type RowValue = (batch: MetricBatch, row: number) => number;

/** The weighted mean of a value per row; `root` takes the square root at the end. */
class MeanMetric implements Metric {
  readonly name: string;
  readonly isMean: boolean;
  readonly #value: RowValue;
  readonly #finish: ((mean: number) => number) | undefined;
  #total = 0;
  #count = 0;

  constructor(name: string, value: RowValue, finish?: (mean: number) => number) {
    this.name = name;
    this.isMean = finish === undefined;
    this.#value = value;
    this.#finish = finish;
  }

  update(batch: MetricBatch): void {
    for (let row = 0; row < batch.rows; row++) {
      const weight = batch.weights ? batch.weights[row]! : 1;
      if (weight === 0) continue;
      this.#total += weight * this.#value(batch, row);
      this.#count += weight;
    }
  }

  result(): number {
    const mean = this.#count === 0 ? 0 : this.#total / this.#count;
    return this.#finish ? this.#finish(mean) : mean;
  }

  totals(): Float64Array {
    return Float64Array.of(this.#total, this.#count);
  }

  restore([total = 0, count = 0]: Float64Array): void {
    this.#total = total;
    this.#count = count;
  }
}

function argmax(values: Float32Array, from: number, width: number): number {
  let best = 0;
  for (let i = 1; i < width; i++) if (values[from + i]! > values[from + best]!) best = i;
  return best;
}

/** The class of a target: its number, or the place of its largest value. */
function classOf({ target, trueWidth }: MetricBatch, row: number): number {
  return trueWidth === 1 ? target[row]! : argmax(target, row * trueWidth, trueWidth);
}

const ACCURACIES: Readonly<Record<string, RowValue>> = {
  categorical: (batch, row) =>
    Number(
      argmax(batch.target, row * batch.trueWidth, batch.trueWidth) ===
        argmax(batch.predicted, row * batch.width, batch.width),
    ),
  sparse: (batch, row) => Number(batch.target[row] === argmax(batch.predicted, row * batch.width, batch.width)),
};

/** The share of predictions that are their targets. */
const equality: RowValue = ({ predicted, target, width }, row) => {
  let hits = 0;
  for (let i = row * width; i < (row + 1) * width; i++) hits += Number(target[i] === predicted[i]);
  return hits / width;
};

function binaryAccuracy(threshold: number): RowValue {
  return ({ predicted, target, width }, row) => {
    let hits = 0;
    for (let i = row * width; i < (row + 1) * width; i++)
      hits += Number(target[i] === Number(predicted[i]! > threshold));
    return hits / width;
  };
}

/** Keras 1's and 2's binary accuracy: the share of predictions that are their targets when rounded, halves to even. */
const roundedEquality: RowValue = ({ predicted, target, width }, row) => {
  let hits = 0;
  for (let i = row * width; i < (row + 1) * width; i++) {
    const p = predicted[i]!;
    hits += Number(target[i] === (Math.abs(p % 1) === 0.5 ? 2 * Math.round(p / 2) : Math.round(p)));
  }
  return hits / width;
};

function topK(k: number): RowValue {
  return (batch, row) => {
    const { predicted, width } = batch;
    const own = predicted[row * width + classOf(batch, row)]!;
    let above = 0;
    for (let i = 0; i < width; i++) above += Number(predicted[row * width + i]! > own);
    return Number(above < k);
  };
}

/** What a metric needs to know of its output. */
export interface MetricContext {
  readonly math: Numbers;
  /** Size of the last axis of the prediction. */
  readonly width: number;
  /** The same of the target; 1 where it has one axis less. */
  readonly trueWidth: number;
  readonly sparse: boolean;
  /** Keras 1 and 2.0-2.3 choose 'accuracy' by the loss. */
  readonly byLoss: LossKind | undefined;
  /** An output of one number asks for a binary accuracy: Keras 2.3 on Theano does not know the number. */
  readonly widthTells: boolean;
  /** Keras before 2.3 has its own history keys. */
  readonly oldNames: boolean;
}

/** Makes a metric of a name from its config, keys in camelCase. */
type MetricMaker = (name: string, config: NamedConfig["config"], math: Numbers) => Metric;

/** Keras' metric classes that are no losses, by their names in lower case. */
const MAKERS: Readonly<Record<string, MetricMaker>> = {
  accuracy: (name) => new MeanMetric(name, equality),
  binaryaccuracy: (name, config) => new MeanMetric(name, binaryAccuracy(numberOf(config, "threshold", 0.5))),
  categoricalaccuracy: (name) => new MeanMetric(name, ACCURACIES["categorical"]!),
  sparsecategoricalaccuracy: (name) => new MeanMetric(name, ACCURACIES["sparse"]!),
  topkcategoricalaccuracy: (name, config) => new MeanMetric(name, topK(numberOf(config, "k", 5))),
  sparsetopkcategoricalaccuracy: (name, config) => new MeanMetric(name, topK(numberOf(config, "k", 5))),
  rootmeansquarederror: (name, _config, math) => new MeanMetric(name, rowLoss("meanSquaredError", {}, math), Math.sqrt),
  auc: (name, config, math) => areaMetric(name, config, math),
  precision: (name, config) => thresholdMetric(name, config, (tp, fp) => ratio(tp, tp + fp)),
  recall: (name, config) => thresholdMetric(name, config, (tp, _fp, _tn, fn) => ratio(tp, tp + fn)),
  truepositives: (name, config) => thresholdMetric(name, config, (tp) => tp),
  falsepositives: (name, config) => thresholdMetric(name, config, (_tp, fp) => fp),
  truenegatives: (name, config) => thresholdMetric(name, config, (_tp, _fp, tn) => tn),
  falsenegatives: (name, config) => thresholdMetric(name, config, (_tp, _fp, _tn, fn) => fn),
  sensitivityatspecificity: (name, config) => constrainedMetric(name, config, "sensitivity", "specificity"),
  specificityatsensitivity: (name, config) => constrainedMetric(name, config, "specificity", "sensitivity"),
  precisionatrecall: (name, config) => constrainedMetric(name, config, "precision", "recall"),
  recallatprecision: (name, config) => constrainedMetric(name, config, "recall", "precision"),
  f1score: (name, config) => new FScore(name, { ...config, beta: 1 }),
  fbetascore: (name, config) => new FScore(name, config),
  iou: (name, config) => iouMetric(name, config, false),
  meaniou: (name, config) => iouMetric(name, { ...config, targetClassIds: undefined }, false),
  onehotiou: (name, config) => iouMetric(name, config, true),
  onehotmeaniou: (name, config) => iouMetric(name, { ...config, targetClassIds: undefined }, true),
  binaryiou: (name, config) => binaryIou(name, config),
  r2score: (name, config) => new R2Score(name, config),
};

/**
 * Makes a metric as `compile` takes it.
 *
 * @throws {OptionError} If it is unknown.
 */
export function makeMetric(value: unknown, context: MetricContext): Metric {
  if (typeof value === "function") return new FunctionMetric(value as MetricFunction);
  const { className, config } = wrapped(namedConfig(value, "A metric"));
  const key = plainName(className);
  const isName = typeof value === "string";
  const unnamed = isName ? spelled(className, context) : (OTHER_NAMES[className] ?? snake(className));
  const name = typeof config["name"] === "string" ? config["name"] : unnamed;
  const { math } = context;
  if (key === "acc" || key === "ce" || key === "crossentropy" || (key === "accuracy" && className !== "Accuracy")) {
    return automatic(key, name, context);
  }
  const make = Object.hasOwn(MAKERS, key) ? MAKERS[key] : undefined;
  if (make) return make(name, config, math);
  const kind = key === "logcosherror" ? "logCosh" : lossKind(className);
  if (kind && kind !== "ctc" && !isOverlap(kind)) {
    // Keras' class and its name as a metric are the similarity; before Keras 2.3 the name is the loss.
    const sign = kind === "cosineSimilarity" && !(isName && context.byLoss) ? -1 : 1;
    const value = rowLoss(kind, config, math);
    return new MeanMetric(name, sign < 0 ? (batch, row) => -value(batch, row) : value);
  }
  const known = ["accuracy", "crossentropy", ...Object.keys(MAKERS), ...lossNames()];
  throw new OptionError(
    `The metric ${JSON.stringify(className)} is not known.${didYouMean(className, known)} Known: ${known.join(", ")}.`,
  );
}

/** What a MeanMetricWrapper of a file stands for: the function that it holds, under its name. */
function wrapped(named: NamedConfig): NamedConfig {
  const { className, config } = named;
  if (!["meanmetricwrapper", "sumoverbatchsizemetricwrapper"].includes(plainName(className))) return named;
  const { fn, ...rest } = config;
  const inner = namedConfig(fn, `The metric ${String(config["name"])}`);
  return { ...inner, config: { ...rest, ...inner.config } };
}

/** A function of Keras' kind: targets and predictions of a batch, [rows, width] each, to one number or one per row. */
export type MetricFunction = (
  target: { readonly data: Float32Array; readonly shape: readonly number[] },
  predicted: { readonly data: Float32Array; readonly shape: readonly number[] },
) => number | ArrayLike<number>;

/** The weighted mean of what a function gives. */
class FunctionMetric implements Metric {
  readonly name: string;
  readonly isMean = true;
  readonly #value: MetricFunction;
  #total = 0;
  #count = 0;

  constructor(value: MetricFunction) {
    this.name = value.name || "metric";
    this.#value = value;
  }

  update({ predicted, target, rows, width, trueWidth, weights }: MetricBatch): void {
    const given = this.#value({ data: target, shape: [rows, trueWidth] }, { data: predicted, shape: [rows, width] });
    if (typeof given !== "number" && given.length !== rows) {
      throw new OptionError(
        `The metric ${this.name} must give one number, or one for each of ${rows} rows; it gave ${given.length}.`,
      );
    }
    for (let row = 0; row < rows; row++) {
      const weight = weights ? weights[row]! : 1;
      this.#total += weight * (typeof given === "number" ? given : given[row]!);
      this.#count += weight;
    }
  }

  result(): number {
    return ratio(this.#total, this.#count);
  }

  totals(): Float64Array {
    return Float64Array.of(this.#total, this.#count);
  }

  restore([total = 0, count = 0]: Float64Array): void {
    this.#total = total;
    this.#count = count;
  }
}

function automatic(key: string, name: string, context: MetricContext): Metric {
  const { width, trueWidth, byLoss, math } = context;
  const sparse = context.sparse || (trueWidth === 1 && width > 1);
  const isBinary = (width === 1 && context.widthTells) || (byLoss?.startsWith("binary") ?? false);
  const isAccuracy = key === "accuracy" || key === "acc";
  if (isBinary) {
    const accuracy = byLoss ? roundedEquality : binaryAccuracy(0.5);
    return new MeanMetric(name, isAccuracy ? accuracy : rowLoss("binaryCrossentropy", {}, math));
  }
  if (isAccuracy) return new MeanMetric(name, ACCURACIES[sparse ? "sparse" : "categorical"]!);
  return new MeanMetric(name, rowLoss(sparse ? "sparseCategoricalCrossentropy" : "categoricalCrossentropy", {}, math));
}

/** Classes whose name in the history is not their own. */
const OTHER_NAMES: Readonly<Record<string, string>> = { FBetaScore: "fbeta_score", LogCoshError: "logcosh" };

/** History keys: as written, but Keras before 2.3 spelled short names out and shortened 'accuracy'. */
function spelled(name: string, { oldNames }: MetricContext): string {
  if (!oldNames) return name;
  if (name === "accuracy") return "acc";
  const kind = lossKind(name);
  return kind ? snake(kind) : name;
}

/** `BinaryAccuracy` → `binary_accuracy`, `F1Score` → `f1_score`: Keras' own rule. */
function snake(name: string): string {
  return name
    .replace(/(.)([A-Z][a-z0-9]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}
