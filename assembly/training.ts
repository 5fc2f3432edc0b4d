/*
 * The training kernels' exports: `src/training/kernels.ts` has the same table. The rules of `index.ts` hold here, too. Sums
 * are float32 but where a header or a type says double; gradients are held against differences of float64 references or
 * of the loss (test/training/gradients.test.ts, recorded.test.ts), losses and updates against real Keras' numbers
 * (test/training/goldens.test.ts). Ways back are given what the way there left: `…Gradient` and `…Back` beside it.
 */
export { activationGradient, activationGradientOfInput, softmaxGradient } from "./training/activation-gradient";
export { adam, adamRows } from "./training/adam";
export { additiveScores, additiveScoresGradient, attentionWeights } from "./training/attention";
export { averageGradient, gatherSpread, poolGradient, spread } from "./training/convolution";
export { ctcLoss } from "./training/ctc";
export {
  addTo,
  broadcastRow,
  copyBytes,
  fillWith,
  keepRows,
  multiplyTo,
  prelu,
  preluGradient,
  scaleChannels,
  scaleTo,
  selectGradient,
  sumRepeats,
  sumRows,
  zeroBytes,
} from "./training/elementwise";
export { addRows, collectRows, gatherSums, lookUp } from "./training/embedding";
export { gruTrain, gruTrainBack } from "./training/gru";
export { gatherHomes, homeRows, spreadHomes } from "./training/homes";
export { labelMask, lossShares, lossTotal } from "./training/loss-shares";
export { lossRows } from "./training/losses";
export { lstmTrain, lstmTrainBack } from "./training/lstm";
export { batchNorm, batchNormGradient, layerNorm, layerNormGradient } from "./training/norm";
export { adafactor, lamb } from "./training/norm-optimizers";
export {
  adadelta,
  adagrad,
  adamax,
  addSquares,
  allFinite,
  clipNorm,
  clipValues,
  decayWeights,
  ftrl,
  lion,
  nadam,
  rmsprop,
  sgd,
  sgdMomentum,
} from "./training/optimizers";
export { packProduct } from "./training/pack-product";
export { placeScratch, product, productOfTotal } from "./training/product";
export { randomMask, randomNormal } from "./training/random";
export { constrainNonNegative, constrainNorm, regularize, regularizeOrthogonal } from "./training/regularizers";
export { productOfRows, productOfTotalRows } from "./training/row-product";
export { cos64, exp64, log64, pow64 } from "./training/scalar";
export { simpleRnnTrain, simpleRnnTrainBack } from "./training/simple-rnn";
export { batchProduct } from "./training/small-product";
export { copyMask, copySteps, scaleSteps, seenMask } from "./training/time";

/** First byte behind the training kernels' constants. */
export const heapBase: usize = __heap_base;
