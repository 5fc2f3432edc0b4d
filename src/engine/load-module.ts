import { instantiateSync } from "@assemblyscript/loader";
import { EngineError } from "../errors.ts";
import { relaxedWasm, simdWasm } from "./wasm-bytes.ts";
import { bytesOfText } from "./wasm-text.ts";

/** The two builds of the kernels: `simd` gives the same bits everywhere, `relaxed` may fuse multiply and add. */
export type Build = "simd" | "relaxed";

/** What the loader gives back, reduced to what the engine uses. */
export interface LoadedModule {
  /** Every exported function by name. */
  readonly functions: Readonly<Record<string, (...args: number[]) => number>>;
  /** First free byte behind the kernels' constants. */
  readonly heapBase: number;
  readonly memory: WebAssembly.Memory;
  /** True if multiply and add may be fused. */
  readonly isRelaxed: boolean;
}

let fromFile: (build: Build) => Uint8Array<ArrayBuffer> | undefined = () => undefined;

/** Gives a platform that has the kernels as files a way to bring them; what it has not is decoded from the inlined text. */
export function readKernelsBy(read: typeof fromFile): void {
  fromFile = read;
}

/** A build's binary. */
export function bytesOfBuild(build: Build): Uint8Array<ArrayBuffer> {
  return fromFile(build) ?? bytesOfText(build === "simd" ? simdWasm() : relaxedWasm());
}

const compiled = new Map<Build, WebAssembly.Module>();

/** Compiles a build once; later calls share the module. */
export function compileBuild(build: Build): WebAssembly.Module {
  const module = compileIfSupported(build);
  if (module) return module;
  throw new EngineError(`The ${build} kernels use instructions that this engine lacks.`);
}

/**
 * Like {@link compileBuild}; undefined if the engine lacks instructions of that build.
 *
 * @throws {EngineError} If code generation is forbidden here.
 */
export function compileIfSupported(build: Build): WebAssembly.Module | undefined {
  let module = compiled.get(build);
  if (!module) {
    const bytes = bytesOfBuild(build);
    try {
      module = new WebAssembly.Module(bytes);
    } catch (cause) {
      // Asked only now: compiling validates too, and a start should do it once.
      if (!WebAssembly.validate(bytes)) return undefined;
      throw new EngineError(
        `The ${build} kernels cannot be compiled here (${String(cause)}). If code generation is forbidden (a content security policy without 'wasm-unsafe-eval', or an edge runtime), compile "rnn-wasm/${build}.wasm" ahead of time and pass it as the option \`module\`.`,
        { cause },
      );
    }
    compiled.set(build, module);
  }
  return module;
}

/**
 * Instantiates compiled kernels, synchronously, over a fresh memory or one that other kernels use below. The only place
 * that touches `@assemblyscript/loader`.
 *
 * @throws {EngineError} If the module is not one of ours.
 */
export function instantiate(module: WebAssembly.Module, shared?: WebAssembly.Memory): LoadedModule {
  const memory = shared ?? new WebAssembly.Memory({ initial: 1, maximum: 65536 });
  try {
    // The instance's own exports: the loader's wrappers count arguments for strings and cost a call of small kernels dear.
    const { exports } = instantiateSync(module, { env: { memory } }).instance;
    const heapBase = exports["heapBase"] as WebAssembly.Global | undefined;
    if (heapBase === undefined) throw new EngineError("the module exports no heapBase");
    return {
      functions: exports as unknown as LoadedModule["functions"],
      isRelaxed: (exports["isRelaxed"] as WebAssembly.Global | undefined)?.value === 1,
      heapBase: heapBase.value,
      memory,
    };
  } catch (cause) {
    throw new EngineError(
      `The given WebAssembly module is not a build of rnn-wasm's kernels of this version (${String(cause)}).`,
      { cause },
    );
  }
}
