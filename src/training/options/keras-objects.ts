import { OptionError } from "../../errors.ts";
import { didYouMean } from "./did-you-mean.ts";
import { camelCase } from "./serialized.ts";

/** An object of Keras' as configs hold it: `compile` and layers take it. */
export interface KerasObject {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Makes a {@link KerasObject}, called with or without `new`: options last, before them what Keras takes by place. */
export interface KerasClass {
  (...given: readonly unknown[]): KerasObject;
  new (...given: readonly unknown[]): KerasObject;
}

type Classes<T extends Readonly<Record<string, string>>> = { readonly [name in keyof T]: KerasClass };

/**
 * @param places - By class the options that Keras takes by place, between spaces; behind "|" those by name alone.
 * @param common - What all of them take by name.
 */
function classes<const T extends Readonly<Record<string, string>>>(places: T, common = ""): Classes<T> {
  const entries = Object.entries(places).map(([className, names]) => {
    const [keys, others] = names.split("|").map((list) => list.split(" ").filter(Boolean)) as [string[], string[]?];
    const known = [...keys, ...(others ?? []), ...common.split(" ").filter(Boolean)];
    function make(...given: readonly unknown[]): KerasObject {
      const last = given.at(-1);
      const isOptions = typeof last === "object" && last !== null && !Array.isArray(last) && !("className" in last);
      const byPlace = isOptions ? given.slice(0, -1) : given;
      if (byPlace.length > keys.length) {
        const takes = keys.length === 0 ? "only options: { … }" : `${keys.join(", ")} and options`;
        throw new OptionError(`${className} takes ${takes}; got ${given.length} arguments.`);
      }
      const unknown = isOptions && Object.keys(last).find((key) => !known.includes(camelCase(key)));
      if (typeof unknown === "string") {
        const has = known.length === 0 ? "It has none." : `It has: ${known.join(", ")}.`;
        throw new OptionError(`${className} has no option \`${unknown}\`.${didYouMean(unknown, known)} ${has}`);
      }
      const placed = Object.fromEntries(byPlace.map((value, i) => [keys[i]!, value]));
      return { className, config: { ...placed, ...(isOptions && (last as object)) } };
    }
    return [className, make] as const;
  });
  return Object.fromEntries(entries) as unknown as Classes<T>;
}

/**
 * Keras' optimizers.
 *
 * @example
 * model.compile({ loss: "mse", optimizer: optimizers.Adam({ learningRate: 1e-4, clipnorm: 1 }) });
 */
export const optimizers = classes(
  {
    SGD: "learningRate momentum nesterov",
    RMSprop: "learningRate rho momentum epsilon | centered",
    Adagrad: "learningRate initialAccumulatorValue epsilon",
    Adadelta: "learningRate rho epsilon",
    Adam: "learningRate beta1 beta2 epsilon | amsgrad",
    AdamW: "learningRate weightDecay beta1 beta2 epsilon | amsgrad",
    Adamax: "learningRate beta1 beta2 epsilon",
    Nadam: "learningRate beta1 beta2 epsilon",
    Lion: "learningRate beta1 beta2",
    Adafactor: "learningRate beta2Decay epsilon1 epsilon2 clipThreshold relativeStep",
    Lamb: "learningRate beta1 beta2 epsilon",
    Ftrl: "learningRate learningRatePower | initialAccumulatorValue l1RegularizationStrength l2RegularizationStrength l2ShrinkageRegularizationStrength beta",
    Muon: "learningRate adamBeta1 adamBeta2 adamWeightDecay epsilon | excludeLayers excludeEmbeddings muonA muonB muonC adamLrRatio momentum nsSteps nesterov rmsRate",
    ScheduleFreeAdamW: "learningRate beta1 beta2 epsilon warmupSteps",
  },
  "name lr decay weightDecay clipnorm clipvalue globalClipnorm useEma emaMomentum emaOverwriteFrequency lossScaleFactor gradientAccumulationSteps scheduleDecay epsilon jitCompile",
);

/**
 * Keras' learning-rate schedules, in place of an optimizer's `learningRate`.
 *
 * @example
 * optimizers.SGD({ learningRate: schedules.ExponentialDecay(0.1, 1000, 0.96, { staircase: true }) });
 */
export const schedules = classes(
  {
    ExponentialDecay: "initialLearningRate decaySteps decayRate staircase",
    InverseTimeDecay: "initialLearningRate decaySteps decayRate staircase",
    PolynomialDecay: "initialLearningRate decaySteps endLearningRate power cycle",
    PiecewiseConstantDecay: "boundaries values",
    CosineDecay: "initialLearningRate decaySteps alpha | warmupTarget warmupSteps",
    CosineDecayRestarts: "initialLearningRate firstDecaySteps tMul mMul alpha",
  },
  "name",
);

/** Keras' losses with their options: `losses.Huber(0.5)`, `losses.BinaryCrossentropy({ fromLogits: true })`. */
export const losses = classes(
  {
    MeanSquaredError: "reduction",
    MeanAbsoluteError: "reduction",
    MeanAbsolutePercentageError: "reduction",
    MeanSquaredLogarithmicError: "reduction",
    BinaryCrossentropy: "fromLogits labelSmoothing axis reduction",
    CategoricalCrossentropy: "fromLogits labelSmoothing axis reduction",
    SparseCategoricalCrossentropy: "fromLogits ignoreClass reduction",
    BinaryFocalCrossentropy: "applyClassBalancing alpha gamma fromLogits labelSmoothing axis reduction",
    CategoricalFocalCrossentropy: "alpha gamma fromLogits labelSmoothing axis reduction",
    Huber: "delta reduction",
    LogCosh: "reduction",
    Poisson: "reduction",
    KLDivergence: "reduction",
    Hinge: "reduction",
    SquaredHinge: "reduction",
    CategoricalHinge: "reduction",
    CosineSimilarity: "axis reduction",
    Dice: "reduction",
    Tversky: "alpha beta reduction",
    CTC: "reduction",
  },
  "name dtype axis",
);

/** Keras' metrics with their options: `metrics.AUC({ curve: "PR" })`, `metrics.Precision(0.7)`. */
export const metrics = classes(
  {
    Accuracy: "name",
    BinaryAccuracy: "name | threshold",
    CategoricalAccuracy: "name",
    SparseCategoricalAccuracy: "name",
    TopKCategoricalAccuracy: "k name",
    SparseTopKCategoricalAccuracy: "k name | fromSortedIds",
    AUC: "numThresholds curve summationMethod name | thresholds multiLabel numLabels labelWeights fromLogits",
    Precision: "thresholds topK classId name",
    Recall: "thresholds topK classId name",
    F1Score: "average threshold name",
    FBetaScore: "average beta threshold name",
    TruePositives: "thresholds name",
    TrueNegatives: "thresholds name",
    FalsePositives: "thresholds name",
    FalseNegatives: "thresholds name",
    PrecisionAtRecall: "recall numThresholds classId name",
    RecallAtPrecision: "precision numThresholds classId name",
    SensitivityAtSpecificity: "specificity numThresholds classId name",
    SpecificityAtSensitivity: "sensitivity numThresholds classId name",
    IoU: "numClasses targetClassIds name | ignoreClass sparseYTrue sparseYPred axis",
    MeanIoU: "numClasses name | ignoreClass sparseYTrue sparseYPred axis",
    BinaryIoU: "targetClassIds threshold name",
    OneHotIoU: "numClasses targetClassIds name | ignoreClass sparseYPred axis",
    OneHotMeanIoU: "numClasses name | ignoreClass sparseYPred axis",
    MeanSquaredError: "name",
    RootMeanSquaredError: "name",
    MeanAbsoluteError: "name",
    MeanAbsolutePercentageError: "name",
    MeanSquaredLogarithmicError: "name",
    BinaryCrossentropy: "name | fromLogits labelSmoothing",
    CategoricalCrossentropy: "name | fromLogits labelSmoothing axis",
    SparseCategoricalCrossentropy: "name | fromLogits axis",
    KLDivergence: "name",
    Poisson: "name",
    LogCoshError: "name",
    CosineSimilarity: "name | axis",
    Hinge: "name",
    SquaredHinge: "name",
    CategoricalHinge: "name",
    R2Score: "classAggregation numRegressors name",
  },
  "dtype",
);

/** Keras' regularizers: `dense(8, { kernelRegularizer: regularizers.L2(1e-4) })`. */
export const regularizers = classes({ L1: "l1", L2: "l2", L1L2: "l1 l2", OrthogonalRegularizer: "factor mode" });

/** Keras' constraints: `dense(8, { kernelConstraint: constraints.MaxNorm(3) })`. */
export const constraints = classes({
  MaxNorm: "maxValue axis",
  MinMaxNorm: "minValue maxValue rate axis",
  NonNeg: "",
  UnitNorm: "axis",
});

/** Keras' initializers: `lstm(8, { recurrentInitializer: initializers.Orthogonal(1.1) })`. */
export const initializers = classes({
  Zeros: "",
  Ones: "",
  Constant: "value",
  RandomNormal: "mean stddev seed",
  RandomUniform: "minval maxval seed",
  TruncatedNormal: "mean stddev seed",
  VarianceScaling: "scale mode distribution seed",
  GlorotNormal: "seed",
  GlorotUniform: "seed",
  HeNormal: "seed",
  HeUniform: "seed",
  LecunNormal: "seed",
  LecunUniform: "seed",
  Orthogonal: "gain seed",
  Identity: "gain",
});
