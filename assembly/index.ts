// The kernels' exports: `src/engine/kernels.ts` has the same table.
export { gruForward } from "./cells/gru-forward";
export { lstmForward } from "./cells/lstm-forward";
export { recurrentScratchBytes } from "./cells/scratch";
export { projectBlock } from "./cells/sequence";
export { simpleRnnForward } from "./cells/simple-rnn-forward";
export { denseForward } from "./dense/dense-forward";
export { activationForward } from "./math/activation-forward";
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
