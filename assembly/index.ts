/*
 * The kernels' exports: `src/engine/kernels.ts` has the same table. What holds where a header says nothing else:
 *
 * - Pointers are byte addresses that the host gives, arrays dense, row-major float32; strides count elements.
 * - Rows, timesteps and counts may be 0. Nothing outside an output is written, and nothing outside an input has influence:
 *   test/support/guard.ts puts NaNs around every buffer.
 * - Addresses need no more alignment than their elements, but for packed int8 weights; the host gives multiples of 64,
 *   which are faster.
 * - Outputs overlap neither inputs nor scratch, and are overwritten, not added to.
 * - In the simd build each element is summed in one order, whatever the sizes; the relaxed build may fuse, and differ in
 *   the last bits. Both are held against the float64 functions of test/reference within the bounds of
 *   test/support/close.ts: 4e-6 for sums and recurrences of numbers about 1, 2e-7 for an activation.
 */
export { gruForward } from "./cells/gru-forward";
export { lstmForward } from "./cells/lstm-forward";
export { recurrentScratchBytes } from "./cells/scratch";
export { projectBlock } from "./cells/sequence";
export { simpleRnnForward } from "./cells/simple-rnn-forward";
export { denseForward } from "./dense/dense-forward";
export { activationForward } from "./math/activation-forward";
export { selfTest } from "./math/self-test";
export { softmaxForward } from "./math/softmax-forward";
export { distinctRows } from "./matrix/distinct-rows";
export { gatherRows } from "./matrix/gather-rows";
export { packedBytes, packKernel, unpackKernel } from "./matrix/pack";
export { gatherRowsInt8 } from "./quantized/gather-rows-int8";
export { packedBytesInt8, packKernelInt8 } from "./quantized/pack-int8";
export { binaryForward } from "./tensor/binary-forward";
export { castForward } from "./tensor/cast-forward";
export { copyStrided } from "./tensor/copy-strided";
export { gatherPatches } from "./tensor/gather-patches";
export { logicalForward } from "./tensor/logical-forward";
export { maskRows } from "./tensor/mask-rows";
export { matmulForward } from "./tensor/matmul-forward";
export { normalizeForward } from "./tensor/normalize-forward";
export { reduceForward } from "./tensor/reduce-forward";
export { selectForward } from "./tensor/select-forward";

/** First byte behind the kernels' constants: the host's memory starts here. */
export const heapBase: usize = __heap_base;
/** 1 in the relaxed build: the host tells modules that it is given apart by this. */
export const isRelaxed: i32 = ASC_FEATURE_RELAXED_SIMD ? 1 : 0;
