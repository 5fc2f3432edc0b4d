/** Which of a batch's distinct rows the value of (outer o, inner i) is: slots[o · slotOuter + i · slotInner]. */
const SLOTS = ["slots", "slotOuter", "slotInner"] as const;
/** What a cell's loops read beside their values: packed recurrent weights, mask, recurrent dropout. */
const CELL = ["panels", "mask", "drop", "scratch"] as const;
const SIZES = ["batch", "timesteps", "units", "activation"] as const;
/** A range of a table's rows. */
const ROWS = ["first", "last", "width"] as const;
/** What normalisations write (for the way back the normalised x, `hat`, and 1 / deviation, `inverse`) and read. */
const NORM = ["y", "hat", "inverse", "x", "gamma", "beta"] as const;
const ROW_PRODUCT = ["columnsA", "columnsB", "accumulate"] as const;

/**
 * The ABI of the training kernels: one entry per export of `assembly/training.ts`, with its parameter names in order.
 *
 * Pointers are byte addresses in the memory that they share with the inference kernels; strides and sizes count
 * elements (bytes for masks); flags are 0 or 1. `test/training/abi.test.ts` compares this table with the built
 * module and with the kernels' sources.
 */
export const TRAINING_KERNELS = {
  // activation-gradient
  activationGradient: ["dx", "dy", "y", "count", "code", "alpha"],
  activationGradientOfInput: ["dx", "dy", "x", "count", "code", "alpha", "beta", "gamma"],
  softmaxGradient: ["dx", "dy", "y", "rows", "width", "isLog"],
  // adam
  adam: ["p", "g", "m", "v", "peak", "count", "rate", "rest1", "rest2", "epsilon"],
  adamRows: ["p", "g", "m", "v", "peak", ...ROWS, "map", "named", "total", "rate", "rest1", "rest2", "epsilon"],
  // attention
  additiveScores: ["s", "t", "q", "k", "scale", "batch", "queries", "keys", "width"],
  additiveScoresGradient: ["dq", "dk", "dScale", "ds", "t", "scale", "batch", "queries", "keys", "width"],
  attentionWeights: ["p", "s", "keyMask", "queryMask", "batch", "heads", "queries", "keys", "causal"],
  // convolution
  averageGradient: ["dx", "dy", "mask", "batch", "timesteps", "channels"],
  gatherSpread: ["dx", "dcols", "batch", "timesteps", "channels", "out", "kernel", "stride", "dilation", "left"],
  poolGradient: ["dx", "dy", "x", "batch", "timesteps", "channels", "out", "size", "stride", "left", "average"],
  spread: ["cols", "x", "batch", "timesteps", "channels", "out", "kernel", "stride", "dilation", "left"],
  // norm-optimizers
  adafactor: ["p", "g", "r", "c", "v", "outer", "rows", "columns", "rate", "epsilon1", "epsilon2", "threshold"],
  lamb: ["p", "g", "m", "v", "count", "rate", "rest1", "rest2", "epsilon"],
  // ctc
  ctcLoss: [
    "loss",
    "grad",
    "logits",
    "labels",
    "coef",
    "scratch",
    "batch",
    "timesteps",
    "classes",
    "maxLabels",
    "scale",
  ],
  // elementwise
  addTo: ["y", "a", "b", "count"],
  broadcastRow: ["y", "yStride", "x", "rows", "width", "accumulate"],
  copyBytes: ["y", "x", "bytes"],
  fillWith: ["y", "value", "count"],
  keepRows: ["y", "x", "mask", "rows", "width"],
  multiplyTo: ["y", "a", "b", "count"],
  prelu: ["y", "x", "alpha", "rows", "width"],
  preluGradient: ["dx", "dAlpha", "dy", "x", "alpha", "rows", "width"],
  scaleChannels: ["y", "x", "m", "rows", "width"],
  scaleTo: ["y", "a", "factor", "count"],
  selectGradient: ["y", "dy", "a", "b", "count", "smaller", "tie"],
  sumRepeats: ["y", "x", "batch", "repeats", "inner"],
  sumRows: ["y", "x", "xStride", "rows", "width", "accumulate"],
  zeroBytes: ["y", "bytes"],
  // embedding
  lookUp: ["y", "indices", "isFloat", "table", "count", "width"],
  addRows: ["gradient", "rows", "total", "x", "width"],
  collectRows: ["named", "sums", "total", "map", "first", "last", "rows", "x", "count", "width"],
  gatherSums: ["sums", "total", "x", ...SLOTS, "outer", "inner", "width", "mask", "seen"],
  // gru
  gruTrain: ["hs", "z", "rec", ...CELL, ...SIZES, "recurrentActivation", "resetAfter"],
  gruTrainBack: ["z", "rec", "dy", "dh", "hs", ...CELL, ...SIZES, "recurrentActivation", "resetAfter"],
  // losses
  labelMask: ["out", "labels", "count", "ignored"],
  lossRows: ["kind", "loss", "grad", "pred", "target", "coef", "rows", "width", "scale", "a", "b", "c"],
  lossShares: ["coef", "weights", "mask", "other", "count", "reduction"],
  lossTotal: ["total", "loss", "coef", "count"],
  // homes
  gatherHomes: ["x", "homes", ...SLOTS, "outer", "inner", "width", "mask"],
  homeRows: ["homes", "steps", "taken", "words", "total", "named", ...SLOTS, "outer", "inner"],
  spreadHomes: ["y", "homes", ...SLOTS, "first", "outer", "inner", "width"],
  // lstm
  lstmTrain: ["hs", "cs", "acts", "z", "homes", ...SLOTS, "fromZeros", ...CELL, ...SIZES, "recurrentActivation"],
  lstmTrainBack: ["z", "dy", "dh", "dc", "cs", "acts", ...CELL, "wantsFirst", ...SIZES, "recurrentActivation"],
  // norm
  batchNorm: [
    ...NORM,
    "movingMean",
    "movingVariance",
    "mask",
    "rows",
    "width",
    "epsilon",
    "momentum",
    "useMoving",
    "spread",
  ],
  batchNormGradient: ["dx", "dGamma", "dBeta", "dy", "hat", "inverse", "gamma", "mask", "rows", "width", "useMoving"],
  layerNorm: [...NORM, "rows", "width", "epsilon"],
  layerNormGradient: ["dx", "dGamma", "dBeta", "dy", "hat", "inverse", "gamma", "rows", "width"],
  // optimizers
  adadelta: ["p", "g", "a", "d", "count", "rate", "rho", "epsilon"],
  adagrad: ["p", "g", "a", "count", "rate", "epsilon", "outside"],
  adamax: ["p", "g", "m", "u", "count", "rate", "rest1", "beta2", "epsilon"],
  addSquares: ["sum", "g", "count"],
  allFinite: ["x", "count"],
  clipNorm: ["g", "sum", "limit", "count"],
  clipValues: ["g", "limit", "count"],
  decayWeights: ["p", "count", "rate"],
  ftrl: ["p", "g", "a", "z", "count", "rate", "power", "l1", "l2", "shrinkage", "beta"],
  lion: ["p", "g", "m", "count", "rate", "beta1", "beta2"],
  nadam: ["p", "g", "m", "v", "count", "rate", "rest1", "rest2", "epsilon"],
  rmsprop: ["p", "g", "a", "mean", "velocity", "count", "rate", "rho", "momentum", "epsilon", "outside"],
  sgd: ["p", "g", "count", "rate"],
  sgdMomentum: ["p", "g", "v", "count", "rate", "momentum", "nesterov"],
  // product
  packProduct: ["panels", "source", "depth", "columns", "rowStride", "columnStride"],
  placeScratch: ["at"],
  product: ["c", "cStride", "init", "initStride", "a", "aStride", "panels", "rows", "depth", "columns"],
  productOfTotal: [
    "c",
    "cStride",
    "cRows",
    "init",
    "initStride",
    "a",
    "aStride",
    "aRows",
    "panels",
    "total",
    "depth",
    "columns",
  ],
  // random
  randomMask: ["y", "count", "seed", "stream", "rate"],
  randomNormal: ["y", "count", "seed", "stream", "deviation"],
  // regularizers
  constrainNonNegative: ["w", "count"],
  constrainNorm: ["w", "outer", "axis", "inner", "low", "high", "rate"],
  regularize: ["loss", "g", "w", "count", "l1", "l2", "scale"],
  regularizeOrthogonal: ["loss", "g", "w", "scratch", "rows", "columns", "byRows", "factor"],
  // row-product
  productOfRows: [
    "c",
    "cStride",
    "a",
    "aStride",
    "factors",
    "period",
    "b",
    "bStride",
    "sums",
    "scratch",
    "rows",
    ...ROW_PRODUCT,
  ],
  productOfTotalRows: ["c", "cStride", "a", "aRows", "b", "bRows", "scratch", "total", ...ROW_PRODUCT],
  // scalar
  cos64: ["x"],
  exp64: ["x"],
  log64: ["x"],
  pow64: ["x", "y"],
  // simple-rnn
  simpleRnnTrain: ["hs", "z", ...CELL, ...SIZES],
  simpleRnnTrainBack: ["dz", "dy", "dh", "hs", ...CELL, ...SIZES],
  // small-product
  batchProduct: [
    "c",
    "cOuter",
    "cInner",
    "cRow",
    "a",
    "aOuter",
    "aInner",
    "aRow",
    "aColumn",
    "b",
    "bOuter",
    "bInner",
    "bRow",
    "bColumn",
    "outer",
    "inner",
    "rows",
    "depth",
    "columns",
  ],
  // time
  copyMask: ["y", "x", "xOuter", "xInner", "outer", "inner"],
  copySteps: ["y", "yOuter", "yInner", "x", "xOuter", "xInner", "outer", "inner", "width", "rowMask"],
  scaleSteps: ["y", "x", "m", "steps", "count"],
  seenMask: ["out", "mask", "timesteps", "batch"],
} as const satisfies Record<string, readonly string[]>;

export type TrainingKernelName = keyof typeof TRAINING_KERNELS;

/** The kernels' exports as plain functions of numbers. */
export type TrainingKernels = { readonly [K in TrainingKernelName]: (...args: number[]) => number };
