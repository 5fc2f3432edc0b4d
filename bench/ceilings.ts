import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Build } from "../src/engine/load-module.ts";

/** The kernels of bench/kernels/ceilings.ts over a memory of their own. */
export interface Ceilings {
  /** TURN_FLOP operations a turn. */
  readonly multiplyAdds: (turns: number) => void;
  /** Reads `bytes` (a multiple of 128) in one stream or in two, which lie one after the other. */
  readonly loads: (bytes: number, streams: 1 | 2) => void;
}

/** Floating-point operations of one turn of `multiplyAdds`: 14 chains, 4 lanes, a product and a sum. */
export const TURN_FLOP = 112;

const BYTES = 8 * 2 ** 20;

/** Compiles and instantiates the ceiling kernels for one build. */
export function compileCeilings(build: Build): Ceilings {
  const folder = mkdtempSync(join(tmpdir(), "ceilings-"));
  try {
    const asc = join(dirname(createRequire(import.meta.url).resolve("assemblyscript/package.json")), "bin/asc.js");
    const outFile = join(folder, "ceilings.wasm");
    const features = ["--enable", "simd", ...(build === "relaxed" ? ["--enable", "relaxed-simd"] : [])];
    const options = ["-O3", "--converge", "--noAssert", "--runtime", "stub", "--importMemory", "--use", "abort="];
    const run = spawnSync(
      process.execPath,
      [asc, "bench/kernels/ceilings.ts", ...options, ...features, "--outFile", outFile],
      { stdio: ["ignore", "inherit", "inherit"] },
    );
    if (run.status !== 0) throw new Error("asc could not compile bench/kernels/ceilings.ts");
    const memory = new WebAssembly.Memory({ initial: BYTES / 65536 });
    // Untouched memory is one zero page mapped everywhere, which never leaves the first-level cache.
    new Uint8Array(memory.buffer).fill(1);
    new Float32Array(memory.buffer, 0, 8).fill(1e-3, 0, 4).fill(0.5, 4);
    const module = new WebAssembly.Module(new Uint8Array(readFileSync(outFile)));
    const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as {
      multiplyAdds: (at: number, turns: number) => number;
      loads: (at: number, distance: number, step: number, turns: number) => number;
    };
    return {
      multiplyAdds: (turns) => kernels.multiplyAdds(0, turns),
      loads: (bytes, streams) => kernels.loads(65536, streams === 2 ? bytes >> 1 : 64, 128 / streams, bytes >> 7),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
