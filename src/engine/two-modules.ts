import { EngineError } from "../errors.ts";
import { BlockArena } from "./block-arena.ts";
import { type BuildChoice, chooseBuild } from "./choose-build.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import type { Kernels } from "./kernels.ts";
import { type Build, bytesOfBuild, compileBuild, instantiate } from "./load-module.ts";
import { Arena } from "./memory.ts";
import { asShared, sharedMemory } from "./shared-memory.ts";
import { bytesOfText } from "./wasm-text.ts";

/** A second module's builds, as {@link bytesOfText} reads them. */
export interface ExtraModule {
  readonly simd: () => string;
  readonly relaxed: () => string;
}

/** A block of a memory that threads share. */
export interface MemoryBlock {
  readonly memory: WebAssembly.Memory;
  readonly first: number;
  /** First byte behind it. */
  readonly end: number;
}

/** An engine whose memory other threads may share. */
export interface ThreadedEngine extends Engine {
  /** The memory itself; undefined where threads cannot share any. */
  readonly shared: WebAssembly.Memory | undefined;
}

/**
 * An engine whose kernels are those of inference and of a second module, both over one memory: a new one, or a block of one
 * that another thread has made.
 *
 * @throws {EngineError} If no build runs here, or the modules' constants would overlap.
 */
export function createEngineWith(
  extra: ExtraModule,
  options: Pick<EngineOptions, "build"> & { readonly block?: MemoryBlock | undefined } = {},
): ThreadedEngine {
  const { block } = options;
  const shared = block?.memory ?? sharedMemory();
  const { choice, module, secondModule } = compiled(extra, options.build, shared !== undefined);
  const first = instantiate(module, shared);
  const second = instantiate(secondModule, first.memory);
  // The second module's constants start where its build says (.build/asconfig.training.json: 32768).
  if (first.heapBase > 32768) {
    throw new EngineError("The inference kernels' constants reach into the training kernels'.");
  }
  const kernels = { ...second.functions, ...first.functions } as unknown as Kernels;
  const memory = block
    ? new BlockArena(block.memory, block.first, block.end)
    : new Arena(first.memory, Math.max(first.heapBase, second.heapBase));
  return { ...choice, module, kernels, memory, shared };
}

interface CompiledModules {
  readonly choice: BuildChoice;
  readonly module: WebAssembly.Module;
  readonly secondModule: WebAssembly.Module;
}

/** Modules for shared memory, compiled once. */
const sharing = new Map<Build, Omit<CompiledModules, "choice">>();

function compiled(extra: ExtraModule, build: EngineOptions["build"], shares: boolean): CompiledModules {
  try {
    const choice = chooseBuild(build);
    const second = () => bytesOfText(extra[choice.build]());
    if (!shares) {
      return { choice, module: compileBuild(choice.build), secondModule: new WebAssembly.Module(second()) };
    }
    let modules = sharing.get(choice.build);
    if (!modules) {
      const [module, secondModule] = [bytesOfBuild(choice.build), second()].map(
        (bytes) => new WebAssembly.Module(asShared(bytes)),
      ) as [WebAssembly.Module, WebAssembly.Module];
      modules = { module, secondModule };
      sharing.set(choice.build, modules);
    }
    return { choice, ...modules };
  } catch (error) {
    const cause = error instanceof EngineError ? error.cause : error;
    if (!(cause instanceof WebAssembly.CompileError)) throw error;
    throw new EngineError(
      `Training compiles its kernels where it runs, and code generation is forbidden here (${cause.message}). Train elsewhere, and load the saved model with compiled kernels as the option \`module\`.`,
      { cause },
    );
  }
}
