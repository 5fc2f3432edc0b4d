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

/**
 * Convolution over [batch, timesteps, channels]. Takes Keras' options, as all layers here do: strides, padding,
 * dilationRate, activation, useBias …
 *
 * @throws {OptionError} If an option is not one of Keras' for this layer.
 * @example
 * const model = sequential([input([100, 8]), conv1D(16, 5, { padding: "causal" }), lstm(32), dense(1)]);
 */
export const conv1D = convolution("Conv1D");

/** Convolution over [batch, rows, columns, channels]; options as {@link conv1D}. */
export const conv2D = convolution("Conv2D");

/** Convolution over [batch, …three axes, channels]; options as {@link conv1D}. */
export const conv3D = convolution("Conv3D");

/** Transposed convolution over [batch, timesteps, channels], which enlarges by `strides`. */
export const conv1DTranspose = convolution("Conv1DTranspose");

/** {@link conv1DTranspose} over [batch, rows, columns, channels]. */
export const conv2DTranspose = convolution("Conv2DTranspose");

/** {@link conv1DTranspose} over [batch, …three axes, channels]. */
export const conv3DTranspose = convolution("Conv3DTranspose");

/** A {@link depthwiseConv1D}, then a convolution of one cell that mixes the channels. */
export const separableConv1D = convolution("SeparableConv1D");

/** A {@link depthwiseConv2D}, then a convolution of one cell that mixes the channels. */
export const separableConv2D = convolution("SeparableConv2D");

/** Convolution of each channel of [batch, timesteps, channels] by itself, `depthMultiplier` times. */
export const depthwiseConv1D = depthwise("DepthwiseConv1D");

/** Convolution of each channel of [batch, rows, columns, channels] by itself, `depthMultiplier` times. */
export const depthwiseConv2D = depthwise("DepthwiseConv2D");

/** Recurrent convolutions: [batch, timesteps, …spatial, channels] in; options as for `lstm`. */
export const convLSTM1D = convolution("ConvLSTM1D");

/** {@link convLSTM1D} on [batch, timesteps, rows, columns, channels]. */
export const convLSTM2D = convolution("ConvLSTM2D");

/** {@link convLSTM1D} on [batch, timesteps, …three axes, channels]. */
export const convLSTM3D = convolution("ConvLSTM3D");

/** The greatest of each window of [batch, timesteps, channels]; `strides` are the window by default. */
export const maxPooling1D = pooling("MaxPooling1D");

/** The greatest of each window of [batch, rows, columns, channels]; `strides` are the window by default. */
export const maxPooling2D = pooling("MaxPooling2D");

/** The greatest of each window of [batch, …three axes, channels]; `strides` are the window by default. */
export const maxPooling3D = pooling("MaxPooling3D");

/** The mean of each window of [batch, timesteps, channels]; `strides` are the window by default. */
export const averagePooling1D = pooling("AveragePooling1D");

/** The mean of each window of [batch, rows, columns, channels]; `strides` are the window by default. */
export const averagePooling2D = pooling("AveragePooling2D");

/** The mean of each window of [batch, …three axes, channels]; `strides` are the window by default. */
export const averagePooling3D = pooling("AveragePooling3D");

/** The greatest of all places: [batch, timesteps, channels] to [batch, channels]. */
export const globalMaxPooling1D = plain("GlobalMaxPooling1D");

/** The greatest of all places: [batch, rows, columns, channels] to [batch, channels]. */
export const globalMaxPooling2D = plain("GlobalMaxPooling2D");

/** The greatest of all places: [batch, …three axes, channels] to [batch, channels]. */
export const globalMaxPooling3D = plain("GlobalMaxPooling3D");

/** The mean of all places, of those that a mask leaves: [batch, timesteps, channels] to [batch, channels]. */
export const globalAveragePooling1D = plain("GlobalAveragePooling1D");

/** The mean of all places: [batch, rows, columns, channels] to [batch, channels]. */
export const globalAveragePooling2D = plain("GlobalAveragePooling2D");

/** The mean of all places: [batch, …three axes, channels] to [batch, channels]. */
export const globalAveragePooling3D = plain("GlobalAveragePooling3D");

/** Zeros around [batch, timesteps, channels]. */
export const zeroPadding1D = margins("ZeroPadding1D", "padding");

/** Zeros around [batch, rows, columns, channels]. */
export const zeroPadding2D = margins("ZeroPadding2D", "padding");

/** Zeros around [batch, …three axes, channels]. */
export const zeroPadding3D = margins("ZeroPadding3D", "padding");

/** Cuts cells off around [batch, timesteps, channels]. */
export const cropping1D = margins("Cropping1D", "cropping");

/** Cuts cells off around [batch, rows, columns, channels]. */
export const cropping2D = margins("Cropping2D", "cropping");

/** Cuts cells off around [batch, …three axes, channels]. */
export const cropping3D = margins("Cropping3D", "cropping");

/** Repeats each cell of [batch, timesteps, channels] `size` times along each axis. */
export const upSampling1D = enlarging("UpSampling1D");

/** Repeats each cell of [batch, rows, columns, channels] `size` times along each axis. */
export const upSampling2D = enlarging("UpSampling2D");

/** Repeats each cell of [batch, …three axes, channels] `size` times along each axis. */
export const upSampling3D = enlarging("UpSampling3D");
