/** What a cell's loop writes: its sequence or last output, and its last state. */
const OUTPUT = ["y", "yBatchStride", "yTimeStride", "hOut"] as const;
/** What a cell's loop reads: rows of x, found by number if `xIndex` is given, the mask and the weights. */
const INPUT = [
  "x",
  "xBatchStride",
  "xTimeStride",
  "xIndex",
  "xIndexBatchStride",
  "xIndexTimeStride",
  "mask",
  "maskBatchStride",
  "maskTimeStride",
  "kernel",
  "recurrentKernel",
  "bias",
] as const;
const SIZES = ["batch", "timesteps", "features", "units", "activation"] as const;
const RULES = ["returnSequences", "zeroOutputForMask", "firstMaskedOutput"] as const;

/**
 * The ABI: one entry per export of `assembly/index.ts`, with its parameter names in order.
 *
 * Pointers are byte addresses in linear memory; strides and sizes count elements (bytes for masks); flags are 0 or 1.
 * Weights are packed by `packKernel`, and so are biases, as kernels of one row; a bias of 0 means none. Scratch is
 * `recurrentScratchBytes` long. Buffers that start at multiples of 64 are faster; 16 is enough for weights and scratch,
 * 4 for the rest.
 * `test/abi.test.ts` compares this table with the built module's exports.
 */
export const KERNELS = {
  // whether the build computes right on this engine
  selfTest: ["one"],
  // matrix: weights [rows, gates·units] in Keras' layout → panels of the recurrent and dense kernels
  packedBytes: ["rows", "units", "gates"],
  packKernel: ["panels", "source", "rows", "units", "gates"],
  unpackKernel: ["target", "panels", "rows", "units", "gates"],
  // int8 weights: a block of `packKernelInt8` goes where a packed kernel does, as its address + 1
  packedBytesInt8: ["rows", "units", "gates"],
  packKernelInt8: ["block", "source", "scales", "rows", "units", "gates"],
  // dense
  denseForward: ["y", "yStride", "x", "xStride", "kernel", "bias", "rows", "features", "units", "activation"],
  // cells: products of inputs with their kernels, and whole-sequence loops
  projectBlock: [
    "z",
    "x",
    "xBatchStride",
    "xTimeStride",
    "first",
    "kernel",
    "bias",
    "batch",
    "steps",
    "features",
    "units",
    "gates",
  ],
  recurrentScratchBytes: ["batch", "timesteps", "features", "units", "gates"],
  simpleRnnForward: [...OUTPUT, "hIn", ...INPUT, "scratch", ...SIZES, ...RULES],
  lstmForward: [...OUTPUT, "cOut", "hIn", "cIn", ...INPUT, "scratch", ...SIZES, "recurrentActivation", ...RULES],
  gruForward: [
    ...OUTPUT,
    "hIn",
    ...INPUT,
    "recurrentBias",
    "scratch",
    ...SIZES,
    "recurrentActivation",
    "resetAfter",
    ...RULES,
  ],
  // elementwise
  activationForward: ["y", "x", "count", "activation", "alpha", "beta", "gamma"],
  softmaxForward: ["y", "x", "rows", "width"],
  // embedding
  distinctRows: ["rows", "slots", "total", "map", "indices", "count"],
  gatherRows: ["y", "indices", "table", "count", "width"],
  gatherRowsInt8: ["y", "indices", "table", "scales", "count", "width"],
  // masking
  maskRows: ["mask", "y", "x", "rows", "width", "value"],
  // convolutional LSTM
  gatherPatches: [
    "y",
    "yStride",
    "x",
    "channels",
    "n1",
    "n2",
    "n3",
    "k1",
    "k2",
    "k3",
    "s1",
    "s2",
    "s3",
    "d1",
    "d2",
    "d3",
    "p1",
    "p2",
    "p3",
    "o1",
    "o2",
    "o3",
  ],
  // tensor: any layout, any shape
  copyStrided: [
    "y",
    "x",
    "bytes",
    "n0",
    "n1",
    "n2",
    "n3",
    "n4",
    "n5",
    "y0",
    "y1",
    "y2",
    "y3",
    "y4",
    "y5",
    "x0",
    "x1",
    "x2",
    "x3",
    "x4",
    "x5",
  ],
  binaryForward: ["y", "a", "b", "op", "rows", "width", "aRow", "aStep", "bRow", "bStep"],
  logicalForward: ["y", "a", "b", "count", "op"],
  selectForward: ["y", "mask", "a", "b", "rows", "width", "aRow", "bRow"],
  castForward: ["y", "x", "count", "from", "to"],
  reduceForward: ["y", "x", "outer", "length", "inner", "op"],
  matmulForward: [
    "y",
    "yBatch",
    "yRow",
    "a",
    "aBatch",
    "aRow",
    "aColumn",
    "b",
    "bBatch",
    "bRow",
    "batch",
    "m",
    "k",
    "columns",
  ],
  normalizeForward: ["y", "x", "scale", "offset", "rows", "width", "epsilon", "mode"],
} as const satisfies Record<string, readonly string[]>;

export type KernelName = keyof typeof KERNELS;

/** The kernels' exports as plain functions of numbers; only sizes are returned. */
export type Kernels = { readonly [K in KernelName]: (...args: number[]) => number };
