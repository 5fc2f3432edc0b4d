import { OptionError } from "../errors.ts";
import { ConfusionMetric, precisionRecallArea, ratio, rocArea } from "./confusion-metrics.ts";
import { didYouMean } from "./did-you-mean.ts";
import { type LossKind, lossKind, lossNames } from "./losses.ts";
import { R2Score } from "./r2-score.ts";
import { rowLoss } from "./row-losses.ts";
import type { Numbers } from "./schedules.ts";
import { namedConfig, numberOf, plainName } from "./serialized.ts";

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
  update(batch: MetricBatch): void;
  result(): number;
  /** The sums so far, for a checkpoint in the midst of an epoch. */
  totals(): Float64Array;
  /** Goes on from sums that {@link totals} gave. */
  restore(totals: Float64Array): void;
}

type RowValue = (batch: MetricBatch, row: number) => number;

/** The weighted mean of a value per row; `root` takes the square root at the end. */
class MeanMetric implements Metric {
  readonly name: string;
  readonly #value: RowValue;
  readonly #finish: (mean: number) => number;
  #total = 0;
  #count = 0;

  constructor(name: string, value: RowValue, finish: (mean: number) => number = (mean) => mean) {
    this.name = name;
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
    return this.#finish(this.#count === 0 ? 0 : this.#total / this.#count);
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

function binaryAccuracy(threshold: number): RowValue {
  return ({ predicted, target, width }, row) => {
    let hits = 0;
    for (let i = row * width; i < (row + 1) * width; i++)
      hits += Number(target[i] === Number(predicted[i]! > threshold));
    return hits / width;
  };
}

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
  /** Keras before 2.3 has its own history keys. */
  readonly oldNames: boolean;
}

/**
 * Makes a metric as `compile` takes it.
 *
 * @throws {OptionError} If it is unknown.
 */
export function makeMetric(value: unknown, context: MetricContext): Metric {
  const { className, config } = namedConfig(value, "A metric");
  const key = plainName(className);
  const isName = typeof value === "string";
  const name =
    typeof config["name"] === "string" ? config["name"] : isName ? spelled(className, context) : snake(className);
  const { math } = context;
  if (key === "accuracy" || key === "acc" || key === "ce" || key === "crossentropy")
    return automatic(key, name, context);
  const thresholds = listOf(config["thresholds"], 0.5);
  const sum = (list: Float64Array) => list[0]!;
  const makers: Readonly<Record<string, () => Metric>> = {
    binaryaccuracy: () => new MeanMetric(name, binaryAccuracy(numberOf(config, "threshold", 0.5))),
    categoricalaccuracy: () => new MeanMetric(name, ACCURACIES["categorical"]!),
    sparsecategoricalaccuracy: () => new MeanMetric(name, ACCURACIES["sparse"]!),
    topkcategoricalaccuracy: () => new MeanMetric(name, topK(numberOf(config, "k", 5))),
    sparsetopkcategoricalaccuracy: () => new MeanMetric(name, topK(numberOf(config, "k", 5))),
    rootmeansquarederror: () => new MeanMetric(name, rowLoss("meanSquaredError", {}, math), Math.sqrt),
    auc: () => area(name, config, math),
    precision: () => new ConfusionMetric(name, thresholds, ({ tp, fp }) => ratio(tp[0]!, tp[0]! + fp[0]!)),
    recall: () => new ConfusionMetric(name, thresholds, ({ tp, fn }) => ratio(tp[0]!, tp[0]! + fn[0]!)),
    truepositives: () => new ConfusionMetric(name, thresholds, ({ tp }) => sum(tp)),
    falsepositives: () => new ConfusionMetric(name, thresholds, ({ fp }) => sum(fp)),
    truenegatives: () => new ConfusionMetric(name, thresholds, ({ tn }) => sum(tn)),
    falsenegatives: () => new ConfusionMetric(name, thresholds, ({ fn }) => sum(fn)),
    r2score: () => new R2Score(name),
  };
  const make = makers[key];
  if (make) return make();
  const kind = key === "logcosherror" ? "logCosh" : lossKind(className);
  if (kind && kind !== "ctc") {
    const sign = kind === "cosineSimilarity" && !isName ? -1 : 1;
    const value = rowLoss(kind, config, math);
    return new MeanMetric(name, sign < 0 ? (batch, row) => -value(batch, row) : value);
  }
  const known = ["accuracy", ...Object.keys(makers), ...lossNames()];
  throw new OptionError(`The metric ${JSON.stringify(className)} is not known.${didYouMean(className, known)}`);
}

function automatic(key: string, name: string, context: MetricContext): Metric {
  const { width, trueWidth, byLoss, math } = context;
  const sparse = context.sparse || (trueWidth === 1 && width > 1);
  const isBinary = byLoss ? width === 1 || byLoss.startsWith("binary") : width === 1;
  const isAccuracy = key === "accuracy" || key === "acc";
  if (isBinary) {
    return new MeanMetric(name, isAccuracy ? binaryAccuracy(0.5) : rowLoss("binaryCrossentropy", {}, math));
  }
  if (isAccuracy) return new MeanMetric(name, ACCURACIES[sparse ? "sparse" : "categorical"]!);
  return new MeanMetric(name, rowLoss(sparse ? "sparseCategoricalCrossentropy" : "categoricalCrossentropy", {}, math));
}

function area(name: string, config: Readonly<Record<string, unknown>>, math: Numbers): Metric {
  if ((config["summationMethod"] ?? "interpolation") !== "interpolation" || config["multiLabel"] === true) {
    throw new OptionError("AUC takes only summation_method interpolation and no multi_label.");
  }
  const count = numberOf(config, "numThresholds", 200);
  const inner = Array.from({ length: count - 2 }, (_, i) => (i + 1) / (count - 1));
  const thresholds = [-1e-7, ...inner, 1 + 1e-7].map(Math.fround);
  const isPr = String(config["curve"] ?? "ROC").toUpperCase() === "PR";
  return new ConfusionMetric(name, thresholds, isPr ? (counts) => precisionRecallArea(counts, math) : rocArea);
}

function listOf(value: unknown, fallback: number): readonly number[] {
  if (Array.isArray(value)) return value as number[];
  return [typeof value === "number" ? value : fallback];
}

/** History keys: as written, but Keras before 2.3 spelled short names out and shortened 'accuracy'. */
function spelled(name: string, { oldNames }: MetricContext): string {
  if (!oldNames) return name;
  if (name === "accuracy") return "acc";
  const kind = lossKind(name);
  return kind ? snake(kind) : name;
}

/** `BinaryAccuracy` → `binary_accuracy`. */
function snake(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}
