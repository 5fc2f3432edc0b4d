import { draft, type LayerDraft, type LayerOptions } from "./draft.ts";

/** Sizes of a window in cells: one number for all axes, or one for each. */
export type WindowSizes = number | readonly number[];

type Convolution = (filters: number, kernelSize: WindowSizes, options?: LayerOptions) => LayerDraft;
type Depthwise = (kernelSize: WindowSizes, options?: LayerOptions) => LayerDraft;
type Pooling = (poolSize?: WindowSizes, options?: LayerOptions) => LayerDraft;
type Plain = (options?: LayerOptions) => LayerDraft;
/** Cells in front of and behind each axis: one number, [before, behind], or such a pair for each axis. */
type Margins = (cells?: number | readonly (number | readonly number[])[], options?: LayerOptions) => LayerDraft;

const convolution =
  (className: string): Convolution =>
  (filters, kernelSize, options) =>
    draft(className, { filters, kernelSize }, options);

const depthwise =
  (className: string): Depthwise =>
  (kernelSize, options) =>
    draft(className, { kernelSize }, options);

const pooling =
  (className: string): Pooling =>
  (poolSize = 2, options) =>
    draft(className, { poolSize }, options);

const plain =
  (className: string): Plain =>
  (options) =>
    draft(className, {}, options);

const margins =
  (className: string, key: "padding" | "cropping"): Margins =>
  (cells = 1, options) =>
    draft(className, { [key]: cells }, options);

const enlarging =
  (className: string): Pooling =>
  (size = 2, options) =>
    draft(className, { size }, options);

/** Convolutions take Keras' options: strides, padding, dilationRate, activation, useBias … Channels come last. */
export const conv1D = convolution("Conv1D");
export const conv2D = convolution("Conv2D");
export const conv3D = convolution("Conv3D");
export const conv1DTranspose = convolution("Conv1DTranspose");
export const conv2DTranspose = convolution("Conv2DTranspose");
export const conv3DTranspose = convolution("Conv3DTranspose");
export const separableConv1D = convolution("SeparableConv1D");
export const separableConv2D = convolution("SeparableConv2D");
export const depthwiseConv1D = depthwise("DepthwiseConv1D");
export const depthwiseConv2D = depthwise("DepthwiseConv2D");
/** Recurrent convolutions: [batch, timesteps, …spatial, channels] in; options as for `lstm`. */
export const convLSTM1D = convolution("ConvLSTM1D");
export const convLSTM2D = convolution("ConvLSTM2D");
export const convLSTM3D = convolution("ConvLSTM3D");

export const maxPooling1D = pooling("MaxPooling1D");
export const maxPooling2D = pooling("MaxPooling2D");
export const maxPooling3D = pooling("MaxPooling3D");
export const averagePooling1D = pooling("AveragePooling1D");
export const averagePooling2D = pooling("AveragePooling2D");
export const averagePooling3D = pooling("AveragePooling3D");
export const globalMaxPooling1D = plain("GlobalMaxPooling1D");
export const globalMaxPooling2D = plain("GlobalMaxPooling2D");
export const globalMaxPooling3D = plain("GlobalMaxPooling3D");
export const globalAveragePooling1D = plain("GlobalAveragePooling1D");
export const globalAveragePooling2D = plain("GlobalAveragePooling2D");
export const globalAveragePooling3D = plain("GlobalAveragePooling3D");

export const zeroPadding1D = margins("ZeroPadding1D", "padding");
export const zeroPadding2D = margins("ZeroPadding2D", "padding");
export const zeroPadding3D = margins("ZeroPadding3D", "padding");
export const cropping1D = margins("Cropping1D", "cropping");
export const cropping2D = margins("Cropping2D", "cropping");
export const cropping3D = margins("Cropping3D", "cropping");
export const upSampling1D = enlarging("UpSampling1D");
export const upSampling2D = enlarging("UpSampling2D");
export const upSampling3D = enlarging("UpSampling3D");
