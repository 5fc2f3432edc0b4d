import { describe, expect, it } from "vitest";
import { BlockArena } from "../../src/engine/block-arena.ts";
import { bytesOfBuild } from "../../src/engine/load-module.ts";
import { asShared, sharedMemory } from "../../src/engine/shared-memory.ts";
import { bytesOfText } from "../../src/engine/wasm-text.ts";
import { EngineError } from "../../src/errors.ts";
import { wasmModules } from "../../src/training/wasm-modules.ts";

describe("modules over memory that threads share", () => {
  const modules = { inference: bytesOfBuild("simd"), training: bytesOfText(wasmModules.simd()) };
  for (const [name, bytes] of Object.entries(modules)) {
    it(`are the ${name} kernels but for the kind of their memory`, () => {
      const shared = new WebAssembly.Module(asShared(bytes));
      const own = new WebAssembly.Module(bytes);
      expect(WebAssembly.Module.exports(shared)).toEqual(WebAssembly.Module.exports(own));
      expect(WebAssembly.Module.imports(shared)).toEqual(WebAssembly.Module.imports(own));
      const memory = sharedMemory()!;
      memory.grow(1);
      expect(() => new WebAssembly.Instance(shared, { env: { memory } })).not.toThrow();
      expect(() => new WebAssembly.Instance(own, { env: { memory } })).toThrow(WebAssembly.LinkError);
    });
  }

  it("take imports before and behind the memory, and sizes of several bytes", () => {
    const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];
    // A function, a memory of 300 to 400 pages, another function.
    const list = [3, ...name("a"), ...name("f"), 0, 0, ...name("a"), ...name("m"), 2, 1, 172, 2, 144, 3];
    list.push(...name("a"), ...name("g"), 0, 0);
    const types = [1, 4, 1, 0x60, 0, 0];
    const bytes = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, ...types, 2, list.length, ...list);
    expect(WebAssembly.validate(bytes)).toBe(true);
    const module = new WebAssembly.Module(asShared(bytes));
    const memory = new WebAssembly.Memory({ initial: 300, maximum: 65536, shared: true });
    const nothing = () => undefined;
    expect(new WebAssembly.Instance(module, { a: { f: nothing, m: memory, g: nothing } })).toBeDefined();
  });
});

describe("a block of a memory", () => {
  it("is an arena that keeps to its bytes", () => {
    const memory = sharedMemory()!;
    memory.grow(3);
    new Uint8Array(memory.buffer).fill(7);
    const arena = new BlockArena(memory, 1000, 3000);
    expect(arena.allocate(100)).toBe(1024);
    expect(arena.allocate(10)).toBe(1152);
    expect(() => arena.allocate(1900)).toThrow(EngineError);
    arena.reserve(3000);
    expect(() => arena.reserve(3001)).toThrow(/1 bytes too small/);
    const bytes = [...new Uint8Array(memory.buffer)];
    // What was taken is zeroed, and nothing else has changed.
    expect(bytes.every((byte, i) => byte === (i >= 1024 && i < 1216 ? 0 : 7))).toBe(true);
  });
});
