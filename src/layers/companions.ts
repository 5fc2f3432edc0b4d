import { AdditiveAttention, Attention } from "./attention.ts";
import {
  AdaptiveAveragePooling1D,
  AdaptiveAveragePooling2D,
  AdaptiveAveragePooling3D,
  AdaptiveMaxPooling1D,
  AdaptiveMaxPooling2D,
  AdaptiveMaxPooling3D,
} from "./convolution/adaptive-pooling.ts";
import { Conv1D, Conv2D, Conv3D } from "./convolution/convolution.ts";
import {
  DepthwiseConv1D,
  DepthwiseConv2D,
  SeparableConv1D,
  SeparableConv2D,
} from "./convolution/depthwise-convolution.ts";
import { LocallyConnected1D, LocallyConnected2D } from "./convolution/locally-connected.ts";
import { Cropping1D, Cropping2D, UpSampling1D, ZeroPadding1D, ZeroPadding2D } from "./convolution/padding.ts";
import {
  AveragePooling1D,
  AveragePooling2D,
  AveragePooling3D,
  GlobalAveragePooling1D,
  GlobalAveragePooling2D,
  GlobalAveragePooling3D,
  GlobalMaxPooling1D,
  GlobalMaxPooling2D,
  GlobalMaxPooling3D,
  MaxPooling1D,
  MaxPooling2D,
  MaxPooling3D,
} from "./convolution/pooling.ts";
import { CenterCrop, Cropping3D, Resizing, UpSampling2D, UpSampling3D, ZeroPadding3D } from "./convolution/resizing.ts";
import { Conv1DTranspose, Conv2DTranspose, Conv3DTranspose } from "./convolution/transposed-convolution.ts";
import { Dot } from "./dot.ts";
import { GroupNormalization } from "./group-normalization.ts";
import { Augmentation } from "./identity-layers.ts";
import { ParametricSoftplus, SReLU } from "./keras1-activations.ts";
import { Highway, MaxoutDense } from "./keras1-dense.ts";
import { MultiHeadAttention } from "./multi-head-attention.ts";
import { EinsumDense } from "./operations/einsum.ts";
import { Operation } from "./operations/operation.ts";
import { CategoryEncoding, Discretization } from "./preprocessing/encoding.ts";
import { Hashing, IntegerLookup, StringLookup } from "./preprocessing/lookup.ts";
import { MelSpectrogram, STFTSpectrogram } from "./preprocessing/spectrogram.ts";
import { TextVectorization } from "./preprocessing/text-vectorization.ts";
import { ConvLSTM1D, ConvLSTM2D, ConvLSTM3D } from "./recurrent/conv-lstm.ts";
import { PeepholeLSTMCell } from "./recurrent/peephole-lstm.ts";
import { StackedRNNCells } from "./recurrent/stacked-rnn-cells.ts";
import { type LayerClass, OPERATION } from "./registry.ts";
import { Normalization, Rescaling, UnitNormalization } from "./scaling.ts";
import { SpectralNormalization } from "./spectral-normalization.ts";

/** Layers that change images in training only. */
const AUGMENTATIONS = [
  "AugMix",
  "CutMix",
  "MixUp",
  "RandAugment",
  "RandomBrightness",
  "RandomColorDegeneration",
  "RandomColorJitter",
  "RandomContrast",
  "RandomElasticTransform",
  "RandomErasing",
  "RandomFlip",
  "RandomGaussianBlur",
  "RandomGrayscale",
  "RandomHeight",
  "RandomHue",
  "RandomInvert",
  "RandomPerspective",
  "RandomPosterization",
  "RandomRotation",
  "RandomSaturation",
  "RandomSharpness",
  "RandomShear",
  "RandomTranslation",
  "RandomWidth",
  "RandomZoom",
];

/**
 * The layers that are loaded on demand: convolutions and padding, attention, adapted scaling, lookups and text, images and
 * sound, operation nodes. `loadModel` fetches them when a model needs one; `loadModelSync` takes them as its option
 * `layers`.
 */
export const COMPANIONS: Readonly<Record<string, LayerClass>> = {
  AdaptiveAveragePooling1D,
  AdaptiveAveragePooling2D,
  AdaptiveAveragePooling3D,
  AdaptiveMaxPooling1D,
  AdaptiveMaxPooling2D,
  AdaptiveMaxPooling3D,
  AdditiveAttention,
  Attention,
  AveragePooling1D,
  AveragePooling2D,
  AveragePooling3D,
  CategoryEncoding,
  CenterCrop,
  Conv1D,
  Conv1DTranspose,
  Conv2D,
  Conv2DTranspose,
  Conv3D,
  Conv3DTranspose,
  ConvLSTM1D,
  ConvLSTM2D,
  ConvLSTM3D,
  Cropping1D,
  Cropping2D,
  Cropping3D,
  DepthwiseConv1D,
  DepthwiseConv2D,
  Discretization,
  Dot,
  EinsumDense,
  GlobalAveragePooling1D,
  GlobalAveragePooling2D,
  GlobalAveragePooling3D,
  GlobalMaxPooling1D,
  GlobalMaxPooling2D,
  GlobalMaxPooling3D,
  GroupNormalization,
  Hashing,
  Highway,
  IntegerLookup,
  LocallyConnected1D,
  LocallyConnected2D,
  MaxoutDense,
  MaxPooling1D,
  MaxPooling2D,
  MaxPooling3D,
  MelSpectrogram,
  MultiHeadAttention,
  Normalization,
  ParametricSoftplus,
  PeepholeLSTMCell,
  Rescaling,
  Resizing,
  SeparableConv1D,
  SeparableConv2D,
  SpectralNormalization,
  SReLU,
  StackedRNNCells,
  STFTSpectrogram,
  StringLookup,
  TextVectorization,
  UnitNormalization,
  UpSampling1D,
  UpSampling2D,
  UpSampling3D,
  ZeroPadding1D,
  ZeroPadding2D,
  ZeroPadding3D,
  GroupQueryAttention: MultiHeadAttention,
  GroupedQueryAttention: MultiHeadAttention,
  ...Object.fromEntries(AUGMENTATIONS.map((name) => [name, Augmentation])),
  [OPERATION]: Operation,
};
