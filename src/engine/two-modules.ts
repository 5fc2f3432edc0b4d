import { EngineError } from "../errors.ts";
import { chooseBuild } from "./choose-build.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import type { Kernels } from "./kernels.ts";
import { compileBuild, instantiate } from "./load-module.ts";
import { Arena } from "./memory.ts";
import { bytesOfText } from "./wasm-text.ts";

/** A second module's builds, as {@link bytesOfText} reads them. */
export interface ExtraModule {
  readonly simd: () => string;
  readonly relaxed: () => string;
}

/**
 * An engine whose kernels are those of inference and of a second module, both over one memory.
 *
 * @throws {EngineError} If no build runs here, or the modules' constants would overlap.
 */
export function createEngineWith(extra: ExtraModule, options: Pick<EngineOptions, "build"> = {}): Engine {
  const { choice, module, secondModule } = compiled(extra, options.build);
  const first = instantiate(module);
  const second = instantiate(secondModule, first.memory);
  // The second module's constants start where its build says (.build/asconfig.training.json: 32768).
  if (first.heapBase > 32768) {
    throw new EngineError("The inference kernels' constants reach into the training kernels'.");
  }
  const kernels = { ...second.functions, ...first.functions } as unknown as Kernels;
  return { ...choice, module, kernels, memory: new Arena(first.memory, Math.max(first.heapBase, second.heapBase)) };
}

function compiled(extra: ExtraModule, build: EngineOptions["build"]) {
  try {
    const choice = chooseBuild(build);
    const secondModule = new WebAssembly.Module(bytesOfText(extra[choice.build]()));
    return { choice, module: compileBuild(choice.build), secondModule };
  } catch (error) {
    const cause = error instanceof EngineError ? error.cause : error;
    if (!(cause instanceof WebAssembly.CompileError)) throw error;
    throw new EngineError(
      `Training compiles its kernels where it runs, and code generation is forbidden here (${cause.message}). Train elsewhere, and load the saved model with compiled kernels as the option \`module\`.`,
      { cause },
    );
  }
}
