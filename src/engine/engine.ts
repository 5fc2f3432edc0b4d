import { EngineError } from "../errors.ts";
import { type BuildChoice, chooseBuild, instanceOf, selfTest } from "./choose-build.ts";
import type { Kernels } from "./kernels.ts";
import { type Build, compileBuild, instantiate } from "./load-module.ts";
import { Arena } from "./memory.ts";

/** Options that say which kernels run. */
export interface EngineOptions {
  /** Forces a build. By default `relaxed` where it computes right, else `simd`. */
  readonly build?: Build;
  /** Kernels compiled by the caller (edge runtimes compile at deploy time): one of the package's `.wasm` files. */
  readonly module?: WebAssembly.Module;
}

/** One instance of the kernels with a memory of its own. A model has one. */
export interface Engine extends BuildChoice {
  readonly kernels: Kernels;
  readonly memory: Arena;
  /** The compiled kernels, to be shared with workers. */
  readonly module: WebAssembly.Module;
}

/**
 * Instantiates the kernels, synchronously.
 *
 * @throws {EngineError} If no build runs here or the given module is not ours.
 */
export function createEngine({ build, module: given }: EngineOptions = {}): Engine {
  const choice = given ? undefined : chooseBuild(build);
  const module = given ?? compileBuild(choice!.build);
  const loaded = choice ? instanceOf(choice.build, module) : instantiate(module);
  if (given && !selfTest(loaded)) throw new EngineError("The option `module` computes wrong numbers on this engine.");
  const { functions, heapBase, memory, isRelaxed } = loaded;
  return {
    ...(choice ?? { build: build ?? (isRelaxed ? "relaxed" : "simd"), why: "given as the option module" }),
    module,
    kernels: functions as unknown as Kernels,
    memory: new Arena(memory, heapBase),
  };
}
