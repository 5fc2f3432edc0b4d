import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bytesOfText } from "../../src/engine/wasm-text.ts";
import { TRAINING_KERNELS } from "../../src/training/kernels.ts";
import { LOSS_CODES } from "../../src/training/losses/losses.ts";
import { wasmModules } from "../../src/training/wasm-modules.ts";

const FOLDER = "assembly/training";

/** The parameters of every function that the kernels' sources export. */
function parameters(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const file of readdirSync(FOLDER)) {
    const source = readFileSync(`${FOLDER}/${file}`, "utf8");
    for (const [, name, list] of source.matchAll(/^export function (\w+)\(([^)]*)\)/gm)) {
      found.set(
        name!,
        [...list!.matchAll(/(\w+):/g)].map(([, parameter]) => parameter!),
      );
    }
  }
  return found;
}

describe("the training kernels' table", () => {
  for (const build of ["simd", "relaxed"] as const) {
    // Node 20 has no relaxed SIMD without a flag.
    const bytes = bytesOfText(wasmModules[build]());
    it.runIf(WebAssembly.validate(bytes))(`matches the ${build} module`, () => {
      const exported = WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map(({ name }) => name);
      const functions = exported.filter((name) => name !== "heapBase" && name !== "memory");
      expect([...functions].sort()).toEqual(Object.keys(TRAINING_KERNELS).sort());
    });
  }

  it("has the kernels' parameters in their order", () => {
    const known = parameters();
    const table = Object.keys(TRAINING_KERNELS).map((name) => [name, known.get(name)]);
    expect(TRAINING_KERNELS).toEqual(Object.fromEntries(table));
  });

  it("has the losses' codes of the kernels", () => {
    const source = readFileSync(`${FOLDER}/element-loss.ts`, "utf8");
    const codes = [...source.matchAll(/^ {2}(\w+) = (\d+),$/gm)].map(([, name, code]) => [name, Number(code)]);
    expect(Object.fromEntries(codes)).toEqual(LOSS_CODES);
  });
});
