import { OptionError } from "../../errors.ts";

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

/** @param places - By class the options that Keras takes by place, between spaces. */
function classes<const T extends Readonly<Record<string, string>>>(places: T): Classes<T> {
  const entries = Object.entries(places).map(([className, names]) => {
    const keys = names.split(" ").filter(Boolean);
    function make(...given: readonly unknown[]): KerasObject {
      const last = given.at(-1);
      const isOptions = typeof last === "object" && last !== null && !Array.isArray(last) && !("className" in last);
      const byPlace = isOptions ? given.slice(0, -1) : given;
      if (byPlace.length > keys.length) {
        const takes = keys.length === 0 ? "only options: { … }" : `${keys.join(", ")} and options`;
        throw new OptionError(`${className} takes ${takes}; got ${given.length} arguments.`);
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
export const optimizers = classes({
  SGD: "learningRate momentum nesterov",
  RMSprop: "learningRate rho momentum epsilon",
  Adagrad: "learningRate initialAccumulatorValue epsilon",
  Adadelta: "learningRate rho epsilon",
  Adam: "learningRate beta1 beta2 epsilon",
  AdamW: "learningRate weightDecay beta1 beta2 epsilon",
  Adamax: "learningRate beta1 beta2 epsilon",
  Nadam: "learningRate beta1 beta2 epsilon",
  Lion: "learningRate beta1 beta2",
  Adafactor: "learningRate beta2Decay epsilon1 epsilon2 clipThreshold relativeStep",
  Lamb: "learningRate beta1 beta2 epsilon",
  Ftrl: "learningRate learningRatePower",
});

/**
 * Keras' learning-rate schedules, in place of an optimizer's `learningRate`.
 *
 * @example
 * optimizers.SGD({ learningRate: schedules.ExponentialDecay(0.1, 1000, 0.96, { staircase: true }) });
 */
export const schedules = classes({
  ExponentialDecay: "initialLearningRate decaySteps decayRate staircase",
  InverseTimeDecay: "initialLearningRate decaySteps decayRate staircase",
  PolynomialDecay: "initialLearningRate decaySteps endLearningRate power cycle",
  PiecewiseConstantDecay: "boundaries values",
  CosineDecay: "initialLearningRate decaySteps alpha",
  CosineDecayRestarts: "initialLearningRate firstDecaySteps tMul mMul alpha",
});

/** Keras' losses with their options: `losses.Huber(0.5)`, `losses.BinaryCrossentropy({ fromLogits: true })`. */
export const losses = classes({
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
});

/** Keras' metrics with their options: `metrics.AUC({ curve: "PR" })`, `metrics.Precision(0.7)`. */
export const metrics = classes({
  Accuracy: "name",
  BinaryAccuracy: "name",
  CategoricalAccuracy: "name",
  SparseCategoricalAccuracy: "name",
  TopKCategoricalAccuracy: "k name",
  SparseTopKCategoricalAccuracy: "k name",
  AUC: "numThresholds curve summationMethod name",
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
  IoU: "numClasses targetClassIds name",
  MeanIoU: "numClasses name",
  BinaryIoU: "targetClassIds threshold name",
  OneHotIoU: "numClasses targetClassIds name",
  OneHotMeanIoU: "numClasses name",
  MeanSquaredError: "name",
  RootMeanSquaredError: "name",
  MeanAbsoluteError: "name",
  MeanAbsolutePercentageError: "name",
  MeanSquaredLogarithmicError: "name",
  BinaryCrossentropy: "name",
  CategoricalCrossentropy: "name",
  SparseCategoricalCrossentropy: "name",
  KLDivergence: "name",
  Poisson: "name",
  LogCoshError: "name",
  CosineSimilarity: "name",
  Hinge: "name",
  SquaredHinge: "name",
  CategoricalHinge: "name",
  R2Score: "classAggregation numRegressors name",
});

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
