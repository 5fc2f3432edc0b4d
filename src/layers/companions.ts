import { AdditiveAttention, Attention } from "./attention.ts";
import { ConvLSTM1D, ConvLSTM2D, ConvLSTM3D } from "./conv-lstm.ts";
import { Conv1D, Conv2D, Conv3D } from "./convolution.ts";
import { DepthwiseConv1D, SeparableConv1D } from "./depthwise-convolution.ts";
import { Dot } from "./dot.ts";
import { EinsumDense } from "./einsum.ts";
import { CategoryEncoding, Discretization } from "./encoding.ts";
import { GroupNormalization } from "./group-normalization.ts";
import { ParametricSoftplus, SReLU } from "./keras1-activations.ts";
import { Highway, MaxoutDense } from "./keras1-dense.ts";
import { LocallyConnected1D } from "./locally-connected.ts";
import { Hashing, IntegerLookup, StringLookup } from "./lookup.ts";
import { MultiHeadAttention } from "./multi-head-attention.ts";
import { Operation } from "./operation.ts";
import { type LayerClass, OPERATION } from "./registry.ts";
import { TextVectorization } from "./text-vectorization.ts";
import { Conv1DTranspose } from "./transposed-convolution.ts";

/**
 * The layers that are loaded on demand: convolutions, attention, lookups and text, operation nodes. `loadModel` fetches
 * them when a model needs one; `loadModelSync` takes them as its option `layers`.
 */
export const COMPANIONS: Readonly<Record<string, LayerClass>> = {
  AdditiveAttention,
  Attention,
  CategoryEncoding,
  Conv1D,
  Conv1DTranspose,
  Conv2D,
  Conv3D,
  ConvLSTM1D,
  ConvLSTM2D,
  ConvLSTM3D,
  DepthwiseConv1D,
  Discretization,
  Dot,
  EinsumDense,
  GroupNormalization,
  Hashing,
  Highway,
  IntegerLookup,
  LocallyConnected1D,
  MaxoutDense,
  MultiHeadAttention,
  ParametricSoftplus,
  SeparableConv1D,
  SReLU,
  StringLookup,
  TextVectorization,
  GroupQueryAttention: MultiHeadAttention,
  GroupedQueryAttention: MultiHeadAttention,
  [OPERATION]: Operation,
};
