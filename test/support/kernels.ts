import { readFileSync } from "node:fs";
import type { Kernels } from "../../src/engine/kernels.ts";
import { Guard } from "./guard.ts";

export type TestBuild = "simd" | "relaxed";

/** One build of the kernels over one memory, with buffers in a guard. */
export interface TestKernels {
  readonly build: TestBuild;
  readonly kernels: Kernels;
  readonly exports: WebAssembly.Exports;
  readonly guard: Guard;
  /** Packs a kernel (or a bias: one row) into a buffer of its own. */
  pack(source: Float32Array, rows: number, units: number, gates: number, name?: string): number;
}

/** Bytes of a build, as `npm run build:wasm` left them. */
export function buildBytes(build: TestBuild): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`../../build/${build}.wasm`, import.meta.url)));
}

/** The builds that this engine runs: Node 20 has no relaxed SIMD. */
export const BUILDS: readonly TestBuild[] = (["simd", "relaxed"] as const).filter((build) =>
  WebAssembly.validate(buildBytes(build)),
);

/** Instantiates a build. */
export function loadKernels(build: TestBuild): TestKernels {
  const memory = new WebAssembly.Memory({ initial: 16 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(buildBytes(build)), { env: { memory } });
  const kernels = exports as unknown as Kernels;
  const guard = new Guard(memory, (exports["heapBase"] as WebAssembly.Global).value);
  return {
    build,
    kernels,
    exports,
    guard,
    pack(source, rows, units, gates, name = "packed") {
      const plain = guard.place(source, `${name} (plain)`);
      const bytes = kernels.packedBytes(rows, units, gates);
      const panels = guard.allocate(bytes, name);
      kernels.packKernel(panels, plain, rows, units, gates);
      return panels;
    },
  };
}
