/**
 * The ABI: one entry per export of `assembly/index.ts`, with its parameter names in order.
 *
 * Pointers are byte addresses in linear memory; strides and sizes count elements (bytes for masks); flags are 0 or 1.
 * `test/abi.test.ts` compares this table with the built module's exports.
 */
export const KERNELS = {
  // matrix: weights [rows, gates·units] in Keras' layout → panels of the recurrent and dense kernels
  packedBytes: ["rows", "units", "gates"],
  packKernel: ["panels", "source", "rows", "units", "gates"],
  unpackKernel: ["target", "panels", "rows", "units", "gates"],
  // dense
  denseForward: ["y", "yStride", "x", "xStride", "kernel", "bias", "rows", "features", "units", "activation"],
  // cells: whole-sequence loops
  recurrentScratchBytes: ["batch", "timesteps", "features", "units", "gates", "xRows"],
  simpleRnnForward: [
    "y", "yBatchStride", "yTimeStride", "hOut", "hIn",
    "x", "xBatchStride", "xTimeStride", "xIndex", "xIndexBatchStride", "xIndexTimeStride", "xRows",
    "mask", "maskBatchStride", "maskTimeStride",
    "kernel", "recurrentKernel", "bias", "scratch",
    "batch", "timesteps", "features", "units", "activation",
    "returnSequences", "zeroOutputForMask", "firstMaskedOutput",
  ],
  lstmForward: [
    "y", "yBatchStride", "yTimeStride", "hOut", "cOut", "hIn", "cIn",
    "x", "xBatchStride", "xTimeStride", "xIndex", "xIndexBatchStride", "xIndexTimeStride", "xRows",
    "mask", "maskBatchStride", "maskTimeStride",
    "kernel", "recurrentKernel", "bias", "scratch",
    "batch", "timesteps", "features", "units", "activation", "recurrentActivation",
    "returnSequences", "zeroOutputForMask", "firstMaskedOutput",
  ],
  gruForward: [
    "y", "yBatchStride", "yTimeStride", "hOut", "hIn",
    "x", "xBatchStride", "xTimeStride", "xIndex", "xIndexBatchStride", "xIndexTimeStride", "xRows",
    "mask", "maskBatchStride", "maskTimeStride",
    "kernel", "recurrentKernel", "bias", "recurrentBias", "scratch",
    "batch", "timesteps", "features", "units", "activation", "recurrentActivation", "resetAfter",
    "returnSequences", "zeroOutputForMask", "firstMaskedOutput",
  ],
  // elementwise
  activationForward: ["y", "x", "count", "activation", "alpha", "beta", "gamma"],
  softmaxForward: ["y", "x", "rows", "width"],
  // embedding
  gatherRows: ["y", "indices", "table", "count", "width"],
} as const satisfies Record<string, readonly string[]>;

export type KernelName = keyof typeof KERNELS;

/** The kernels' exports as plain functions of numbers; only sizes are returned. */
export type Kernels = { readonly [K in KernelName]: (...args: number[]) => number };
