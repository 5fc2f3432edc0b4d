import { OptionError } from "../../errors.ts";
import { isOverlap, type LossKind, lossKind, lossNames } from "../losses/losses.ts";
import { rowLoss } from "../losses/row-losses.ts";
import type { Numbers } from "../optimizers/schedules.ts";
import { didYouMean } from "../options/did-you-mean.ts";
import { type NamedConfig, namedConfig, numberOf, plainName } from "../options/serialized.ts";
import { binaryAccuracy, categoricalHit, equality, roundedEquality, sparseHit, topK } from "./accuracies.ts";
import { areaMetric, constrainedMetric, ratio, thresholdMetric } from "./confusion-metrics.ts";
import { FScore } from "./f-score.ts";
import { binaryIou, iouMetric } from "./iou.ts";
import { MeanMetric, meanOf } from "./mean-metric.ts";
import type { Metric } from "./metric.ts";
import { R2Score } from "./r2-score.ts";

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
  accuracy: (name) => meanOf(name, equality),
  binaryaccuracy: (name, config) => meanOf(name, binaryAccuracy(numberOf(config, "threshold", 0.5))),
  categoricalaccuracy: (name) => meanOf(name, categoricalHit),
  sparsecategoricalaccuracy: (name) => meanOf(name, sparseHit),
  topkcategoricalaccuracy: (name, config) => meanOf(name, topK(numberOf(config, "k", 5))),
  sparsetopkcategoricalaccuracy: (name, config) => meanOf(name, topK(numberOf(config, "k", 5))),
  rootmeansquarederror: (name, _config, math) => meanOf(name, rowLoss("meanSquaredError", {}, math), Math.sqrt),
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
  if (typeof value === "function") return functionMetric(value as MetricFunction);
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
    return meanOf(name, sign < 0 ? (batch, row) => -value(batch, row) : value);
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

/** The weighted mean of what a function gives. @throws {OptionError} While it runs, if that is no number for every row. */
function functionMetric(value: MetricFunction): Metric {
  const name = value.name || "metric";
  return new MeanMetric(name, ({ predicted, target, rows, width, trueWidth }) => {
    const given = value({ data: target, shape: [rows, trueWidth] }, { data: predicted, shape: [rows, width] });
    if (typeof given === "number") return () => given;
    if (given?.length === rows) return (row) => given[row]!;
    throw new OptionError(
      `The metric ${name} must give one number, or one for each of ${rows} rows; it gave ${given?.length ?? typeof given}.`,
    );
  });
}

function automatic(key: string, name: string, context: MetricContext): Metric {
  const { width, trueWidth, byLoss, math } = context;
  const sparse = context.sparse || (trueWidth === 1 && width > 1);
  const isBinary = (width === 1 && context.widthTells) || (byLoss?.startsWith("binary") ?? false);
  const isAccuracy = key === "accuracy" || key === "acc";
  if (isBinary) {
    const accuracy = byLoss ? roundedEquality : binaryAccuracy(0.5);
    return meanOf(name, isAccuracy ? accuracy : rowLoss("binaryCrossentropy", {}, math));
  }
  if (isAccuracy) return meanOf(name, sparse ? sparseHit : categoricalHit);
  return meanOf(name, rowLoss(sparse ? "sparseCategoricalCrossentropy" : "categoricalCrossentropy", {}, math));
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
