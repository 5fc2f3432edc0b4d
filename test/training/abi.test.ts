import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bytesOfText } from "../../src/engine/wasm-text.ts";
import { TRAINING_KERNELS } from "../../src/training/kernels.ts";
import { LOSS_CODES } from "../../src/training/losses/losses.ts";
import { wasmModules } from "../../src/training/wasm-modules.ts";

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

  it("has the losses' codes of the kernels", () => {
    const source = readFileSync("assembly/training/element-loss.ts", "utf8");
    const codes = [...source.matchAll(/^ {2}(\w+) = (\d+),$/gm)].map(([, name, code]) => [name, Number(code)]);
    expect(Object.fromEntries(codes)).toEqual(LOSS_CODES);
  });
});
