import { relaxedWasm, simdWasm } from "./wasm-bytes.ts";

/** The training kernels' builds. */
export const wasmModules = { simd: simdWasm, relaxed: relaxedWasm };
