import type * as FileSystem from "node:fs";
import type { Build } from "../api/source.ts";
import { builtin } from "./node-builtin.ts";

/**
 * The kernels from the package's own file, which a start reads sooner than it decodes their text; undefined where there is
 * none. Beside a bundle a file of that name may be anybody's, and Deno would ask its user.
 */
export function kernelsFile(build: Build): Uint8Array<ArrayBuffer> | undefined {
  const here = import.meta.url;
  if (!/\/dist\/platform\/[^/]+$/.test(here) || "Deno" in globalThis) return undefined;
  try {
    return builtin<typeof FileSystem>("node:fs").readFileSync(new URL(`../${build}.wasm`, here));
  } catch {
    return undefined;
  }
}
