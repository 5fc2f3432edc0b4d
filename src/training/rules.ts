import type { Layer } from "../layers/layer.ts";
import { activationRule } from "./layers/activations.ts";
import { attentionRule } from "./layers/attention.ts";
import { bidirectionalRule } from "./layers/bidirectional.ts";
import { conv1dRule, globalPool1dRule, pool1dRule } from "./layers/convolution.ts";
import { denseRule } from "./layers/dense.ts";
import { embeddingRule } from "./layers/embedding.ts";
import { graphRule } from "./layers/graph.ts";
import { mergeRule } from "./layers/merge.ts";
import { multiHeadRule } from "./layers/multi-head-attention.ts";
import { alphaDropoutRule, dropoutRule, gaussianDropoutRule, gaussianNoiseRule } from "./layers/noise.ts";
import { batchNormRule, fixedNormalizationRule, layerNormRule } from "./layers/normalization.ts";
import {
  constantRule,
  identityRule,
  maskingRule,
  permuteRule,
  preluRule,
  repeatVectorRule,
  rescalingRule,
  reshapeRule,
} from "./layers/plain.ts";
import { recurrentRule } from "./layers/recurrent.ts";
import { spectralNormalizationRule } from "./layers/spectral-normalization.ts";
import { timeDistributedRule } from "./layers/time-distributed.ts";
import { apartRule } from "./recorded/apart.ts";
import { convolutionOfGroups, depthwiseRule, separableRule, transposedRule } from "./recorded/convolutions.ts";
import { groupNormRule, rmsNormRule } from "./recorded/normalizations.ts";
import { recordedRule } from "./recorded/recorded-rule.ts";
import type { Rule } from "./tape.ts";

/** How every trainable layer class trains, by Keras' name. A class that is not here is refused by name. */
export const RULES: Readonly<Record<string, Rule>> = {
  Sequential: graphRule,
  Functional: graphRule,
  Model: graphRule,
  Dense: denseRule,
  TimeDistributed: timeDistributedRule,
  Embedding: embeddingRule,
  SimpleRNN: recurrentRule,
  LSTM: recurrentRule,
  GRU: recurrentRule,
  CuDNNLSTM: recurrentRule,
  CuDNNGRU: recurrentRule,
  RNN: recurrentRule,
  LSTMCell: apartRule,
  GRUCell: apartRule,
  SimpleRNNCell: apartRule,
  PeepholeLSTMCell: apartRule,
  StackedRNNCells: apartRule,
  Bidirectional: bidirectionalRule,
  Masking: maskingRule,
  Activation: activationRule,
  ReLU: activationRule,
  LeakyReLU: activationRule,
  ELU: activationRule,
  Softmax: activationRule,
  PReLU: preluRule,
  Dropout: dropoutRule,
  SpatialDropout1D: dropoutRule,
  SpatialDropout2D: dropoutRule,
  SpatialDropout3D: dropoutRule,
  AlphaDropout: alphaDropoutRule,
  GaussianNoise: gaussianNoiseRule,
  Identity: identityRule,
  ActivityRegularization: identityRule,
  Flatten: reshapeRule,
  Reshape: reshapeRule,
  Permute: permuteRule,
  RepeatVector: repeatVectorRule,
  Rescaling: rescalingRule,
  Add: mergeRule,
  Subtract: mergeRule,
  Average: mergeRule,
  Multiply: mergeRule,
  Maximum: mergeRule,
  Minimum: mergeRule,
  Concatenate: mergeRule,
  LayerNormalization: layerNormRule,
  BatchNormalization: batchNormRule,
  Normalization: fixedNormalizationRule,
  Conv1D: conv1dRule,
  MaxPooling1D: pool1dRule,
  AveragePooling1D: pool1dRule,
  GlobalMaxPooling1D: globalPool1dRule,
  GlobalAveragePooling1D: globalPool1dRule,
  Attention: attentionRule,
  AdditiveAttention: attentionRule,
  MultiHeadAttention: multiHeadRule,
  GroupQueryAttention: apartRule,
  GroupedQueryAttention: apartRule,
  ThresholdedReLU: activationRule,
  Conv2D: convolutionOfGroups,
  DepthwiseConv1D: depthwiseRule,
  DepthwiseConv2D: depthwiseRule,
  SeparableConv1D: separableRule,
  SeparableConv2D: separableRule,
  Conv3D: convolutionOfGroups,
  Conv1DTranspose: transposedRule,
  Conv2DTranspose: transposedRule,
  Conv3DTranspose: transposedRule,
  ConvLSTM1D: apartRule,
  ConvLSTM2D: apartRule,
  ConvLSTM3D: apartRule,
  GroupNormalization: groupNormRule,
  RMSNormalization: rmsNormRule,
  GaussianDropout: gaussianDropoutRule,
  SpectralNormalization: spectralNormalizationRule,
  EinsumDense: recordedRule,
  LocallyConnected1D: apartRule,
  LocallyConnected2D: apartRule,
  ParametricSoftplus: recordedRule,
  SReLU: recordedRule,
  "op:All": constantRule,
  "op:Any": constantRule,
  "op:ConvertToTensor": identityRule,
  "op:NotEqual": constantRule,
  "op:OnesLike": constantRule,
  "op:ZerosLike": constantRule,
  "op:Equal": constantRule,
  "op:LogicalAnd": constantRule,
  "op:LogicalNot": constantRule,
  "op:LogicalOr": constantRule,
};

/** The rule of a layer, by its class; one without layers in it may do with what its plan is made of. */
export function ruleOf(layer: Layer): Rule | undefined {
  if (Object.hasOwn(RULES, layer.className)) return RULES[layer.className];
  return layer.children.length === 0 ? recordedRule : undefined;
}
