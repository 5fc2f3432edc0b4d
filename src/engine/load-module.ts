import { instantiateSync } from "@assemblyscript/loader";
import { EngineError } from "../errors.ts";
import { relaxedWasm, simdWasm } from "./wasm-bytes.ts";

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

const compiled = new Map<Build, WebAssembly.Module>();

/** The inlined bytes of a build. */
export function wasmBytes(build: Build): Uint8Array<ArrayBuffer> {
  return fromHex(build === "simd" ? simdWasm : relaxedWasm);
}

/**
 * The bytes behind inlined hexadecimal digits. Two digits a byte keep the bytes apart, so that compression finds what
 * the two builds share: a page fetches a quarter less than with base64.
 */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const digits = new Uint32Array((text.length + 3) >> 2);
  new TextEncoder().encodeInto(text, new Uint8Array(digits.buffer));
  const pairs = new Uint16Array(digits.length);
  // Four digits, two bytes a turn: 0-9 lie at 0x30, a-f at 0x61. Little-endian, as WebAssembly itself is.
  for (let i = 0; i < digits.length; i++) {
    const values = (digits[i]! & 0x0f0f0f0f) + 9 * ((digits[i]! >>> 6) & 0x01010101);
    const bytes = (values << 4) | (values >>> 8);
    pairs[i] = (bytes & 0xff) | ((bytes >>> 8) & 0xff00);
  }
  return new Uint8Array(pairs.buffer, 0, text.length >> 1);
}

/** Compiles a build once; later calls share the module. */
export function compileBuild(build: Build): WebAssembly.Module {
  let module = compiled.get(build);
  if (!module) {
    try {
      module = new WebAssembly.Module(wasmBytes(build));
    } catch (cause) {
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
    const { exports } = instantiateSync(module, { env: { memory } });
    const heapBase = exports["heapBase"] as WebAssembly.Global | undefined;
    if (heapBase === undefined) throw new EngineError("the module exports no heapBase");
    return {
      functions: exports as unknown as LoadedModule["functions"],
      isRelaxed: (exports["isRelaxed"] as WebAssembly.Global | undefined)?.value === 1,
      heapBase: Number(typeof heapBase === "object" ? heapBase.value : heapBase),
      memory,
    };
  } catch (cause) {
    throw new EngineError(
      `The given WebAssembly module is not a build of rnn-wasm's kernels of this version (${String(cause)}).`,
      { cause },
    );
  }
}
