import { chooseBuild } from "../engine/choose-build.ts";

/** What `runtimeInfo()` tells. */
export interface RuntimeInfo {
  /** The kernels that a model gets by default here. */
  readonly build: "simd" | "relaxed";
  /** Why, in one sentence. */
  readonly why: string;
}

/**
 * Which kernels run here by default, and why.
 *
 * @throws {EngineError} If WebAssembly SIMD cannot be had.
 * @example
 * runtimeInfo(); // { build: "relaxed", why: "the relaxed module validates and passed its self-test" }
 */
export function runtimeInfo(): RuntimeInfo {
  const { build, why } = chooseBuild();
  return { build, why };
}
